from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.moderation_category import ModerationCategory, check_moderation_category
from ..types import Model

T = TypeVar("T", bound="Moderation")


@_attrs_define(eq=False, repr=False)
class Moderation(Model):
    """A verdict.

    Attributes:
        category (ModerationCategory): What a text or a picture is; UNDERAGE_SEXUAL goes before all others. Example:
            SAFE.
        score (float): How well the category fits, from 0 to 1: 0.9 is very strong, 0.7 strong, 0.5 moderate. Example:
            0.98.
        usage (Usage): Tokens that a call has used.
    """

    category: ModerationCategory
    score: float
    usage: Usage
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        category: str = self.category

        score = self.score

        usage = self.usage.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "category": category,
                "score": score,
                "usage": usage,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        category = check_moderation_category(d.pop("category"))

        score = d.pop("score")

        usage = Usage.from_dict(d.pop("usage"))

        moderation = cls(
            category=category,
            score=score,
            usage=usage,
        )

        moderation.additional_properties = d
        return moderation

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "category": ("category", True),
        "score": ("score", True),
        "usage": ("usage", True),
    }


from ..models.usage import Usage
