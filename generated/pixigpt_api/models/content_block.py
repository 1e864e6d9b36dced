from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.content_block_type import ContentBlockType, check_content_block_type
from ..types import Model

T = TypeVar("T", bound="ContentBlock")


@_attrs_define(eq=False, repr=False)
class ContentBlock(Model):
    """One block of a thread's message.

    Attributes:
        type_ (ContentBlockType): The kind of block. Example: text.
        text (TextContent): The text of a block.
    """

    type_: ContentBlockType
    text: TextContent
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
        d = dict(src_dict)
        type_ = check_content_block_type(d.pop("type"))

        text = TextContent.from_dict(d.pop("text"))

        content_block = cls(
            type_=type_,
            text=text,
        )

        content_block.additional_properties = d
        return content_block

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "type": ("type_", True),
        "text": ("text", True),
    }


from ..models.text_content import TextContent
