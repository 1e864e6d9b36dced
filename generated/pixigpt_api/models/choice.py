from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.finish_reason import FinishReason, check_finish_reason
from ..types import UNSET, Model, Unset, take

T = TypeVar("T", bound="Choice")


@_attrs_define(eq=False, repr=False)
class Choice(Model):
    """One answer of a chat completion.

    Attributes:
        index (int): Its place among the choices, from 0. Example: 0.
        message (Message): One message of a chat, as it is sent and as it comes back.
        finish_reason (FinishReason): Why the model stopped. Example: stop.
        reasoning_content (None | str | Unset): The chain of thought that led to the answer. Example: The user asks for
            a capital..
    """

    index: int
    message: Message
    finish_reason: FinishReason
    reasoning_content: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        index = self.index

        message = self.message.to_dict()

        finish_reason: str = self.finish_reason

        reasoning_content: None | str | Unset
        if isinstance(self.reasoning_content, Unset):
            reasoning_content = UNSET
        else:
            reasoning_content = self.reasoning_content

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "index": index,
                "message": message,
                "finish_reason": finish_reason,
            }
        )
        if reasoning_content is not UNSET:
            field_dict["reasoning_content"] = reasoning_content

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        index = d.pop("index")

        message = Message.from_dict(d.pop("message"))

        finish_reason = check_finish_reason(d.pop("finish_reason"))

        reasoning_content: None | str | Unset = take(d, "reasoning_content")

        choice = cls(
            index=index,
            message=message,
            finish_reason=finish_reason,
            reasoning_content=reasoning_content,
        )

        choice.additional_properties = d
        return choice

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "index": ("index", True),
        "message": ("message", True),
        "finish_reason": ("finish_reason", True),
        "reasoning_content": ("reasoning_content", False),
    }


from ..models.message import Message
