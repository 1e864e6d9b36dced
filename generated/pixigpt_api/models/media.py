from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.media_source import MediaSource, check_media_source
from ..models.media_type import MediaType, check_media_type
from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="Media")


@_attrs_define(eq=False, repr=False)
class Media(Model):
    """A picture or a sound that belongs to a message.

    Attributes:
        id (str): The medium's id. Example: media_1.
        source (MediaSource): Where it comes from. Example: DrawImage.
        type_ (MediaType): What it is. Example: image.
        signed_url (str): Where to fetch it, good for 24 hours. Example: https://example.com/media_1.png.
        prompt (None | str | Unset): What was asked for. Example: A cat in a hat.
        description (None | str | Unset): What it shows. Example: A cat that wears a hat..
    """

    id: str
    source: MediaSource
    type_: MediaType
    signed_url: str
    prompt: None | str | Unset = UNSET
    description: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        source: str = self.source

        type_: str = self.type_

        signed_url = self.signed_url

        prompt: None | str | Unset
        if isinstance(self.prompt, Unset):
            prompt = UNSET
        else:
            prompt = self.prompt

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "source": source,
                "type": type_,
                "signed_url": signed_url,
            }
        )
        if prompt is not UNSET:
            field_dict["prompt"] = prompt
        if description is not UNSET:
            field_dict["description"] = description

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        source = check_media_source(d.pop("source"))

        type_ = check_media_type(d.pop("type"))

        signed_url = d.pop("signed_url")

        prompt: None | str | Unset = take(d, "prompt")

        description: None | str | Unset = take(d, "description")

        media = cls(
            id=id,
            source=source,
            type_=type_,
            signed_url=signed_url,
            prompt=prompt,
            description=description,
        )

        media.additional_properties = d
        return media

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "source": ("source", True),
        "type": ("type_", True),
        "signed_url": ("signed_url", True),
        "prompt": ("prompt", False),
        "description": ("description", False),
    }
