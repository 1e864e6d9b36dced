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

T = TypeVar("T", bound="ToolCallDelta")


@_attrs_define(eq=False, repr=False)
class ToolCallDelta(Model):
    """What a tool call gains by a chunk. Its id, its type and the function's name come once.

    Attributes:
        index (int | None | Unset): The call's place among the message's calls, from 0. Example: 0.
        id (None | str | Unset): The call's id. Example: call_1.
        type_ (None | str | Unset): Always `function`. Example: function.
        function (FunctionCallDelta | Unset): What a function call gains by a chunk.
    """

    index: int | None | Unset = UNSET
    id: None | str | Unset = UNSET
    type_: None | str | Unset = UNSET
    function: FunctionCallDelta | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        index: int | None | Unset
        if isinstance(self.index, Unset):
            index = UNSET
        else:
            index = self.index

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        type_: None | str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        else:
            type_ = self.type_

        function: dict[str, Any] | Unset = UNSET
        if not isinstance(self.function, Unset):
            function = self.function.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if index is not UNSET:
            field_dict["index"] = index
        if id is not UNSET:
            field_dict["id"] = id
        if type_ is not UNSET:
            field_dict["type"] = type_
        if function is not UNSET:
            field_dict["function"] = function

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        index: int | None | Unset = take(d, "index")

        id: None | str | Unset = take(d, "id")

        type_: None | str | Unset = take(d, "type")

        _function = d.pop("function", UNSET)
        function: FunctionCallDelta | Unset
        if isinstance(_function, Unset):
            function = UNSET
        else:
            function = FunctionCallDelta.from_dict(_function)

        tool_call_delta = cls(
            index=index,
            id=id,
            type_=type_,
            function=function,
        )

        tool_call_delta.additional_properties = d
        return tool_call_delta

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "index": ("index", False),
        "id": ("id", False),
        "type": ("type_", False),
        "function": ("function", False),
    }


from ..models.function_call_delta import FunctionCallDelta
