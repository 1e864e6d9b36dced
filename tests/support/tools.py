"""Chat completions that call tools, and whether a conversation is one that a server accepts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from support.samples import USAGE

QUESTION = [{"role": "user", "content": "Warm in Paris?"}]

Call = tuple[str, str, str]  # id, name, arguments


def completion(content: str | None = None, calls: Sequence[Call] = (), finish_reason: str | None = None) -> Any:
    """Return a chat completion as JSON."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
            for call_id, name, arguments in calls
        ]
    reason = finish_reason or ("tool_calls" if calls else "stop")
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": USAGE,
    }


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def violations(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return where a conversation is not valid: each call id is there once, and has one result right behind."""
    found: list[str] = []
    seen: set[str] = set()
    for place, message in enumerate(messages):
        ids = [call["id"] for call in message.get("tool_calls") or []]
        behind: list[str] = []
        for later in messages[place + 1 :]:
            if later["role"] != "tool":
                break
            behind.append(later["tool_call_id"])
        if message["role"] == "assistant" and sorted(ids) != sorted(behind):
            found.append(f"messages[{place}] has the calls {ids}, and behind it come results of {behind}")
        texts = [call["function"]["arguments"] for call in message.get("tool_calls") or []]
        found += [f"the arguments {text!r} are no JSON object" for text in texts if not _is_object(text)]
        found += [f"the id {each!r} is there twice, or empty" for each in ids if each in seen or not each]
        seen |= set(ids)
        if message.get("content") is None and not ids:
            found.append(f"messages[{place}] has no content")
    return found
