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

T = TypeVar("T", bound="Source")


@_attrs_define(eq=False, repr=False)
class Source(Model):
    """Something that a tool of the assistant has read.

    Attributes:
        id (str): The source's id. Example: src_1.
        tool_name (str): The tool that found it, such as WebSearch or Fetch. Example: WebSearch.
        title (None | str | Unset): Its title. Example: Paris.
        url (None | str | Unset): Where it stands. Example: https://example.com/paris.
        snippet (None | str | Unset): The part that mattered. Example: Paris is the capital of France..
    """

    id: str
    tool_name: str
    title: None | str | Unset = UNSET
    url: None | str | Unset = UNSET
    snippet: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        tool_name = self.tool_name

        title: None | str | Unset
        if isinstance(self.title, Unset):
            title = UNSET
        else:
            title = self.title

        url: None | str | Unset
        if isinstance(self.url, Unset):
            url = UNSET
        else:
            url = self.url

        snippet: None | str | Unset
        if isinstance(self.snippet, Unset):
            snippet = UNSET
        else:
            snippet = self.snippet

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "tool_name": tool_name,
            }
        )
        if title is not UNSET:
            field_dict["title"] = title
        if url is not UNSET:
            field_dict["url"] = url
        if snippet is not UNSET:
            field_dict["snippet"] = snippet

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        tool_name = d.pop("tool_name")

        title: None | str | Unset = take(d, "title")

        url: None | str | Unset = take(d, "url")

        snippet: None | str | Unset = take(d, "snippet")

        source = cls(
            id=id,
            tool_name=tool_name,
            title=title,
            url=url,
            snippet=snippet,
        )

        source.additional_properties = d
        return source

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "tool_name": ("tool_name", True),
        "title": ("title", False),
        "url": ("url", False),
        "snippet": ("snippet", False),
    }
