"""The rule that stands in for a model: what was said comes back, so that a test knows the reply beforehand."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

import anyio
from attrs import frozen

from pixigpt.testing._chunks import deltas_of
from pixigpt.testing._errors import ServiceError
from pixigpt.testing._model import Finish, Question, Reply, RunEnd
from pixigpt.testing._sample import sample
from pixigpt.testing._semantics import vector, words
from pixigpt_api.models import (
    ChunkDelta,
    CreateEmbeddingRequest,
    EmbeddingList,
    EmbeddingUsage,
    EmbeddingVector,
    FunctionCall,
    Message,
    RunStatus,
    Tool,
    ToolCall,
    Usage,
)

_THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_LEAST_TOKENS_WITH_THINKING = 3000
_ENDINGS: tuple[tuple[str, RunStatus], ...] = (("/fail", "failed"), ("/cancel", "cancelled"), ("/expire", "expired"))


@frozen
class Rule:
    """The rule as a model, which takes its time over a run."""

    _run_seconds: float
    is_rule: bool = True
    name: str = "pixi-local"

    async def reply(self, question: Question) -> Reply:
        """Return the reply to a conversation."""
        return reply(question)

    def stream(self, question: Question) -> list[ChunkDelta | Finish]:
        """Return the reply word by word."""
        return list(deltas_of(reply(question)))

    async def run(self, question: Question, begin: Callable[[], None]) -> RunEnd:
        """End a run as its last message says."""
        await self.take_time(begin)
        status = _ending(last_said(question.messages))
        return RunEnd(status, reply(question) if status == "completed" else None)

    async def take_time(self, begin: Callable[[], None]) -> None:
        """Let a run be queued for a while, then in progress."""
        await anyio.sleep(self._run_seconds / 4)
        begin()
        await anyio.sleep(self._run_seconds * 3 / 4)

    async def embed(self, body: CreateEmbeddingRequest) -> EmbeddingList:
        """Return vectors that lie close together where texts share words."""
        texts = [body.input_] if isinstance(body.input_, str) else body.input_
        vectors = [
            EmbeddingVector(object_="embedding", embedding=vector(text), index=index)
            for index, text in enumerate(texts)
        ]
        tokens = sum(len(words(text)) for text in texts)
        counted = EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens)
        return EmbeddingList(object_="list", data=vectors, usage=counted)

    def open(self) -> None:
        """Do nothing: there is nothing to open."""

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""


def reply(question: Question) -> Reply:
    """Return the reply to a conversation; raise ServiceError if a tool's parameters cannot be satisfied."""
    messages, instructions = question.messages, question.instructions
    last = messages[-1] if messages else Message(role="user", content="")
    reasoning = f"The last message has {_tokens(_said(last))} words." if question.thinking else None
    if question.tools and last.role == "user":
        calls = [_tool_call(question.tools, _said(last), number=len(messages))]
        return Reply(None, reasoning, calls, "tool_calls", usage_of(messages, instructions, reasoning, None))
    content, is_whole = _shortened(_echo(last, messages), question.max_tokens, thinking=question.thinking)
    usage = usage_of(messages, instructions, reasoning, content)
    return Reply(content, reasoning, None, "stop" if is_whole else "length", usage)


def last_said(messages: Sequence[Message]) -> str:
    """Return the last message's text, which a command may begin."""
    return (messages[-1].content or "") if messages else ""


def _ending(said: str) -> RunStatus:
    for command, status in _ENDINGS:
        if said.startswith(command):
            return status
    return "completed"


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
    arguments = json.dumps(_arguments(schema))
    return ToolCall(id=f"call_{number}", function=FunctionCall(name=function.name, arguments=arguments))


def _arguments(schema: Mapping[str, object]) -> object:
    if schema["type"] != "object":
        raise ServiceError(400, "No arguments can be made for the tool: a function's parameters are an object.")
    try:
        return sample(schema)
    except ValueError as cause:
        raise ServiceError(400, f"No arguments can be made for the tool: {cause}.") from cause


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
