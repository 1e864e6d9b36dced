"""What a method's arguments become on the wire: dicts or objects in, generated objects out."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar, cast

from pixigpt._checks import MAPPING
from pixigpt._leniency import PARTS
from pixigpt._request_body import encodable
from pixigpt_api.models import CreateMessageRequest, FunctionCall, Message, ThreadMessage, Tool, ToolCall
from pixigpt_api.types import Model

T = TypeVar("T")

MessageLike: TypeAlias = Message | ThreadMessage | Mapping[str, object]
"""A message as the methods take it: a dict in OpenAI's form, or one that came back in a response."""

ToolLike: TypeAlias = Tool | Mapping[str, object]
"""A tool as the methods take it: a dict in OpenAI's form, or a `Tool`."""

_SEQUENCE = (list, Sequence)  # the common one first, as in MAPPING
_RECEIVED = (Message, ToolCall, FunctionCall)  # what comes in a response and goes into a request
_SCALARS = frozenset({str, int, float, bool, type(None)})


def chat_messages(messages: Sequence[MessageLike]) -> list[Message]:
    """Convert the messages of a chat; raise ValueError or TypeError if one is not a valid message."""
    return _messages(messages, _chat_message)


def thread_messages(messages: Sequence[MessageLike]) -> list[CreateMessageRequest]:
    """Convert the messages to add to a thread; raise ValueError or TypeError if one is not a valid message."""
    return _messages(messages, CreateMessageRequest.from_dict)


def tool_list(tools: Sequence[ToolLike] | None) -> list[Tool] | None:
    """Convert the tools of a chat; raise ValueError or TypeError if one is not a valid tool."""
    return None if tools is None else _each("tools", tools, Tool.from_dict)


def text_list(name: str, texts: Sequence[str]) -> list[str]:
    """Convert several texts; raise ValueError or TypeError if they are not a list of texts."""
    _check_sequence(name, texts)
    if not texts:
        raise ValueError(f"{name} must not be empty")
    return list(texts)


def _chat_message(fields: dict[str, object]) -> Message:
    if isinstance(fields.get("content"), list):
        raise TypeError("content must be a text, not a list of parts; for images, see analyze_image()")
    if "content" not in fields and fields.get("role") != "assistant":
        raise KeyError("content")
    fields.pop(PARTS, None)
    message = Message.from_dict(fields)
    if message.content is None:  # OpenAI's API says null, beside tool calls or a refusal; the class would leave it out
        message.additional_properties["content"] = None
    return message


def _messages(messages: object, convert: Callable[[dict[str, object]], T]) -> list[T]:
    converted = _each("messages", messages, convert)
    if not converted:
        raise ValueError("messages must not be empty")
    return converted


def _each(name: str, items: object, convert: Callable[[dict[str, object]], T]) -> list[T]:
    _check_sequence(name, items)
    return [_one(name, index, item, convert) for index, item in enumerate(cast("Sequence[object]", items))]


def _check_sequence(name: str, items: object) -> None:
    if not isinstance(items, _SEQUENCE) or isinstance(items, str | bytes):
        raise TypeError(f"{name} must be a list, not {type(items).__name__}")


def _one(name: str, index: int, item: object, convert: Callable[[dict[str, object]], T]) -> T:
    if not isinstance(item, MAPPING):
        found = type(item).__name__
        hint = "; run_tools() takes functions, this method tool(function).definition" if callable(item) else ""
        raise TypeError(f"{name}[{index}] must be a dict or an object of pixigpt's, not {found}{hint}")
    try:
        return convert(cast("dict[str, object]", _plain(cast("object", item))))
    except KeyError as cause:
        raise ValueError(f"{name}[{index}] has no {cause}") from cause
    except (AttributeError, TypeError, ValueError, RecursionError) as cause:
        raise ValueError(f"{name}[{index}] is malformed: {cause}") from cause


def _plain(value: object) -> object:
    """Return a copy of a value with every generated object in it turned into a dict, at any depth."""
    kind = type(value)
    if kind in _SCALARS:  # as most are; whether one is a Mapping takes ten times as long to tell
        return value
    if kind is dict:
        fields = cast("dict[str, object]", value)
        return fields.copy() if _SCALARS.issuperset(map(type, fields.values())) else _plain_values(fields)
    if isinstance(value, Model):
        return _fields_of(value)
    if isinstance(value, Mapping):
        return _plain_values(cast("Mapping[str, object]", value))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return value


def _plain_values(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: _plain(item) for key, item in fields.items()}


def _fields_of(model: Model) -> dict[str, object]:
    if isinstance(model, ThreadMessage):
        text = "".join(block.text.value for block in model.content)
        return {"role": model.role, "content": encodable(text)}
    fields: dict[str, object] = model.to_dict()
    return cast("dict[str, object]", _sendable(fields)) if isinstance(model, _RECEIVED) else fields


def _sendable(value: object) -> object:
    """Return what a server has sent as it can be sent again: some servers write NaN, and some cut emojis in half."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_sendable(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {encodable(name): _sendable(item) for name, item in cast("dict[str, object]", value).items()}
    return value
