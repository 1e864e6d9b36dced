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

T = TypeVar("T", bound="EmbeddingList")


@_attrs_define(eq=False, repr=False)
class EmbeddingList(Model):
    """The vectors of some texts.

    Attributes:
        object_ (ListObject): Always `list`. Example: list.
        data (list[EmbeddingVector]): A vector for each text, in the order of the texts.
        usage (EmbeddingUsage): Tokens that a call has used.
    """

    object_: ListObject
    data: list[EmbeddingVector]
    usage: EmbeddingUsage
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_: str = self.object_

        data = []
        for data_item_data in self.data:
            data_item = data_item_data.to_dict()
            data.append(data_item)

        usage = self.usage.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "data": data,
                "usage": usage,
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
            data_item = EmbeddingVector.from_dict(data_item_data)

            data.append(data_item)

        usage = EmbeddingUsage.from_dict(d.pop("usage"))

        embedding_list = cls(
            object_=object_,
            data=data,
            usage=usage,
        )

        embedding_list.additional_properties = d
        return embedding_list

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "object": ("object_", True),
        "data": ("data", True),
        "usage": ("usage", True),
    }


from ..models.embedding_usage import EmbeddingUsage
from ..models.embedding_vector import EmbeddingVector
