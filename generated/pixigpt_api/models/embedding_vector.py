from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.embedding_vector_object import (
    EmbeddingVectorObject,
    check_embedding_vector_object,
)

T = TypeVar("T", bound="EmbeddingVector")


@_attrs_define
class EmbeddingVector:
    """The vector of one text."""

    object_: EmbeddingVectorObject
    """ Always `embedding`. """
    embedding: list[float]
    """ 1,024 numbers. """
    index: int
    """ Which text it belongs to, from 0 up. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_: str = self.object_

        embedding = self.embedding

        index = self.index

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "embedding": embedding,
                "index": index,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = check_embedding_vector_object(d.pop("object"))

        embedding = cast(list[float], d.pop("embedding"))

        index = d.pop("index")

        embedding_vector = cls(
            object_=object_,
            embedding=embedding,
            index=index,
        )

        embedding_vector.additional_properties = d
        return embedding_vector

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
