from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model

T = TypeVar("T", bound="RankedDocument")


@_attrs_define(eq=False, repr=False)
class RankedDocument(Model):
    """A document, and how well it fits.

    Attributes:
        index (int): Where it stood in the request, from 0 up. Example: 1.
        document (str): Its text. Example: Cats purr..
        relevance_score (float): How well it fits; more is better. Example: 0.92.
    """

    index: int
    document: str
    relevance_score: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        index = self.index

        document = self.document

        relevance_score = self.relevance_score

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "index": index,
                "document": document,
                "relevance_score": relevance_score,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        index = d.pop("index")

        document = d.pop("document")

        relevance_score = d.pop("relevance_score")

        ranked_document = cls(
            index=index,
            document=document,
            relevance_score=relevance_score,
        )

        ranked_document.additional_properties = d
        return ranked_document

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "index": ("index", True),
        "document": ("document", True),
        "relevance_score": ("relevance_score", True),
    }
