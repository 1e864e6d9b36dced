"""What a method's arguments become on the wire: dicts or objects in, the contract's objects out."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

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

# A message as the methods take it: a dict in OpenAI's form, or one that came back in a response.
MessageLike = Message | ThreadMessage | Mapping[str, object]
ToolLike = Tool | Mapping[str, object]

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
    """The messages of a chat; ValueError or TypeError if one is none."""
    return _messages(messages, _chat_message)


def thread_messages(messages: Sequence[MessageLike]) -> list[CreateMessageRequest]:
    """The messages to add to a thread; ValueError or TypeError if one is none."""
    return _messages(messages, CreateMessageRequest.from_dict)


def tool_list(tools: Sequence[ToolLike] | None) -> list[Tool] | None:
    """The tools of a chat; ValueError or TypeError if one is none."""
    return None if tools is None else _each("tools", tools, Tool.from_dict)


def text_list(name: str, texts: Sequence[str]) -> list[str]:
    """Several texts; ValueError or TypeError if they are none."""
    _check_sequence(name, texts)
    if not texts:
        raise ValueError(f"{name} must not be empty")
    return list(texts)


def _chat_message(fields: Mapping[str, object]) -> Message:
    return Message.from_dict({"content": None, **fields} if fields.get("tool_calls") else fields)


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
    """A value with every object of the contract turned into a dict, however deep it stands."""
    if isinstance(value, ThreadMessage):
        return {"role": value.role, "content": "".join(block.text.value for block in value.content)}
    if isinstance(value, _OBJECTS):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return value
