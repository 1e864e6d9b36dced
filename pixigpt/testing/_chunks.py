"""A reply as the chunks of a stream: word by word, a call's arguments in three pieces."""

import re
from collections.abc import Iterator
from itertools import pairwise

from attrs import frozen

from pixigpt.testing._model import Finish, LanguageModel, Reply
from pixigpt_api.models import (
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


def deltas_of(reply: Reply) -> Iterator[ChunkDelta | Finish]:
    """Yield a reply in pieces, then its end."""
    # The first content is empty, not absent, where there is text: so an empty text stays a text.
    yield ChunkDelta(role="assistant", content=None if reply.content is None else "")
    for word in _words(reply.reasoning or ""):
        yield ChunkDelta(reasoning_content=word)
    for word in _words(reply.content or ""):
        yield ChunkDelta(content=word)
    for index, call in enumerate(reply.tool_calls or []):
        for piece in _call_pieces(index, call):
            yield ChunkDelta(tool_calls=[piece])
    yield Finish(reply.finish_reason, reply.usage)


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


@frozen
class ChunkMaker:
    """Makes the chunks of one completion, which have its id, time and model in common."""

    _id: str
    _created: int
    _model: LanguageModel
    _include_usage: bool

    def chunks(self, piece: ChunkDelta | Finish) -> Iterator[ChatCompletionChunk]:
        """Yield the chunk of a delta, or those of the end."""
        if isinstance(piece, ChunkDelta):
            yield self._chunk([_choice(piece)])
        else:
            yield self._chunk([_choice(ChunkDelta(), piece.finish_reason)])
            if self._include_usage:
                yield self._chunk([], piece.usage)

    def _chunk(self, choices: list[ChunkChoice], usage: Usage | None = None) -> ChatCompletionChunk:
        return ChatCompletionChunk(
            id=self._id,
            object_="chat.completion.chunk",
            created=self._created,
            model=self._model.name,  # which an upstream may tell with its first piece
            choices=choices,
            usage=usage,
        )


def _choice(delta: ChunkDelta, finish_reason: FinishReason | None = None) -> ChunkChoice:
    return ChunkChoice(index=0, delta=delta, finish_reason=finish_reason)
