"""A chunk of a streamed chat completion: from decoded JSON, or from a whole completion that was not streamed."""

from typing import Any, cast

from pixigpt._result import check
from pixigpt_api.models import ChatCompletion, ChatCompletionChunk


def chunk_of(value: object) -> ChatCompletionChunk:
    """Return the chunk that decoded JSON is; raise UnexpectedShapeError if it is none."""
    check("the chunk", value, ChatCompletionChunk)
    return ChatCompletionChunk.from_dict(cast("dict[str, Any]", value))


def text_of(chunk: ChatCompletionChunk) -> str:
    """Return what the first choice's text gains by a chunk."""
    texts = [
        choice.delta.content
        for place, choice in enumerate(chunk.choices)
        if choice.delta is not None and choice.delta.content and (place if choice.index is None else choice.index) == 0
    ]
    return "".join(texts)


def whole_chunk(completion: ChatCompletion) -> ChatCompletionChunk:
    """Return a whole completion as one chunk."""
    fields = completion.to_dict()
    for choice in fields["choices"]:
        choice["delta"] = delta = choice.pop("message")
        for index, call in enumerate(delta.get("tool_calls") or ()):
            call["index"] = index
    return chunk_of({**fields, "object": "chat.completion.chunk"})
