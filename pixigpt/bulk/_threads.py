"""Drives a bulk run for the sync client: worker threads make the calls, the caller's thread reads the input."""

import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import Context, copy_context
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from attrs import define, field

from pixigpt._capture import capture_responses
from pixigpt._clock import block_end
from pixigpt._retry import is_paced
from pixigpt._transport.abort import Abort, AbortedError, current_abort
from pixigpt.bulk._engine import Work
from pixigpt.bulk._items import BatchItem
from pixigpt.bulk._plan import AnyClient, Plan, check_input, item_options
from pixigpt.errors import PixiGPTError
from pixigpt_api.models import ChatCompletion

T = TypeVar("T")
R = TypeVar("R")

_LONGEST_CLOSE = 1.0


@define(eq=False)
class _Workers(Generic[T]):
    """The workers of a run, and what they share. It does not know the iterator, which can so be dropped while open."""

    client: AnyClient
    plan: Plan[T, Any]
    context: Context = field(init=False, factory=copy_context)
    abort: Abort = field(init=False, factory=Abort)
    lock: threading.RLock = field(init=False, factory=threading.RLock)
    has_work: threading.Condition = field(init=False)
    has_item: threading.Condition = field(init=False)
    threads: list[threading.Thread] = field(init=False, factory=list[threading.Thread])
    is_closed: bool = field(init=False, default=False)
    _keeps_time: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self.has_work, self.has_item = threading.Condition(self.lock), threading.Condition(self.lock)

    def add(self, work: Work[T]) -> None:
        """Queue an item; start another worker if all are busy."""
        with self.lock:
            engine = self.plan.engine
            engine.add(work)
            self.has_work.notify()
            available = len(self.threads) - engine.in_flight
            if available < engine.startable and len(self.threads) < engine.concurrency:
                self._start_worker()

    def close(self, seconds: float) -> None:
        """Shut down what is in flight, and wait so long for the workers to notice."""
        with self.lock:
            self.is_closed = True
            self.plan.engine.stop()
            self.has_work.notify_all()
            self.has_item.notify_all()
        self.abort.set()
        end = time.monotonic() + seconds
        for thread in self.threads if seconds else ():  # the garbage collector may call in one of them
            thread.join(max(0.0, end - time.monotonic()))

    def _start_worker(self) -> None:
        name = f"pixigpt-bulk-{len(self.threads)}"
        # As daemons they do not keep a program from ending whose loop was left by an exception.
        thread = threading.Thread(target=self.context.copy().run, args=(self._work,), name=name, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _work(self) -> None:
        current_abort.set(self.abort)
        is_paced.set(True)
        try:
            while (work := self._next()) is not None:
                self._perform(work)
        except AbortedError:
            return
        except BaseException as failure:  # noqa: BLE001  # the iterator raises it
            with self.lock:
                self.plan.engine.abort(failure)
                self.has_item.notify()

    def _next(self) -> Work[T] | None:
        """Wait for an item to work on; return None when there will be no more."""
        engine = self.plan.engine
        with self.lock:
            while not self.is_closed:
                step = engine.next()
                if isinstance(step, Work):
                    if engine.startable:
                        self.has_work.notify()
                    return step
                self._wait(step)
        return None

    def _wait(self, seconds: float | None) -> None:
        """Wait until there may be something to do. Of all that wait, one keeps the time."""
        if seconds is None or self._keeps_time:
            self.has_work.wait()
            return
        self._keeps_time = True
        try:
            self.has_work.wait(seconds)
        finally:
            self._keeps_time = False

    def _perform(self, work: Work[T]) -> None:
        plan = self.plan
        client = self.client.with_options(**item_options(work))
        try:
            with capture_responses() as responses:
                result: T = plan.call(client, work)
        except PixiGPTError as error:
            with self.lock:
                plan.engine.fail(work, error)
                self.has_item.notify()
            return
        with self.lock:
            plan.succeed(work, result, responses)
            self.has_item.notify()


class _Closing(Iterator[R]):
    """An iterator that is closed at the end of a block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None: ...


class Items(_Closing[R], Generic[T, R]):
    """The items of a bulk run as they end; an iterator, to be closed when it is left early.

    A `for` loop that is left drops it, which closes it too. Closing shuts the sockets of the calls in flight.

    Example:
        >>> from contextlib import closing
        >>> with closing(client.map_chat_completions(["Hi!"], assistant_id=assistant_id)) as items:
        ...     print(next(items).text)
        You said: Hi!
    """

    def __init__(self, client: AnyClient, requests: Iterable[object], plan: Plan[T, R]) -> None:
        check_input("requests", requests, Iterable)
        self._workers = _Workers(client, plan)
        self._plan = plan
        self._source = enumerate(requests)
        self._reading = threading.RLock()  # else a thread may come to the end before another has added what it read
        self._is_over = False

    def __next__(self) -> R:
        if self._is_over:
            raise StopIteration
        try:
            if (work := self._take()) is not None:
                return self._plan.show(work)
        except BaseException:
            self._close(0.0)
            raise
        self._close(_LONGEST_CLOSE)
        raise StopIteration

    def __del__(self) -> None:
        if not vars(self).get("_is_over", True):
            self._close(0.0)

    def close(self) -> None:
        """End the run: nothing more is sent, and what is in flight is given up.

        Example:
            >>> items = client.map_chat_completions(["Hi!"])
            >>> items.close()
        """
        self._close(_LONGEST_CLOSE)

    def stop(self, patience: float) -> None:
        """Start nothing more; what is in flight can still be iterated, for `patience` seconds.

        Example:
            >>> items = client.map_chat_completions(["Hi!"])
            >>> items.stop(patience=1.0)
            >>> [item.text for item in items]
            []
        """
        with self._workers.lock:
            self._plan.engine.stop(patience)
            self._workers.has_item.notify()

    def _take(self) -> Work[T] | None:
        """Return the next item that is ready; None at the end. In between, read the input as far as there is room."""
        engine, end = self._plan.engine, block_end()
        if engine.is_starving:  # nobody else reads on, however slow the user of the items is
            self._read()
        while True:
            with self._workers.lock:
                if self._is_over:  # another thread has closed it
                    return None
                if (work := engine.take()) is not None or engine.is_over:
                    return work
                if not engine.has_room:
                    left = engine.patience(end)
                    if left == 0:
                        return None
                    self._workers.has_item.wait(left)
                    continue
            self._read()

    def _read(self) -> None:
        engine = self._plan.engine
        with self._reading:
            if not engine.has_room:
                return
            try:
                index, request = next(self._source)
                work = self._plan.read(index, request)
            except StopIteration:
                with self._workers.lock:
                    engine.is_input_over = True
            except Exception as failure:  # noqa: BLE001  # raised once the items that are ready are taken
                with self._workers.lock:
                    engine.break_(failure)
            else:
                self._workers.add(work)

    def _close(self, seconds: float) -> None:
        self._is_over = True
        self._workers.close(seconds)


BatchItems = Items[ChatCompletion, BatchItem]


class Vectors(_Closing[list[float]]):
    """The vectors of `map_embeddings`, one for each text, in the texts' order; closed as `Items` are.

    Example:
        >>> [len(vector) for vector in client.map_embeddings(["A cat.", "A dog."])]
        [1024, 1024]
    """

    def __init__(self, batches: Items[Any, list[list[float]]]) -> None:
        self._batches = batches
        self._ready: deque[list[float]] = deque()

    def __next__(self) -> list[float]:
        while not self._ready:
            self._ready.extend(next(self._batches))
        return self._ready.popleft()

    def close(self) -> None:
        """End the run, as leaving the loop does.

        Example:
            >>> vectors = client.map_embeddings(["A cat."])
            >>> vectors.close()
        """
        self._ready.clear()
        self._batches.close()
