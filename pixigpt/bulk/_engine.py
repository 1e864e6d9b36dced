"""Which item runs next, and what becomes of each: every decision of a bulk run, without I/O or threads.

A driver adds items as long as there is room, starts what `next()` returns, tells how each call ended, and takes the
items that are ready. Whatever else ends the run is raised by `take()`.
"""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from attrs import define, field

from pixigpt import errors
from pixigpt._clock import EARLY_TIMER, SYSTEM_CLOCK, Clock, earliest
from pixigpt._failure import is_refusal
from pixigpt._retry import retry_after
from pixigpt._settings import Options
from pixigpt.bulk._pace import Pace

T = TypeVar("T")

_FATAL = (errors.AuthenticationError, errors.PermissionDeniedError, errors.ClientClosedError)


@define(eq=False)
class Work(Generic[T]):
    """One item on its way through the engine."""

    index: int
    id: str | None
    request: object
    arguments: Mapping[str, Any]
    options: Options
    tokens: float = 0.0  # about as many as it needs
    first_start: float = 0.0
    last_start: float = -1.0
    end: float = math.inf
    attempts: int = 0
    elapsed: float = 0.0
    result: T | None = None
    error: errors.PixiGPTError | None = None

    def left(self, now: float) -> float | None:
        """Return the seconds that are left to it; None if there is no end."""
        return None if self.end == math.inf else max(self.end - now, 1e-3)


@define(eq=False)
class Engine(Generic[T]):
    """The state of a bulk run.

    Attributes:
        pace: How fast it may go.
        concurrency: The most calls in flight.
        is_ordered: Whether items are taken in the order in which they were added.
        max_failures: How many items may fail; the next one ends the run. None means any number.
        total_timeout: The seconds that each item has from its first start.
        end: When the run as a whole must end, by the clock.
    """

    pace: Pace
    concurrency: int
    is_ordered: bool = True
    max_failures: int | None = None
    total_timeout: float | None = None
    end: float | None = None
    clock: Clock = SYSTEM_CLOCK
    is_input_over: bool = field(init=False, default=False)
    is_stopped: bool = field(init=False, default=False)
    in_flight: int = field(init=False, default=0)
    added: int = field(init=False, default=0)
    _queue: deque[Work[T]] = field(init=False, factory=deque[Work[T]])
    _ready: deque[Work[T]] = field(init=False, factory=deque[Work[T]])
    _early: dict[int, Work[T]] = field(init=False, factory=dict[int, Work[T]])  # ended before one that comes first
    _held: int = field(init=False, default=0)
    _next_index: int = field(init=False, default=0)
    _failures: int = field(init=False, default=0)
    _seen: tuple[int, float] = field(init=False, default=(0, 0.0))  # how many items have succeeded, and their tokens
    _failure: BaseException | None = field(init=False, default=None)
    _stops_at: float = field(init=False, default=math.inf)

    @property
    def has_room(self) -> bool:
        """Whether another item may be added: at most twice `concurrency` are held."""
        return not (self.is_input_over or self.is_stopped) and self._held < 2 * self.concurrency

    @property
    def is_starving(self) -> bool:
        """Whether no item waits for its start."""
        return not self._queue

    @property
    def startable(self) -> int:
        """How many items could start, were the gate open."""
        return 0 if self.is_stopped else max(0, min(len(self._queue), self.pace.limit - self.in_flight))

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to start, to wait for, or to take."""
        is_fed = self.is_stopped or (self.is_input_over and not self._queue)
        return is_fed and not (self.in_flight or self._ready or self._early or self._failure)

    def add(self, work: Work[T]) -> None:
        """Queue an item."""
        self._held += 1
        self.added += 1
        self._queue.append(work)

    def next(self) -> Work[T] | float | None:
        """Return the item to start now, or the seconds until one may; None: not before something else happens."""
        if not self.startable:
            return None
        now, work = self.clock.monotonic(), self._queue[0]
        tokens = max(work.tokens, self._mean_tokens())
        wait = self.pace.wait(now, tokens)
        if wait > 0:
            return wait
        self._queue.popleft()
        self._start(work, now)
        work.tokens = tokens
        self.pace.start(now, tokens)
        return work

    def succeed(self, work: Work[T], result: T, attempts: int, tokens: float) -> None:
        """Note an item's result, and what it needed beyond what it was taken for."""
        self._leave(work, attempts)
        self.pace.accept()
        count, total = self._seen
        self._seen = count + 1, total + tokens
        self.pace.charge(self.clock.monotonic(), 0, tokens - work.tokens)
        work.result = result
        self._finish(work)

    def fail(self, work: Work[T], error: errors.PixiGPTError) -> None:
        """Note how a call failed: the item is repeated, has failed, or ends the run."""
        self._leave(work, error.attempts)
        work.error = error
        if isinstance(error, errors.APIError):
            if is_refusal(error):
                self._refuse(work, error)
                return
            self.pace.accept()
        is_fatal = isinstance(error, _FATAL)
        if isinstance(error, errors.DeadlineExceededError):
            is_fatal = self._ends_before(self.clock.monotonic() + EARLY_TIMER)
        self._fail(work, error, is_fatal=is_fatal)

    def abort(self, failure: BaseException) -> None:
        """End the run by what a call has raised that is no failure of its item."""
        self.in_flight -= 1
        self.break_(failure)

    def break_(self, failure: BaseException) -> None:
        """End the run by an exception, which `take()` raises once the items that are ready are taken."""
        self.is_stopped = True
        self._failure = self._failure or failure

    def stop(self, patience: float = math.inf) -> None:
        """Start nothing more, and wait so many seconds for what is in flight."""
        self.is_stopped = True
        self._stops_at = min(self._stops_at, self.clock.monotonic() + patience)

    def patience(self, block_end: float | None) -> float | None:
        """Return the seconds to wait for the next item, None meaning no limit; raise DeadlineExceededError if late.

        None are left when a run that was stopped has waited long enough.
        """
        now, end = self.clock.monotonic(), earliest(self.end, block_end)
        if end is not None and now >= end:
            raise errors.DeadlineExceededError("the deadline passed before the last item was done")
        left = min(self._stops_at, math.inf if end is None else end) - now
        return None if left == math.inf else max(0.0, left)

    def take(self) -> Work[T] | None:
        """Return the next item that is ready, if any; raise what ended the run."""
        if self.is_stopped and not (self.in_flight or self._failure):  # no item comes any more for which others wait
            self._ready.extend(self._early.pop(index) for index in sorted(self._early))
        if self._ready:
            self._held -= 1
            return self._ready.popleft()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return None

    def _start(self, work: Work[T], now: float) -> None:
        self.in_flight += 1
        if work.last_start < 0:
            work.first_start = now
            work.end = math.inf if self.total_timeout is None else now + self.total_timeout
        work.last_start = now

    def _refuse(self, work: Work[T], error: errors.APIError) -> None:
        """Close the gate; queue the item again at the front, if its end lets it wait for the opening."""
        asked = retry_after(error.headers, self.clock.wall())
        self.pace.refuse(self.clock.monotonic(), work.last_start, asked)
        is_last = self._ends_before(self.pace.opens_at)
        if is_last or self.is_stopped or work.end <= self.pace.opens_at:
            self._fail(work, error, is_fatal=is_last)
        else:
            work.error = None
            self._queue.appendleft(work)

    def _fail(self, work: Work[T], error: errors.PixiGPTError, *, is_fatal: bool) -> None:
        self._failures += 1
        if is_fatal or (self.max_failures is not None and self._failures > self.max_failures):
            self.break_(error)
        else:
            self._finish(work)

    def _ends_before(self, moment: float) -> bool:
        return self.end is not None and self.end <= moment

    def _leave(self, work: Work[T], attempts: int) -> None:
        self.in_flight -= 1
        now = self.clock.monotonic()
        work.elapsed = now - work.first_start
        work.attempts += attempts
        self.pace.charge(now, max(0, attempts - 1), 0)

    def _finish(self, work: Work[T]) -> None:
        if not self.is_ordered:
            self._ready.append(work)
            return
        self._early[work.index] = work
        while (following := self._early.pop(self._next_index, None)) is not None:
            self._ready.append(following)
            self._next_index += 1

    def _mean_tokens(self) -> float:
        count, total = self._seen
        return total / count if count else 0.0
