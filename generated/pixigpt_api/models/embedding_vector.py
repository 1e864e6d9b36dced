from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.embedding_vector_object import (
    EmbeddingVectorObject,
    check_embedding_vector_object,
)
from ..types import Model

T = TypeVar("T", bound="EmbeddingVector")


@_attrs_define(eq=False, repr=False)
class EmbeddingVector(Model):
    """The vector of one text.

    Attributes:
        object_ (EmbeddingVectorObject): Always `embedding`. Example: embedding.
        embedding (list[float]): 1,024 numbers. Example: [0.1, -0.2].
        index (int): Which text it belongs to, from 0 up. Example: 0.
    """

    object_: EmbeddingVectorObject
    embedding: list[float]
    index: int
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

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "object": ("object_", True),
        "embedding": ("embedding", True),
        "index": ("index", True),
    }
