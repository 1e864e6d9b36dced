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
from ..types import Model

T = TypeVar("T", bound="ThreadList")


@_attrs_define(eq=False, repr=False)
class ThreadList(Model):
    """Threads.

    Attributes:
        object_ (ListObject): Always `list`. Example: list.
        data (list[Thread]): The threads.
    """

    object_: ListObject
    data: list[Thread]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_: str = self.object_

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = check_list_object(d.pop("object"))

        data = []
        _data = d.pop("data")
        for data_item_data in _data:
            data_item = Thread.from_dict(data_item_data)

            data.append(data_item)

        thread_list = cls(
            object_=object_,
            data=data,
        )

        thread_list.additional_properties = d
        return thread_list

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "object": ("object_", True),
        "data": ("data", True),
    }


from ..models.thread import Thread
