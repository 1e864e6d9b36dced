"""What a result may lack and still be used: one table of defaults, and the forms in which other servers respond.

The contract's `required` says what PixiGPT sends. Another server leaves some of it out, and its response has been paid
for. What is in no table here makes a result useless where it is missing: its very content, and the id of a thing that
must be named again.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from pixigpt._log import log_filled
from pixigpt_api import models

_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}

# What a field reads as that is missing, or null.
DEFAULTS: Mapping[type, Mapping[str, object]] = {
    models.Assistant: {"object": "assistant", "created_at": 0, "name": "", "instructions": ""},
    models.AssistantList: {"object": "list"},
    models.ChatCompletion: {"id": "", "object": "chat.completion", "created": 0, "model": "", "usage": _USAGE},
    models.Choice: {"finish_reason": "stop"},
    models.CodeExecution: {"id": "", "language": ""},
    models.ContentBlock: {"type": "text"},
    models.EmbeddingList: {"object": "list", "usage": {"prompt_tokens": 0, "total_tokens": 0}},
    models.EmbeddingUsage: {"prompt_tokens": 0, "total_tokens": 0},
    models.EmbeddingVector: {"object": "embedding"},
    models.FunctionCall: {"arguments": "{}"},
    models.Media: {"id": "", "source": "", "type": ""},
    models.Message: {"role": "assistant"},
    models.Moderation: {"usage": _USAGE},
    models.RankedDocument: {"document": ""},
    models.RerankResult: {"object": "list", "usage": {"total_tokens": 0}},
    models.RerankUsage: {"total_tokens": 0},
    models.Run: {"object": "thread.run", "created_at": 0, "thread_id": "", "assistant_id": "", "model": ""},
    models.Source: {"id": "", "tool_name": ""},
    models.TextContent: {"annotations": []},
    models.Thread: {"object": "thread", "created_at": 0},
    models.ThreadList: {"object": "list"},
    models.ThreadMessage: {"object": "thread.message", "created_at": 0, "thread_id": "", "role": ""},
    models.ThreadMessageList: {"object": "list"},
    models.ToolCall: {"type": "function"},
    models.Usage: _USAGE,
    models.VisionResult: {"usage": _USAGE},
}

# The field of a list's item that reads as the item's place, and how it is written.
NUMBERED: Mapping[type, tuple[str, Callable[[int], object]]] = {
    models.Choice: ("index", int),
    models.EmbeddingVector: ("index", int),
    models.ToolCall: ("id", "call_{}".format),
}

# The contract's `minItems` for results, the one constraint beside the types that the generator drops.
NEVER_EMPTY: frozenset[tuple[type, str]] = frozenset({(models.ChatCompletion, "choices")})

# Where a message that came with a list of parts keeps it.
PARTS = "content_parts"


def fill(cls: type, value: dict[str, Any], name: str) -> bool:
    """Set a missing field to its default; return whether it has one."""
    defaults = DEFAULTS.get(cls, {})
    if name not in defaults:
        return False
    default = defaults[name]
    value[name] = default.copy() if isinstance(default, dict | list) else default
    log_filled(f"{cls.__name__}.{name}")
    return True


def number(cls: type, value: object, place: int) -> None:
    """Set a missing number of a list's item to its place."""
    name, written = NUMBERED[cls]
    if isinstance(value, dict) and cast("dict[str, object]", value).get(name) is None:
        value[name] = written(place)
        log_filled(f"{cls.__name__}.{name}")


def _adapt_completion(value: dict[str, Any]) -> None:
    created = value.get("created")
    if isinstance(created, str) and created.isdecimal() and created.isascii():
        value["created"] = int(created)


def _adapt_chunk(value: dict[str, Any]) -> None:
    _adapt_completion(value)
    if "choices" in value and value["choices"] is None:
        value["choices"] = []


def _adapt_delta(value: dict[str, Any]) -> None:
    _adapt_message(value)
    if value.get("reasoning_content") is None and isinstance(value.get("reasoning"), str):
        value["reasoning_content"] = value["reasoning"]


def _adapt_function(value: dict[str, Any]) -> None:
    if isinstance(value.get("arguments"), dict | list):
        value["arguments"] = arguments_text(value["arguments"])


def arguments_text(arguments: object) -> str:
    """Return a function's arguments as text; some servers send them decoded."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _adapt_choice(value: dict[str, Any]) -> str | None:
    message = value.get("message")
    if isinstance(message, dict):
        fields = cast("dict[str, object]", message)
        if value.get("reasoning_content") is None:
            reasoning = fields.get("reasoning_content") or fields.get("reasoning")
            value["reasoning_content"] = reasoning if isinstance(reasoning, str) else None
    elif message is None and (value.get("finish_reason") == "content_filter" or "content_filter_results" in value):
        return ".message is missing: the server's content filter has withheld it"
    return None


def _adapt_message(value: dict[str, Any]) -> None:
    parts = value.get("content")
    if isinstance(parts, list):
        value["content"] = "".join(map(_text_of, cast("list[object]", parts)))
        value[PARTS] = parts


def _text_of(part: object) -> str:
    """Return the text of a part of a message's content; parts of other kinds have none."""
    text = cast("dict[str, object]", part).get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


# Turns an object as other servers send it into the contract's; returns why it cannot be used, if so.
ADAPT: Mapping[type, Callable[[dict[str, Any]], str | None]] = {
    models.ChatCompletion: _adapt_completion,
    models.ChatCompletionChunk: _adapt_chunk,
    models.ChunkDelta: _adapt_delta,
    models.FunctionCallDelta: _adapt_function,
    models.Choice: _adapt_choice,
    models.Message: _adapt_message,
}


def with_documents(result: models.RerankResult, documents: list[str]) -> models.RerankResult:
    """Return a rerank's result with the documents that the server left out, which are those of the request."""
    for ranked in result.results:
        if not ranked.document and 0 <= ranked.index < len(documents):
            ranked.document = documents[ranked.index]
    return result
