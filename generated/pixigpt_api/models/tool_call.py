from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.tool_call_type import ToolCallType, check_tool_call_type
from ..types import Model

T = TypeVar("T", bound="ToolCall")


@_attrs_define(eq=False, repr=False)
class ToolCall(Model):
    """A function that the assistant wants called.

    Attributes:
        id (str): Names this call; the tool's answer carries it as `tool_call_id`. Example: call_1.
        type_ (ToolCallType): Always `function`. Default: 'function'. Example: function.
        function (FunctionCall): The function's name and its arguments.
    """

    id: str
    function: FunctionCall
    type_: ToolCallType = "function"
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        type_: str = self.type_

        function = self.function.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "type": type_,
                "function": function,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        type_ = check_tool_call_type(d.pop("type"))

        function = FunctionCall.from_dict(d.pop("function"))

        tool_call = cls(
            id=id,
            type_=type_,
            function=function,
        )

        tool_call.additional_properties = d
        return tool_call

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "type": ("type_", True),
        "function": ("function", True),
    }


from ..models.function_call import FunctionCall
