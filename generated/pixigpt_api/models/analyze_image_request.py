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

T = TypeVar("T", bound="AnalyzeImageRequest")


@_attrs_define(eq=False, repr=False)
class AnalyzeImageRequest(Model):
    """An image, and what to tell about it.

    Attributes:
        image_url (str): Where the image is. Example: https://example.com/cat.png.
        user_prompt (None | str | Unset): What to tell about it; without it, it is described. Example: What does the cat
            wear?.
    """

    image_url: str
    user_prompt: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        image_url = self.image_url

        user_prompt: None | str | Unset
        if isinstance(self.user_prompt, Unset):
            user_prompt = UNSET
        else:
            user_prompt = self.user_prompt

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "image_url": image_url,
            }
        )
        if user_prompt is not UNSET:
            field_dict["user_prompt"] = user_prompt

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        image_url = d.pop("image_url")

        user_prompt: None | str | Unset = take(d, "user_prompt")

        analyze_image_request = cls(
            image_url=image_url,
            user_prompt=user_prompt,
        )

        analyze_image_request.additional_properties = d
        return analyze_image_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "image_url": ("image_url", True),
        "user_prompt": ("user_prompt", False),
    }
