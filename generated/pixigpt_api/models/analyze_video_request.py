from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="AnalyzeVideoRequest")


@_attrs_define(eq=False, repr=False)
class AnalyzeVideoRequest(Model):
    """A video, and what to tell about it.

    Attributes:
        video_url (str): Where the video is; it must be under 10 MB. Example: https://example.com/cat.mp4.
        user_prompt (None | str | Unset): What to tell about it; without it, it is described. Example: What does the cat
            do?.
    """

    video_url: str
    user_prompt: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        video_url = self.video_url

        user_prompt: None | str | Unset
        if isinstance(self.user_prompt, Unset):
            user_prompt = UNSET
        else:
            user_prompt = self.user_prompt

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "video_url": video_url,
            }
        )
        if user_prompt is not UNSET:
            field_dict["user_prompt"] = user_prompt

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        video_url = d.pop("video_url")

        user_prompt: None | str | Unset = take(d, "user_prompt")

        analyze_video_request = cls(
            video_url=video_url,
            user_prompt=user_prompt,
        )

        analyze_video_request.additional_properties = d
        return analyze_video_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "video_url": ("video_url", True),
        "user_prompt": ("user_prompt", False),
    }
