"""What only the async batch needs: rows that are read in threads, and callbacks that may be async."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isawaitable
from itertools import islice
from typing import TypeVar

import anyio.to_thread

T = TypeVar("T")

_PIECE = 64


class Rows(AsyncIterator[object]):
    """Rows that are read in another thread, some at a time, since a file may be slow."""

    def __init__(self, rows: Iterator[object]) -> None:
        self._rows = rows
        self._ready: deque[object] = deque()

    async def __anext__(self) -> object:
        if not self._ready:
            self._ready.extend(await in_thread(lambda: list(islice(self._rows, _PIECE))))
        if not self._ready:
            raise StopAsyncIteration
        return self._ready.popleft()


async def in_thread(function: Callable[[], T]) -> T:
    """Call a function in another thread, since it may block."""
    return await anyio.to_thread.run_sync(function)


async def awaited(result: object) -> None:
    """Await what a callback has returned, if it can be awaited."""
    if isawaitable(result):
        await result
