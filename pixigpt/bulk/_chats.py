"""A request of a bulk run as the arguments of its chat: a prompt, or a mapping, beside what holds for all."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, cast

from pixigpt._arguments import MessageLike, ToolLike, chat_messages, tool_list
from pixigpt._endpoint import prepare
from pixigpt._request_body import JsonBody
from pixigpt_api.api.pixigpt import create_chat_completion
from pixigpt_api.models import CreateChatCompletionRequest


class ChatOptions(TypedDict, total=False):
    """What holds for every request of a bulk run that does not say otherwise."""

    assistant_id: str | None
    temperature: float | None
    max_tokens: int | None
    enable_thinking: bool | None
    tools: Sequence[ToolLike] | None


CHAT_OPTIONS = frozenset(ChatOptions.__annotations__) | {"system"}

_REQUEST_FIELDS = CHAT_OPTIONS | {"messages", "prompt", "id"}

RequestLike: TypeAlias = str | Mapping[str, object]
"""A request of a bulk run: a prompt, or a mapping of `create_chat_completion`'s arguments."""

# Without an assistant the server wants a system message first, and a plain prompt has none.
_DEFAULT_SYSTEM = "You are a helpful assistant."


def check_options(function: str, options: Mapping[str, object]) -> None:
    """Raise ValueError or TypeError if an option is bad, or unknown to a function."""
    if unknown := options.keys() - CHAT_OPTIONS:
        raise TypeError(f"{function}() got an unexpected keyword argument {min(unknown)!r}")
    check_chat(chat_arguments(options, "Hello!"))


def chat_arguments(options: Mapping[str, object], request: object) -> dict[str, Any]:
    """Return the arguments of `create_chat_completion` for a request; raise ValueError or TypeError if it is bad."""
    if isinstance(request, str):
        return _arguments({**options, "prompt": request})
    if not isinstance(request, Mapping):
        raise TypeError(f"it must be a prompt or a mapping, not {type(request).__name__}")
    return _arguments({**options, **cast("Mapping[str, object]", request)})


def request_id(request: object) -> str | None:
    """Return a request's own id as text, if it has one; raise ValueError if it cannot be one."""
    given = cast("Mapping[str, object]", request).get("id") if isinstance(request, Mapping) else None
    if given is None or (isinstance(given, str) and given):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    raise ValueError(f"an id must be a text that is not empty, or an integer, not {given!r}")


def check_chat(arguments: Mapping[str, Any], extra_body: Mapping[str, Any] | None = None) -> None:
    """Do what `create_chat_completion` does before it sends; raise ValueError or TypeError if an argument is bad."""
    body: dict[str, Any] = {
        **arguments,
        "messages": chat_messages(arguments["messages"]),
        "tools": tool_list(arguments.get("tools")),
    }
    call = prepare(create_chat_completion, body=CreateChatCompletionRequest(**body))
    cast("JsonBody", call.body).encoded(extra_body or {})


def _arguments(fields: dict[str, Any]) -> dict[str, Any]:
    if unknown := fields.keys() - _REQUEST_FIELDS:
        named = ", ".join(map(repr, sorted(map(str, unknown))))
        raise ValueError(f"a request has no {named}; it may have {', '.join(sorted(_REQUEST_FIELDS))}")
    fields.pop("id", None)
    system: str | None = fields.pop("system", None)
    prompt: object = fields.pop("prompt", None)
    if (prompt is None) == (fields.get("messages") is None):
        raise ValueError("it needs either a prompt or messages")
    if prompt is not None:
        fields["messages"] = [_prompt(prompt)]
        system = system or (None if fields.get("assistant_id") else _DEFAULT_SYSTEM)
    if system is not None:
        fields["messages"] = _with_system(system, fields["messages"])
    return fields


def _prompt(prompt: object) -> dict[str, object]:
    if not isinstance(prompt, str):
        raise TypeError(f"a prompt must be a str, not {type(prompt).__name__}")
    try:
        prompt.encode()
    except UnicodeEncodeError as cause:  # half a surrogate pair
        raise ValueError(f"a prompt must be a text that UTF-8 can hold: {cause}") from cause
    return {"role": "user", "content": prompt}


def _with_system(system: object, messages: Sequence[MessageLike]) -> list[MessageLike]:
    """Put a system message first, unless there is one."""
    if not isinstance(system, str):
        raise TypeError(f"system must be a str, not {type(system).__name__}")
    return (
        [*messages]
        if chat_messages(messages)[0].role == "system"
        else [{"role": "system", "content": system}, *messages]
    )
