"""The event loop that runs: its task, and a time limit for a block, on asyncio at a third of what anyio's costs."""

import asyncio
from types import TracebackType
from typing import Any

import anyio


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
    """Cancels a task once when the time is up, as `asyncio.timeout()` does, which costs twice as much."""

    def __init__(self, task: "asyncio.Task[Any]", seconds: float | None) -> None:
        self._task = task
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False

    def __enter__(self) -> None:
        self._cancelling = self._task.cancelling()
        if self._seconds is not None:
            self._timer = self._task.get_loop().call_later(self._seconds, self._cancel)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._timer is not None:
            self._timer.cancel()
        # Where somebody else has cancelled the task too, that is what it is told.
        is_ours = self._is_over and self._task.uncancel() <= self._cancelling
        return is_ours and kind is asyncio.CancelledError

    def _cancel(self) -> None:
        self._is_over = True
        self._task.cancel()
