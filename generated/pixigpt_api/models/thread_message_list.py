from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.list_object import ListObject, check_list_object
from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="ThreadMessageList")


@_attrs_define(eq=False, repr=False)
class ThreadMessageList(Model):
    """Messages of a thread.

    Attributes:
        object_ (ListObject): Always `list`. Example: list.
        data (list[ThreadMessage]): The messages.
        first_id (None | str | Unset): The first message's id. Example: msg_2.
        last_id (None | str | Unset): The last message's id. Example: msg_1.
        has_more (bool | Unset): Whether there are more messages than these. Example: False.
    """

    object_: ListObject
    data: list[ThreadMessage]
    first_id: None | str | Unset = UNSET
    last_id: None | str | Unset = UNSET
    has_more: bool | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_: str = self.object_

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        first_id: None | str | Unset
        if isinstance(self.first_id, Unset):
            first_id = UNSET
        else:
            first_id = self.first_id

        last_id: None | str | Unset
        if isinstance(self.last_id, Unset):
            last_id = UNSET
        else:
            last_id = self.last_id

        has_more = self.has_more

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "data": data,
            }
        )
        if first_id is not UNSET:
            field_dict["first_id"] = first_id
        if last_id is not UNSET:
            field_dict["last_id"] = last_id
        if has_more is not UNSET:
            field_dict["has_more"] = has_more

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = check_list_object(d.pop("object"))

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = ThreadMessage.from_dict(data_item_data)

            data.append(data_item)

        first_id: None | str | Unset = take(d, "first_id")

        last_id: None | str | Unset = take(d, "last_id")

        has_more = d.pop("has_more", UNSET)

        thread_message_list = cls(
            object_=object_,
            data=data,
            first_id=first_id,
            last_id=last_id,
            has_more=has_more,
        )

        thread_message_list.additional_properties = d
        return thread_message_list

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "object": ("object_", True),
        "data": ("data", True),
        "first_id": ("first_id", False),
        "last_id": ("last_id", False),
        "has_more": ("has_more", False),
    }


from ..models.thread_message import ThreadMessage
