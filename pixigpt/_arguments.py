"""What a method's arguments become on the wire: dicts or objects in, generated objects out."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar, cast

from pixigpt._leniency import PARTS
from pixigpt_api.models import (
    CreateMessageRequest,
    FunctionCall,
    FunctionDefinition,
    FunctionParameters,
    Message,
    ThreadMessage,
    Tool,
    ToolCall,
)

T = TypeVar("T")

MessageLike: TypeAlias = Message | ThreadMessage | Mapping[str, object]
"""A message as the methods take it: a dict in OpenAI's form, or one that came back in a response."""

ToolLike: TypeAlias = Tool | Mapping[str, object]
"""A tool as the methods take it: a dict in OpenAI's form, or a `Tool`."""

_OBJECTS = (
    Message,
    ThreadMessage,
    Tool,
    ToolCall,
    CreateMessageRequest,
    FunctionCall,
    FunctionDefinition,
    FunctionParameters,
)


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


def _chat_message(fields: Mapping[str, object]) -> Message:
    if isinstance(fields.get("content"), list):
        raise TypeError("content must be a text, not a list of parts; for images, see analyze_image()")
    if "content" not in fields and not fields.get("tool_calls"):
        raise KeyError("content")
    message = Message.from_dict({name: value for name, value in fields.items() if name != PARTS})
    if message.content is None:  # beside tool calls; OpenAI's API says null, and the generated class would leave it out
        message.additional_properties["content"] = None
    return message


def _messages(messages: object, convert: Callable[[Mapping[str, object]], T]) -> list[T]:
    converted = _each("messages", messages, convert)
    if not converted:
        raise ValueError("messages must not be empty")
    return converted


def _each(name: str, items: object, convert: Callable[[Mapping[str, object]], T]) -> list[T]:
    _check_sequence(name, items)
    return [_one(f"{name}[{index}]", item, convert) for index, item in enumerate(cast("Sequence[object]", items))]


def _check_sequence(name: str, items: object) -> None:
    if not isinstance(items, Sequence) or isinstance(items, str | bytes):
        raise TypeError(f"{name} must be a list, not {type(items).__name__}")


def _one(name: str, item: object, convert: Callable[[Mapping[str, object]], T]) -> T:
    if not isinstance(item, (Mapping, *_OBJECTS)):
        raise TypeError(f"{name} must be a dict or an object of pixigpt's, not {type(item).__name__}")
    try:
        return convert(cast("Mapping[str, object]", _plain(cast("object", item))))
    except KeyError as cause:
        raise ValueError(f"{name} has no {cause}") from cause
    except (AttributeError, TypeError, ValueError, RecursionError) as cause:
        raise ValueError(f"{name} is malformed: {cause}") from cause


def _plain(value: object) -> object:
    """Return a value with every generated object in it turned into a dict, at any depth."""
    if isinstance(value, ThreadMessage):
        return {"role": value.role, "content": "".join(block.text.value for block in value.content)}
    if isinstance(value, _OBJECTS):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return value
