"""What goes into `map_embeddings` and comes out of it: texts in batches, their vectors in the texts' order."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any, cast

from pixigpt._checks import of_type, optional, positive_int
from pixigpt.bulk._engine import Work
from pixigpt.bulk._plan import Plan, Speed, check_input, new_key
from pixigpt.errors import APIResponseError
from pixigpt_api.models import EmbeddingList

Vector = list[float]


def vector_plan(
    speed: Speed, total_timeout: float | None, model: str | None, batch_size: int
) -> Plan[EmbeddingList, list[Vector]]:
    """Return the plan of `map_embeddings`; raise TypeError if an argument is bad."""
    optional(of_type(str))("model", model)

    def read(index: int, texts: object) -> Work[EmbeddingList]:
        for number, text in enumerate(cast("list[object]", texts), index * batch_size):
            of_type(str)(f"texts[{number}]", text)
        return Work(index, None, texts, {"input": texts, "model": model}, new_key())

    return Plan(speed, total_timeout, read, _call, _tokens, _vectors)


def batches(texts: Iterable[object], size: int) -> Iterator[list[object]]:
    """Return an iterator of the texts in lists of a size, the last one shorter; raise if an argument is bad."""
    check_input("texts", texts, Iterable)
    positive_int("batch_size", size)
    left = iter(texts)
    return iter(lambda: list(islice(left, size)), [])


def async_batches(
    texts: Iterable[object] | AsyncIterable[object], size: int
) -> Iterator[list[object]] | AsyncIterator[list[object]]:
    """Return what `batches` returns, of an iterable of either kind."""
    if not isinstance(texts, AsyncIterable):
        return batches(texts, size)
    positive_int("batch_size", size)
    return _AsyncBatches(texts, size)


class _AsyncBatches(AsyncIterator[list[object]]):
    def __init__(self, texts: AsyncIterable[object], size: int) -> None:
        self._left = aiter(texts)
        self._size = size

    async def __anext__(self) -> list[object]:
        batch: list[object] = []
        async for text in self._left:
            batch.append(text)
            if len(batch) == self._size:
                return batch
        if not batch:
            raise StopAsyncIteration
        return batch


def _call(client: Any, work: Work[EmbeddingList]) -> Any:  # noqa: ANN401  # of either client
    return client.create_embedding(**work.arguments)


def _tokens(result: EmbeddingList) -> float:
    return result.usage.total_tokens


def _vectors(work: Work[EmbeddingList]) -> list[Vector]:
    """Return the vectors of a batch; raise its error if it failed, since a vector has no place for one."""
    if work.error is not None:
        raise work.error
    result, texts = cast("EmbeddingList", work.result), cast("list[str]", work.request)
    if sorted(each.index for each in result.data) != list(range(len(texts))):
        raise APIResponseError(f"the server returned {len(result.data)} vectors for {len(texts)} texts")
    return [each.embedding for each in sorted(result.data, key=lambda each: each.index)]
