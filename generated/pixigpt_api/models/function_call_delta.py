from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="FunctionCallDelta")


@_attrs_define(eq=False, repr=False)
class FunctionCallDelta(Model):
    """What a function call gains by a chunk.

    Attributes:
        name (None | str | Unset): The function's name. Example: get_weather.
        arguments (None | str | Unset): More of the arguments, a JSON object as text. Example: {"city": .
    """

    name: None | str | Unset = UNSET
    arguments: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        arguments: None | str | Unset
        if isinstance(self.arguments, Unset):
            arguments = UNSET
        else:
            arguments = self.arguments

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if name is not UNSET:
            field_dict["name"] = name
        if arguments is not UNSET:
            field_dict["arguments"] = arguments

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name: None | str | Unset = take(d, "name")

        arguments: None | str | Unset = take(d, "arguments")

        function_call_delta = cls(
            name=name,
            arguments=arguments,
        )

        function_call_delta.additional_properties = d
        return function_call_delta

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "name": ("name", False),
        "arguments": ("arguments", False),
    }
