from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.content_block_type import ContentBlockType, check_content_block_type

if TYPE_CHECKING:
    from ..models.text_content import TextContent


T = TypeVar("T", bound="ContentBlock")


@_attrs_define
class ContentBlock:
    """One block of a thread's message."""

    type_: ContentBlockType
    """ The kind of block. """
    text: TextContent
    """ The text of a block. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: str = self.type_

        text = self.text.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "text": text,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.text_content import TextContent  # noqa: PLC0415

        d = dict(src_dict)
        type_ = check_content_block_type(d.pop("type"))

        text = TextContent.from_dict(d.pop("text"))

        content_block = cls(
            type_=type_,
            text=text,
        )

        content_block.additional_properties = d
        return content_block

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
