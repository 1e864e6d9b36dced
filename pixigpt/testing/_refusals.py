"""Parameters that the server does not implement, or not without others: refused by name, not ignored in silence."""

from collections.abc import Callable, Mapping
from typing import cast

from pixigpt.testing._semantics import DIMENSIONS

_IsImplemented = Callable[[object], bool]


def _one_of(*values: object) -> _IsImplemented:
    return lambda value: value in values


def _never(_: object) -> bool:
    return False


_CHAT: Mapping[str, _IsImplemented] = {
    "response_format": _one_of({"type": "text"}, "auto"),
    "tool_choice": _one_of("auto"),
    "n": _one_of(1),
    "functions": _one_of([]),
    "function_call": _never,
}
# What an upstream server implements, or refuses itself.
_UPSTREAM = ("response_format", "tool_choice", "dimensions")
_RUN: Mapping[str, _IsImplemented] = {
    **{name: _CHAT[name] for name in ("response_format", "tool_choice")},
    "stream": _one_of(False),
    "tools": _one_of([]),
    "instructions": _never,
    "additional_instructions": _never,
    "additional_messages": _one_of([]),
}
_ASSISTANT: Mapping[str, _IsImplemented] = {
    "tools": _one_of([]),
    "tool_resources": _one_of({}),
    "response_format": _CHAT["response_format"],
}
_IMPLEMENTED: Mapping[str, Mapping[str, _IsImplemented]] = {
    "create_chat_completion": _CHAT,
    "create_run": _RUN,
    "create_assistant": _ASSISTANT,
    "update_assistant": _ASSISTANT,
    "create_embedding": {"dimensions": _one_of(DIMENSIONS), "encoding_format": _one_of("float", "base64")},
}


def refusal(operation: str, body: object, *, is_rule: bool) -> str | None:
    """Return what a request asks for that the server does not implement; None if there is nothing."""
    given = cast("dict[str, object]", body) if isinstance(body, dict) else {}
    passes_on = not is_rule and operation in ("create_chat_completion", "create_embedding")
    for name, is_implemented in _IMPLEMENTED.get(operation, {}).items():
        value = given.get(name)
        if value is not None and not is_implemented(value) and not (passes_on and name in _UPSTREAM):
            return f"{name}: the local server does not implement {name}={_excerpt(value)}."
    if given.get("stream_options") is not None and not given.get("stream"):
        return "stream_options: allowed only where stream is true."
    return None


def _excerpt(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
