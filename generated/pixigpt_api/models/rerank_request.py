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

from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="RerankRequest")


@_attrs_define(eq=False, repr=False)
class RerankRequest(Model):
    """A query, and documents to sort by it.

    Attributes:
        query (str): What is looked for. Example: Which animal purrs?.
        documents (list[str]): The documents' texts. Example: ['Dogs bark.', 'Cats purr.'].
        top_k (int | None | Unset): How many to return at most; without it, all. Example: 3.
        model (None | str | Unset): A model's name. Example: pixi-rerank.
    """

    query: str
    documents: list[str]
    top_k: int | None | Unset = UNSET
    model: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        query = self.query

        documents = self.documents

        top_k: int | None | Unset
        if isinstance(self.top_k, Unset):
            top_k = UNSET
        else:
            top_k = self.top_k

        model: None | str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        else:
            model = self.model

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "query": query,
                "documents": documents,
            }
        )
        if top_k is not UNSET:
            field_dict["top_k"] = top_k
        if model is not UNSET:
            field_dict["model"] = model

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        query = d.pop("query")

        documents = cast(list[str], d.pop("documents"))

        top_k: int | None | Unset = take(d, "top_k")

        model: None | str | Unset = take(d, "model")

        rerank_request = cls(
            query=query,
            documents=documents,
            top_k=top_k,
            model=model,
        )

        rerank_request.additional_properties = d
        return rerank_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "query": ("query", True),
        "documents": ("documents", True),
        "top_k": ("top_k", False),
        "model": ("model", False),
    }
