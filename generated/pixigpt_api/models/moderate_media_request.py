from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Model

T = TypeVar("T", bound="ModerateMediaRequest")


@_attrs_define(eq=False, repr=False)
class ModerateMediaRequest(Model):
    """An image or a video to judge.

    Attributes:
        media_url (str): Where it is. Example: https://example.com/cat.png.
        is_video (bool): Whether it is a video. Example: False.
    """

    media_url: str
    is_video: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        media_url = self.media_url

        is_video = self.is_video

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "media_url": media_url,
                "is_video": is_video,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        media_url = d.pop("media_url")

        is_video = d.pop("is_video")

        moderate_media_request = cls(
            media_url=media_url,
            is_video=is_video,
        )

        moderate_media_request.additional_properties = d
        return moderate_media_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "media_url": ("media_url", True),
        "is_video": ("is_video", True),
    }
