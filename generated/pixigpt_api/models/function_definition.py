from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset

T = TypeVar("T", bound="FunctionDefinition")


@_attrs_define(eq=False, repr=False)
class FunctionDefinition(Model):
    """What the model must know to call a function.

    Attributes:
        name (str): The function's name. Example: get_weather.
        description (str | Unset): What the function does, for the model to read. Example: The weather in a city, now..
        parameters (FunctionParameters | Unset): A JSON Schema of the function's arguments. Example: {'type': 'object',
            'properties': {'city': {'type': 'string'}}, 'required': ['city']}.
    """

    name: str
    description: str | Unset = UNSET
    parameters: FunctionParameters | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        description = self.description

        parameters: dict[str, Any] | Unset = UNSET
        if not isinstance(self.parameters, Unset):
            parameters = self.parameters.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if parameters is not UNSET:
            field_dict["parameters"] = parameters

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        description = d.pop("description", UNSET)

        _parameters = d.pop("parameters", UNSET)
        parameters: FunctionParameters | Unset
        if isinstance(_parameters, Unset):
            parameters = UNSET
        else:
            parameters = FunctionParameters.from_dict(_parameters)

        function_definition = cls(
            name=name,
            description=description,
            parameters=parameters,
        )

        function_definition.additional_properties = d
        return function_definition

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "name": ("name", True),
        "description": ("description", False),
        "parameters": ("parameters", False),
    }


from ..models.function_parameters import FunctionParameters
