from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model

T = TypeVar("T", bound="RerankResult")


@_attrs_define(eq=False, repr=False)
class RerankResult(Model):
    """Documents, sorted.

    Attributes:
        object_ (str): What this is. Example: list.
        results (list[RankedDocument]): The documents, best first.
        usage (RerankUsage): Tokens that a call has used.
    """

    object_: str
    results: list[RankedDocument]
    usage: RerankUsage
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        object_ = self.object_

        results = []
        for results_item_data in self.results:
            results_item = results_item_data.to_dict()
            results.append(results_item)

        usage = self.usage.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "object": object_,
                "results": results,
                "usage": usage,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        object_ = d.pop("object")

        results = []
        _results = d.pop("results")
        for results_item_data in _results:
            results_item = RankedDocument.from_dict(results_item_data)

            results.append(results_item)

        usage = RerankUsage.from_dict(d.pop("usage"))

        rerank_result = cls(
            object_=object_,
            results=results,
            usage=usage,
        )

        rerank_result.additional_properties = d
        return rerank_result

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "object": ("object_", True),
        "results": ("results", True),
        "usage": ("usage", True),
    }


from ..models.ranked_document import RankedDocument
from ..models.rerank_usage import RerankUsage
