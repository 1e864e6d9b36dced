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

T = TypeVar("T", bound="TextContent")


@_attrs_define(eq=False, repr=False)
class TextContent(Model):
    """The text of a block.

    Attributes:
        value (str): The text itself. Example: Paris..
        annotations (list[Annotation]): Notes on the text; empty so far.
    """

    value: str
    annotations: list[Annotation]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        value = self.value

        annotations = []
        for annotations_item_data in self.annotations:
            annotations_item = annotations_item_data.to_dict()
            annotations.append(annotations_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "value": value,
                "annotations": annotations,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        value = d.pop("value")

        annotations = []
        _annotations = d.pop("annotations")
        for annotations_item_data in _annotations:
            annotations_item = Annotation.from_dict(annotations_item_data)

            annotations.append(annotations_item)

        text_content = cls(
            value=value,
            annotations=annotations,
        )

        text_content.additional_properties = d
        return text_content

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "value": ("value", True),
        "annotations": ("annotations", True),
    }


from ..models.annotation import Annotation
