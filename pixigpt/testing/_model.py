"""The rule that stands in for a model: what was said comes back, so that a test knows the reply beforehand."""

import json
import re
from collections.abc import Sequence

from attrs import frozen

from pixigpt.testing._sample import sample
from pixigpt_api.models import FinishReason, FunctionCall, Message, Tool, ToolCall, Usage

_THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_LEAST_TOKENS_WITH_THINKING = 3000


@frozen
class Reply:
    """What the model says."""

    content: str | None
    reasoning: str | None
    tool_calls: list[ToolCall] | None
    finish_reason: FinishReason
    usage: Usage


def reply(
    messages: Sequence[Message],
    instructions: str,
    *,
    thinking: bool,
    tools: Sequence[Tool] | None = None,
    max_tokens: int | None = None,
) -> Reply:
    """Return the reply to a conversation; raise ValueError if a tool's parameters cannot be satisfied."""
    last = messages[-1] if messages else Message(role="user", content="")
    reasoning = f"The last message has {_tokens(_said(last))} words." if thinking else None
    if tools and last.role == "user":
        calls = [_tool_call(tools, _said(last), number=len(messages))]
        return Reply(None, reasoning, calls, "tool_calls", usage_of(messages, instructions, reasoning, None))
    content, is_whole = _shortened(_echo(last, messages), max_tokens, thinking=thinking)
    usage = usage_of(messages, instructions, reasoning, content)
    return Reply(content, reasoning, None, "stop" if is_whole else "length", usage)


def _echo(last: Message, messages: Sequence[Message]) -> str:
    if last.role == "tool":
        return f"The tool answered: {_said(last)}"
    said = [_said(message) for message in messages if message.role == "user"]
    if len(said) < 2:
        return f"You said: {_said(last)}"
    return f"You said: {_said(last)} (Before that: {' / '.join(said[:-1])})"


def _said(message: Message) -> str:
    """Return a message's text as the service stores it: trimmed, without think tags."""
    return _THINKING.sub("", message.content or "").strip()


def _tool_call(tools: Sequence[Tool], said: str, number: int) -> ToolCall:
    function = next((tool.function for tool in tools if tool.function.name in said), tools[0].function)
    schema = {"type": "object", **(function.parameters.to_dict() if function.parameters else {})}
    if schema["type"] != "object":
        raise ValueError("a function's parameters are an object")
    arguments = json.dumps(sample(schema))
    return ToolCall(id=f"call_{number}", function=FunctionCall(name=function.name, arguments=arguments))


def _shortened(content: str, max_tokens: int | None, *, thinking: bool) -> tuple[str, bool]:
    if max_tokens is None:
        return content, True
    most = max(int(max_tokens), _LEAST_TOKENS_WITH_THINKING if thinking else 1)
    words = content.split(" ")
    return " ".join(words[:most]), len(words) <= most


def usage_of(messages: Sequence[Message], instructions: str, reasoning: str | None, content: str | None) -> Usage:
    """Count the tokens of a conversation and of the reply to it."""
    read = _tokens(instructions) + sum(_tokens(_said(message)) for message in messages)
    written = _tokens(reasoning or "") + _tokens(content or "")
    return usage(read, written)


def usage(read: int, written: int) -> Usage:
    """Count the tokens of a call."""
    return Usage(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


def _tokens(text: str) -> int:
    return len(text.split())
