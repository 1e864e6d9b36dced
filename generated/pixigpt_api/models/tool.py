from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.tool_type import ToolType, check_tool_type
from ..types import Model

T = TypeVar("T", bound="Tool")


@_attrs_define(eq=False, repr=False)
class Tool(Model):
    """A function that the model may call, in OpenAI's form. Tools replace the assistant's own.

    Attributes:
        type_ (ToolType): Always `function`. Default: 'function'. Example: function.
        function (FunctionDefinition): What the model must know to call a function.
    """

    function: FunctionDefinition
    type_: ToolType = "function"
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: str = self.type_

        function = self.function.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "function": function,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        type_ = check_tool_type(d.pop("type"))

        function = FunctionDefinition.from_dict(d.pop("function"))

        tool = cls(
            type_=type_,
            function=function,
        )

        tool.additional_properties = d
        return tool

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "type": ("type_", True),
        "function": ("function", True),
    }


from ..models.function_definition import FunctionDefinition
