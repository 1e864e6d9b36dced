"""A whole completion as the chunks of a stream: word by word, a call's arguments in three pieces."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pixigpt_api.models import (
    ChatCompletion,
    ChatCompletionChunk,
    ChunkChoice,
    ChunkDelta,
    FinishReason,
    FunctionCallDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)

_PIECES = 3


def chunks_of(completion: ChatCompletion, *, include_usage: bool) -> Iterator[ChatCompletionChunk]:
    """Yield the chunks that merge into a completion of one choice."""
    (choice,) = completion.choices
    for delta in _deltas(choice.message.content, choice.reasoning_content, choice.message.tool_calls or []):
        yield _chunk(completion, [_choice(delta)])
    yield _chunk(completion, [_choice(ChunkDelta(), choice.finish_reason)])
    if include_usage:
        yield _chunk(completion, [], completion.usage)


def _deltas(content: str | None, reasoning: str | None, calls: list[ToolCall]) -> Iterator[ChunkDelta]:
    # The first content is empty, not absent, where there is text: so an empty text stays a text.
    yield ChunkDelta(role="assistant", content=None if content is None else "")
    for word in _words(reasoning or ""):
        yield ChunkDelta(reasoning_content=word)
    for word in _words(content or ""):
        yield ChunkDelta(content=word)
    for index, call in enumerate(calls):
        for piece in _call_pieces(index, call):
            yield ChunkDelta(tool_calls=[piece])


def _words(text: str) -> list[str]:
    """Split a text into words, each with the whitespace before it, so that joined they are the text."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def _call_pieces(index: int, call: ToolCall) -> Iterator[ToolCallDelta]:
    """Yield a call in pieces; its id, its type and its function's name come with the first one only."""
    text = call.function.arguments
    ends = [len(text) * piece // _PIECES for piece in range(_PIECES + 1)]
    first, *rest = (text[start:end] for start, end in pairwise(ends))
    yield ToolCallDelta(
        index=index,
        id=call.id,
        type_="function",
        function=FunctionCallDelta(name=call.function.name, arguments=first),
    )
    for arguments in rest:
        yield ToolCallDelta(index=index, function=FunctionCallDelta(arguments=arguments))


def _choice(delta: ChunkDelta, finish_reason: FinishReason | None = None) -> ChunkChoice:
    return ChunkChoice(index=0, delta=delta, finish_reason=finish_reason)


def _chunk(whole: ChatCompletion, choices: list[ChunkChoice], usage: Usage | None = None) -> ChatCompletionChunk:
    return ChatCompletionChunk(
        id=whole.id,
        object_="chat.completion.chunk",
        created=whole.created,
        model=whole.model,
        choices=choices,
        usage=usage,
    )
