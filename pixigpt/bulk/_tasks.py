"""Drives a bulk run for the async client, on asyncio and on trio; the counterpart of `_threads`."""

from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextvars import Context, copy_context
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import anyio
from attrs import define, field

from pixigpt._capture import capture_responses
from pixigpt._clock import block_end
from pixigpt._retry import is_paced
from pixigpt.bulk._background import Background
from pixigpt.bulk._engine import Work
from pixigpt.bulk._items import BatchItem
from pixigpt.bulk._plan import AnyClient, Plan, check_input, item_options
from pixigpt.errors import PixiGPTError
from pixigpt_api.models import ChatCompletion

T = TypeVar("T")
R = TypeVar("R")

_LONGEST_CLOSE = 1.0
# A bad argument, or the user's own: the iterator raises it, since what leaves a task of the run's would end the loop.
_FAILURES = (Exception, SystemExit, KeyboardInterrupt)


class _AutoResetEvent:
    """What tasks wait for and others set; it is reset by who waits, so that no setting is lost."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: set[anyio.Event] = set()

    def set(self) -> None:
        """Wake the tasks that wait, or the next one that would."""
        self._is_set = not self._waiting
        while self._waiting:
            self._waiting.pop().set()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until it is set, or the time has run out."""
        if self._is_set:
            self._is_set = False
            return
        event = anyio.Event()
        self._waiting.add(event)
        try:
            with anyio.move_on_after(seconds):
                await event.wait()
        finally:
            self._waiting.discard(event)


@define(eq=False)
class _Workers(Generic[T]):
    """The tasks of a run, and what they share. It does not know the iterator, which can so be dropped while open."""

    client: AnyClient
    source: Iterable[object] | AsyncIterable[object]
    plan: Plan[T, Any]
    context: Context = field(init=False, factory=copy_context)
    has_work: _AutoResetEvent = field(init=False, factory=_AutoResetEvent)
    has_item: _AutoResetEvent = field(init=False, factory=_AutoResetEvent)
    has_room: _AutoResetEvent = field(init=False, factory=_AutoResetEvent)

    async def run(self) -> None:
        """Read the input and start what may start, until the run is over."""
        engine = self.plan.engine
        try:
            async with anyio.create_task_group() as tasks:
                feeding = anyio.CancelScope()
                tasks.start_soon(self._feed, feeding)
                while not engine.is_stopped:
                    step = engine.next()
                    if isinstance(step, Work):
                        tasks.start_soon(self._work, step)
                    else:
                        await self.has_work.wait(step)
                feeding.cancel()
        finally:
            engine.stop()
            self.has_item.set()

    async def _feed(self, scope: anyio.CancelScope) -> None:
        with scope:
            await self._read_all()
        self.plan.engine.is_input_over = True
        self.has_item.set()

    async def _read_all(self) -> None:
        engine = self.plan.engine
        try:
            async for request in self.source if isinstance(self.source, AsyncIterable) else _FromSync(self.source):
                engine.add(self.plan.read(engine.added, request))
                if engine.startable:
                    self.has_work.set()
                while not engine.has_room:
                    await self.has_room.wait()
        except _FAILURES as failure:
            self.plan.engine.break_(failure)
            self.has_work.set()

    async def _work(self, work: Work[T] | float | None) -> None:
        """Work on one item after the other, as long as there is one to start."""
        is_paced.set(True)
        while isinstance(work, Work):
            try:
                await self._perform(work)
            except _FAILURES as failure:
                self.plan.engine.abort(failure)
                self.has_work.set()
            self.has_item.set()
            work = self.plan.engine.next()
        if work is not None or self.plan.engine.startable or self.plan.engine.is_stopped:
            self.has_work.set()

    def wake(self) -> None:
        """Wake everybody, for something has changed."""
        self.has_work.set()
        self.has_item.set()

    async def _perform(self, work: Work[T]) -> None:
        plan = self.plan
        client = self.client.with_options(**item_options(work))
        try:
            with capture_responses() as responses:
                result: T = await plan.call(client, work)
        except PixiGPTError as error:
            plan.engine.fail(work, error)
        else:
            plan.succeed(work, result, responses)


class _FromSync(AsyncIterator[object]):
    """An iterable as an async iterator; no async generator, which would want to be closed in the task that runs it."""

    def __init__(self, source: Iterable[object]) -> None:
        self._left = iter(source)

    async def __anext__(self) -> object:
        for request in self._left:
            return request
        raise StopAsyncIteration


class _AsyncClosing(AsyncIterator[R]):
    """An iterator that is closed at the end of a block."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    @abstractmethod
    async def aclose(self) -> None: ...


class AsyncItems(_AsyncClosing[R], Generic[T, R]):
    """The items of a bulk run as they end; an async iterator, to be closed when it is left early.

    An `async for` loop that is left drops it, which cancels the calls in flight soon after. To have it done when the
    next line runs, use `contextlib.aclosing`.

    Example:
        >>> from contextlib import aclosing
        >>> async with aclosing(client.map_chat_completions(["Hi!"], assistant_id=assistant_id)) as items:
        ...     print((await anext(items)).text)
        You said: Hi!
    """

    def __init__(self, client: AnyClient, requests: Iterable[object] | AsyncIterable[object], plan: Plan[T, R]) -> None:
        check_input("requests", requests, Iterable, AsyncIterable)
        self._workers = _Workers(client, requests, plan)
        self._plan = plan
        self._background: Background | None = None
        self._is_over = False

    async def __anext__(self) -> R:
        if self._is_over:
            raise StopAsyncIteration
        try:
            if (work := await self._take()) is not None:
                return self._plan.show(work)
        except BaseException:
            self._cancel()
            raise
        await self.aclose()
        raise StopAsyncIteration

    def __del__(self) -> None:
        if not vars(self).get("_is_over", True):
            self._cancel()

    async def aclose(self) -> None:
        """End the run: nothing more is sent, and the calls in flight are cancelled.

        Example:
            >>> items = client.map_chat_completions(["Hi!"])
            >>> await items.aclose()
        """
        self._is_over = True
        if self._background is not None:
            await self._background.aclose(_LONGEST_CLOSE)

    def stop(self, patience: float) -> None:
        """Start nothing more; what is in flight can still be iterated, for `patience` seconds. From any thread.

        Example:
            >>> items = client.map_chat_completions(["Hi!"])
            >>> items.stop(patience=1.0)
            >>> [item.text async for item in items]
            []
        """
        self._plan.engine.stop(patience)
        if self._background is not None:
            self._background.call_soon(self._workers.wake)

    def _cancel(self) -> None:
        self._is_over = True
        if self._background is not None:
            self._background.cancel()

    async def _take(self) -> Work[T] | None:
        """Return the next item that is ready; None at the end."""
        engine, workers, end = self._plan.engine, self._workers, block_end()
        if self._background is None:
            self._background = Background(workers.run, workers.context)
        while not self._is_over:  # another task may close it meanwhile
            if (work := engine.take()) is not None or engine.is_over:
                workers.has_room.set()
                return work
            left = engine.patience(end)
            if left == 0:
                break
            await workers.has_item.wait(left)
        return None


AsyncBatchItems = AsyncItems[ChatCompletion, BatchItem]


class AsyncVectors(_AsyncClosing[list[float]]):
    """The vectors of `map_embeddings`, one for each text, in the texts' order; closed as `AsyncItems` are.

    Example:
        >>> [len(vector) async for vector in client.map_embeddings(["A cat.", "A dog."])]
        [1024, 1024]
    """

    def __init__(self, batches: AsyncItems[Any, list[list[float]]]) -> None:
        self._batches = batches
        self._ready: deque[list[float]] = deque()

    async def __anext__(self) -> list[float]:
        while not self._ready:
            self._ready.extend(await anext(self._batches))
        return self._ready.popleft()

    async def aclose(self) -> None:
        """End the run, as leaving the loop does.

        Example:
            >>> vectors = client.map_embeddings(["A cat."])
            >>> await vectors.aclose()
        """
        self._ready.clear()
        await self._batches.aclose()
