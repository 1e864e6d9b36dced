from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    ClassVar,
    TypeVar,
)

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Model, Unset

T = TypeVar("T", bound="CreateChatCompletionRequest")


@_attrs_define(eq=False, repr=False)
class CreateChatCompletionRequest(Model):
    """A conversation to be answered, and how.

    Attributes:
        messages (list[Message]): The conversation so far, oldest first.
        assistant_id (str | Unset): The assistant whose instructions and tools apply. Example: asst_1.
        temperature (float | Unset): Randomness from 0 to 2; 0 and absent mean 0.6. Example: 0.6.
        max_tokens (int | Unset): Tokens to generate at most; absent means no limit. With thinking on, less than 3,000
            becomes 3,000. Example: 4000.
        enable_thinking (bool | Unset): Whether the model reasons before it answers; absent means true. Example: True.
        tools (list[Tool] | Unset): Functions that the model may call.
        stream (bool | Unset): Whether the answer comes in chunks, as server-sent events; absent means false. Set by
            `stream_chat_completion`. Example: True.
        stream_options (StreamOptions | Unset): What a streamed answer holds.
    """

    messages: list[Message]
    assistant_id: str | Unset = UNSET
    temperature: float | Unset = UNSET
    max_tokens: int | Unset = UNSET
    enable_thinking: bool | Unset = UNSET
    tools: list[Tool] | Unset = UNSET
    stream: bool | Unset = UNSET
    stream_options: StreamOptions | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        messages = []
        for messages_item_data in self.messages:
            messages_item = messages_item_data.to_dict()
            messages.append(messages_item)

        assistant_id = self.assistant_id

        temperature = self.temperature

        max_tokens = self.max_tokens

        enable_thinking = self.enable_thinking

        tools: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.tools, Unset):
            tools = []
            for tools_item_data in self.tools:
                tools_item = tools_item_data.to_dict()
                tools.append(tools_item)

        stream = self.stream

        stream_options: dict[str, Any] | Unset = UNSET
        if not isinstance(self.stream_options, Unset):
            stream_options = self.stream_options.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "messages": messages,
            }
        )
        if assistant_id is not UNSET:
            field_dict["assistant_id"] = assistant_id
        if temperature is not UNSET:
            field_dict["temperature"] = temperature
        if max_tokens is not UNSET:
            field_dict["max_tokens"] = max_tokens
        if enable_thinking is not UNSET:
            field_dict["enable_thinking"] = enable_thinking
        if tools is not UNSET:
            field_dict["tools"] = tools
        if stream is not UNSET:
            field_dict["stream"] = stream
        if stream_options is not UNSET:
            field_dict["stream_options"] = stream_options

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        messages = []
        _messages = d.pop("messages")
        for messages_item_data in _messages:
            messages_item = Message.from_dict(messages_item_data)

            messages.append(messages_item)

        assistant_id = d.pop("assistant_id", UNSET)

        temperature = d.pop("temperature", UNSET)

        max_tokens = d.pop("max_tokens", UNSET)

        enable_thinking = d.pop("enable_thinking", UNSET)

        _tools = d.pop("tools", UNSET)
        tools: list[Tool] | Unset = UNSET
        if _tools is not UNSET:
            tools = []
            for tools_item_data in _tools:
                tools_item = Tool.from_dict(tools_item_data)

                tools.append(tools_item)

        stream = d.pop("stream", UNSET)

        _stream_options = d.pop("stream_options", UNSET)
        stream_options: StreamOptions | Unset
        if isinstance(_stream_options, Unset):
            stream_options = UNSET
        else:
            stream_options = StreamOptions.from_dict(_stream_options)

        create_chat_completion_request = cls(
            messages=messages,
            assistant_id=assistant_id,
            temperature=temperature,
            max_tokens=max_tokens,
            enable_thinking=enable_thinking,
            tools=tools,
            stream=stream,
            stream_options=stream_options,
        )

        create_chat_completion_request.additional_properties = d
        return create_chat_completion_request

    # The name in JSON: the attribute, and whether it is always there.
    _fields: ClassVar[dict[str, tuple[str, bool]]] = {
        "messages": ("messages", True),
        "assistant_id": ("assistant_id", False),
        "temperature": ("temperature", False),
        "max_tokens": ("max_tokens", False),
        "enable_thinking": ("enable_thinking", False),
        "tools": ("tools", False),
        "stream": ("stream", False),
        "stream_options": ("stream_options", False),
    }


from ..models.message import Message
from ..models.stream_options import StreamOptions
from ..models.tool import Tool
