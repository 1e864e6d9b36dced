"""Replies: what the next chat completions and runs say when a test tells the server."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from attrs import define, field

from pixigpt import _checks
from pixigpt.testing._model import Reply
from pixigpt.testing._requests import ReceivedRequest, condition
from pixigpt.testing._rule import usage_of
from pixigpt_api.models import FinishReason, FunctionCall, Message, ToolCall, Usage

ToolCallLike = tuple[str, Mapping[str, object] | str]


def _status(name: str, value: object) -> None:
    if not isinstance(value, int) or not 200 <= value < 600:
        raise ValueError(f"{name} must be an HTTP status from 200 to 599, not {value!r}")


def _tool_calls(name: str, value: object) -> None:
    """Check for pairs of a function's name and its arguments."""
    for call in cast("Sequence[object]", value if isinstance(value, list | tuple) else [value]):
        parts = cast("Sequence[object]", call if isinstance(call, list | tuple) else [])
        if not (len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], Mapping | str)):
            raise TypeError(f'{name} must be pairs such as ("get_weather", {{"city": "Paris"}}), not {call!r}')
        _json(name, cast("object", parts[1]))


def _body(name: str, value: object) -> None:
    if not isinstance(value, bytes):
        _json(name, value)


def _json(name: str, value: object) -> None:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError) as cause:
        raise TypeError(f"{name} must be what JSON can hold: {cause}") from cause


def counted(usage: Mapping[str, object] | None) -> Usage | None:
    """Return the tokens to report, if they are given: a count that is missing is 0, a missing total is the sum."""
    if usage is None:
        return None
    _checks.of_type(Mapping)("usage", usage)
    counts = {"prompt_tokens": 0, "completion_tokens": 0, **usage}
    for name in ("prompt_tokens", "completion_tokens"):
        _checks.non_negative_int(f"usage: {name}", counts[name])
    total = cast("int", counts["prompt_tokens"]) + cast("int", counts["completion_tokens"])
    return Usage.from_dict({"total_tokens": total, **counts})


_SHOWN = ("content", "tool_calls", "reasoning", "finish_reason", "usage", "body")
_TEXT = _checks.validator(_checks.optional(_checks.of_type(str)))


@define
class PlannedReply:
    """What to say, how often, and to which requests.

    With a `body`, or a status other than 200, it is the whole HTTP response.
    """

    content: str | None = field(validator=_TEXT)
    tool_calls: Sequence[ToolCallLike] = field(validator=_checks.validator(_tool_calls))
    reasoning: str | None = field(validator=_TEXT)
    finish_reason: FinishReason | None = field(validator=_TEXT)
    usage: Usage | None
    body: object = field(validator=_checks.validator(_body))
    status: int = field(validator=_checks.validator(_status))
    times: int | None = field(validator=_checks.validator(_checks.optional(_checks.non_negative_int)))
    when: Callable[[ReceivedRequest], bool] | None = field(validator=_checks.validator(_checks.optional(condition)))
    is_used: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        if self.is_whole_response:
            return
        if self.content is None and not self.tool_calls and self.reasoning is None:
            raise ValueError("reply() needs content, tool_calls, reasoning, body or a status")

    @property
    def is_whole_response(self) -> bool:
        """Whether it is the HTTP response as it stands, not something that the model says."""
        return self.body is not None or self.status != 200

    def matches(self, request: ReceivedRequest) -> bool:
        """Return whether a request gets it; a run, which calls no tools, gets none with tool calls."""
        if self.tool_calls and request.path.endswith("/runs"):
            return False
        return self.when is None or self.when(request)

    def said(self, messages: Sequence[Message], instructions: str) -> Reply:
        """Return it as the model's reply to a conversation."""
        calls = [
            _tool_call(call, f"call_{len(messages)}{f'_{place}' if place else ''}")
            for place, call in enumerate(self.tool_calls)
        ]
        content = self.content if self.content is not None or calls else ""
        usage = self.usage or usage_of(messages, instructions, self.reasoning, content)
        finish_reason = self.finish_reason or ("tool_calls" if calls else "stop")
        return Reply(content, self.reasoning, calls or None, finish_reason, usage)

    def __str__(self) -> str:
        """Return the call that asked for it."""
        given = {name: getattr(self, name) for name in _SHOWN} | {"tool_calls": list(self.tool_calls) or None}
        shown = [f"{name}={value!r}" for name, value in given.items() if value is not None]
        return f"reply({', '.join([*shown, f'status={self.status}, times={self.times}'])})"


def _tool_call(call: ToolCallLike, call_id: str) -> ToolCall:
    name, arguments = call
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(id=call_id, function=FunctionCall(name=name, arguments=text))
