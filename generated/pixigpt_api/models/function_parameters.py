from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model

T = TypeVar("T", bound="FunctionParameters")


@_attrs_define(eq=False, repr=False)
class FunctionParameters(Model):
    """A JSON Schema of the function's arguments.

    Example:
        {'type': 'object', 'properties': {'city': {'type': 'string'}}, 'required': ['city']}

    """

    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        function_parameters = cls()

        function_parameters.additional_properties = d
        return function_parameters

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {}
