from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.role import Role, check_role
from ..models.thread_message_object import (
    ThreadMessageObject,
    check_thread_message_object,
)
from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="ThreadMessage")


@_attrs_define(eq=False, repr=False)
class ThreadMessage(Model):
    """A message of a thread.

    Attributes:
        id (str): The message's id. Example: msg_1.
        object_ (ThreadMessageObject): Always `thread.message`. Example: thread.message.
        created_at (int): When it was stored, in unix seconds. Example: 1760000000.
        thread_id (str): The thread that it belongs to. Example: thread_1.
        role (Role): Who speaks. Example: user.
        content (list[ContentBlock]): The message's blocks.
        reasoning_content (None | str | Unset): The chain of thought that led to the message. Example: The user asks for
            a capital..
        sources (list[Source] | None | Unset): What the assistant's tools have read.
        media (list[Media] | None | Unset): Pictures and sounds that belong to the message.
        code (list[CodeExecution] | None | Unset): Code that the assistant's tools have run.
    """

    id: str
    object_: ThreadMessageObject
    created_at: int
    thread_id: str
    role: Role
    content: list[ContentBlock]
    reasoning_content: None | str | Unset = UNSET
    sources: list[Source] | None | Unset = UNSET
    media: list[Media] | None | Unset = UNSET
    code: list[CodeExecution] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        object_: str = self.object_

        created_at = self.created_at

        thread_id = self.thread_id

        role: str = self.role

        content = []
        for content_item_data in self.content:
            content_item = content_item_data.to_dict()
            content.append(content_item)

        reasoning_content: None | str | Unset
        if isinstance(self.reasoning_content, Unset):
            reasoning_content = UNSET
        else:
            reasoning_content = self.reasoning_content

        sources: list[dict[str, Any]] | None | Unset
        if isinstance(self.sources, Unset):
            sources = UNSET
        elif isinstance(self.sources, list):
            sources = []
            for sources_type_0_item_data in self.sources:
                sources_type_0_item = sources_type_0_item_data.to_dict()
                sources.append(sources_type_0_item)

        else:
            sources = self.sources

        media: list[dict[str, Any]] | None | Unset
        if isinstance(self.media, Unset):
            media = UNSET
        elif isinstance(self.media, list):
            media = []
            for media_type_0_item_data in self.media:
                media_type_0_item = media_type_0_item_data.to_dict()
                media.append(media_type_0_item)

        else:
            media = self.media

        code: list[dict[str, Any]] | None | Unset
        if isinstance(self.code, Unset):
            code = UNSET
        elif isinstance(self.code, list):
            code = []
            for code_type_0_item_data in self.code:
                code_type_0_item = code_type_0_item_data.to_dict()
                code.append(code_type_0_item)

        else:
            code = self.code

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "object": object_,
                "created_at": created_at,
                "thread_id": thread_id,
                "role": role,
                "content": content,
            }
        )
        if reasoning_content is not UNSET:
            field_dict["reasoning_content"] = reasoning_content
        if sources is not UNSET:
            field_dict["sources"] = sources
        if media is not UNSET:
            field_dict["media"] = media
        if code is not UNSET:
            field_dict["code"] = code

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        object_ = check_thread_message_object(d.pop("object"))

        created_at = d.pop("created_at")

        thread_id = d.pop("thread_id")

        role = check_role(d.pop("role"))

        content = []
        _content = d.pop("content")
        for content_item_data in _content:
            content_item = ContentBlock.from_dict(content_item_data)

            content.append(content_item)

        reasoning_content: None | str | Unset = take(d, "reasoning_content")

        def _parse_sources(data: object) -> list[Source] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                sources_type_0 = []
                _sources_type_0 = data
                for sources_type_0_item_data in _sources_type_0:
                    sources_type_0_item = Source.from_dict(sources_type_0_item_data)

                    sources_type_0.append(sources_type_0_item)

                return sources_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Source] | None | Unset, data)

        sources = _parse_sources(take(d, "sources"))

        def _parse_media(data: object) -> list[Media] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                media_type_0 = []
                _media_type_0 = data
                for media_type_0_item_data in _media_type_0:
                    media_type_0_item = Media.from_dict(media_type_0_item_data)

                    media_type_0.append(media_type_0_item)

                return media_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Media] | None | Unset, data)

        media = _parse_media(take(d, "media"))

        def _parse_code(data: object) -> list[CodeExecution] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                code_type_0 = []
                _code_type_0 = data
                for code_type_0_item_data in _code_type_0:
                    code_type_0_item = CodeExecution.from_dict(code_type_0_item_data)

                    code_type_0.append(code_type_0_item)

                return code_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[CodeExecution] | None | Unset, data)

        code = _parse_code(take(d, "code"))

        thread_message = cls(
            id=id,
            object_=object_,
            created_at=created_at,
            thread_id=thread_id,
            role=role,
            content=content,
            reasoning_content=reasoning_content,
            sources=sources,
            media=media,
            code=code,
        )

        thread_message.additional_properties = d
        return thread_message

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "id": ("id", True),
        "object": ("object_", True),
        "created_at": ("created_at", True),
        "thread_id": ("thread_id", True),
        "role": ("role", True),
        "content": ("content", True),
        "reasoning_content": ("reasoning_content", False),
        "sources": ("sources", False),
        "media": ("media", False),
        "code": ("code", False),
    }


from ..models.code_execution import CodeExecution
from ..models.content_block import ContentBlock
from ..models.media import Media
from ..models.source import Source
