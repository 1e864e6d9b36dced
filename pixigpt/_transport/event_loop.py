"""The event loop that runs: its task, and a time limit for a block, which on asyncio costs less than anyio's."""

import asyncio
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary, ref

import anyio

_EARLY = 0.001  # a timer may go off this early
_MOST_SHARED = 8  # timers of one event loop; a limit of yet another length has its own


def asyncio_task() -> "asyncio.Task[Any] | None":
    """Return the task that runs if it is asyncio's. Trio as a guest of an asyncio loop has no task there."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def time_limit(seconds: float | None) -> "anyio.CancelScope | _TaskLimit":
    """Return a context manager that leaves its block when the time is up, without an error; None means no limit."""
    task = asyncio_task()
    return anyio.move_on_after(seconds) if task is None else _TaskLimit(task, seconds)


class _TaskLimit:
    """Cancels a task once when the time is up, as `asyncio.timeout()` does, which costs several times as much."""

    def __init__(self, task: "asyncio.Task[Any]", seconds: float | None) -> None:
        self._task = task
        self._seconds = seconds
        self._timer: _SharedTimer | _OwnTimer | None = None
        self._is_over = False

    def __enter__(self) -> None:
        self._cancelling = self._task.cancelling()
        if self._seconds is not None:
            loop = self._task.get_loop()
            self._timer = _shared_timer(loop, self._seconds) or _OwnTimer(loop, self._seconds)
            self._timer.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._timer is not None:
            self._timer.remove(self)
        # Where somebody else has cancelled the task too, that is what it is told.
        is_ours = self._is_over and self._task.uncancel() <= self._cancelling
        return is_ours and kind is asyncio.CancelledError

    def cancel(self) -> None:
        """Cancel the task."""
        self._is_over = True
        self._task.cancel()


class _OwnTimer:
    """A timer of one time limit."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds

    def add(self, limit: _TaskLimit) -> None:
        """Cancel a limit's task in time."""
        self._handle = self._loop.call_later(self._seconds, limit.cancel)

    def remove(self, _: _TaskLimit) -> None:
        """Leave the limit's task alone."""
        self._handle.cancel()


class _SharedTimer:
    """The timer of all time limits of one length in an event loop, of which the first to begin is the first to end.

    Nearly all end before their time. With a timer for each, the loop sorts those that are cancelled: a twentieth of a
    call's time. This one goes off when the limit that was the first is over, and is set again if there is one left.
    """

    def __init__(self, timers: "_Timers", seconds: float) -> None:
        self._timers = timers
        self._seconds = seconds
        self._ends: dict[_TaskLimit, float] = {}

    def add(self, limit: _TaskLimit) -> None:
        """Cancel a limit's task in time."""
        loop = asyncio.get_running_loop()
        self._ends[limit] = end = loop.time() + self._seconds
        if self._seconds not in self._timers:
            self._timers[self._seconds] = self
            loop.call_at(end, self._go_off, loop)

    def remove(self, limit: _TaskLimit) -> None:
        """Leave a limit's task alone."""
        self._ends.pop(limit, None)

    def _go_off(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._ends:
            limit, end = next(iter(self._ends.items()))
            if end - _EARLY > loop.time():
                loop.call_at(end, self._go_off, loop)
                return
            del self._ends[limit]
            limit.cancel()
        del self._timers[self._seconds]


class _Timers(dict[float, _SharedTimer]):
    """An event loop's timers by their lengths. Who keeps them is the loop, in whose queue those are that are set."""


# Nothing here may keep an event loop: a task that was left in a time limit, which its timer knows, knows its loop.
_shared_timers: "WeakKeyDictionary[asyncio.AbstractEventLoop, ref[_Timers]]" = WeakKeyDictionary()


def _shared_timer(loop: asyncio.AbstractEventLoop, seconds: float) -> _SharedTimer | None:
    known = _shared_timers.get(loop)
    timers = None if known is None else known()
    if timers is None:
        timers = _Timers()
        _shared_timers[loop] = ref(timers)
    if (timer := timers.get(seconds)) is not None:
        return timer
    return _SharedTimer(timers, seconds) if len(timers) < _MOST_SHARED else None
