from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.moderation_category import ModerationCategory, check_moderation_category

if TYPE_CHECKING:
    from ..models.usage import Usage


T = TypeVar("T", bound="Moderation")


@_attrs_define
class Moderation:
    """A verdict."""

    category: ModerationCategory
    """ What a text or a picture is; UNDERAGE_SEXUAL goes before all others. """
    score: float
    """ How well the category fits, from 0 to 1: 0.9 is very strong, 0.7 strong, 0.5 moderate. """
    usage: Usage
    """ Tokens that a call has used. """
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
        from ..models.usage import Usage  # noqa: PLC0415

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
