"""A chunk of a streamed chat completion: from decoded JSON, or from a whole completion that was not streamed."""

import re
from typing import Any, TypeVar, cast

from pixigpt._result import check
from pixigpt._shape import plain_fields
from pixigpt_api.models import ChatCompletion, ChatCompletionChunk, ChunkChoice, ChunkDelta

T = TypeVar("T")

_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")


def chunk_of(value: object) -> ChatCompletionChunk:
    """Return the chunk that decoded JSON is; raise UnexpectedShapeError if it is not a valid chunk."""
    return _common_chunk(value) or checked_chunk(value)


def checked_chunk(value: object) -> ChatCompletionChunk:
    """Do the same for a chunk of any form."""
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


def paired(text: str) -> str:
    """Return a text with a character in place of each surrogate pair.

    A server that cuts its text by UTF-16 units sends an emoji in two chunks, half a pair in the JSON of each. Together
    they are no character to Python, and cannot be printed or sent again.
    """
    if text.isascii():
        return text
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)


def before_half(text: str) -> tuple[str, str]:
    """Return a text up to the half of a surrogate pair that it may end with, and that half."""
    is_half = "\ud800" <= text[-1] <= "\udbff"
    return (paired(text[:-1]), text[-1]) if is_half else (paired(text), "")


def whole_chunk(completion: ChatCompletion) -> ChatCompletionChunk:
    """Return a whole completion as one chunk."""
    fields = completion.to_dict()
    for choice in fields["choices"]:
        choice["delta"] = delta = choice.pop("message")
        if not isinstance(delta.get("reasoning_content"), str):  # a message may hold anything there, a delta only text
            delta.pop("reasoning_content", None)
        for index, call in enumerate(delta.get("tool_calls") or ()):
            call["index"] = index
    return chunk_of({**fields, "object": "chat.completion.chunk"})


def _common_chunk(value: object) -> ChatCompletionChunk | None:
    """Return the chunk if it is like nearly all of them, one choice with some text; None if it is not.

    That takes a third of the time of the check and the generated parser, which both have to expect anything. That the
    chunk is the same is a property that the tests hold.
    """
    fields = _object(value)
    choice = _object(_only(fields.get("choices")))
    delta = _object(choice.get("delta"))
    made = None if not delta or "reasoning" in delta else _filled(ChunkDelta, delta)
    made_choice = None if made is None else _filled(ChunkChoice, choice, delta=made)
    return None if made_choice is None else _filled(ChatCompletionChunk, fields, choices=[made_choice])


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if type(value) is dict else {}


def _only(value: object) -> object:
    items = cast("list[object]", value) if type(value) is list else []
    return items[0] if len(items) == 1 else None


def _filled(cls: type[T], fields: dict[str, Any], **made: object) -> T | None:
    """Return an object of a generated class, some of whose fields are made; None if another one is no plain value."""
    known = plain_fields(cast("type", cls))
    rest: dict[str, Any] = {}
    given = made.copy()
    for name, value in fields.items():
        row = known.get(name)
        if row is None or value is None:
            rest[name] = value
        elif type(value) in row[1]:
            given[row[0]] = value
        elif name not in made:
            return None
    filled: Any = cls(**given)
    filled.additional_properties = rest
    return cast("T", filled)
