"""Runs the functions of a round for the sync client: in its own thread, or in several."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import Context, copy_context
from typing import TypeVar, cast

from attrs import frozen

from pixigpt._checks import not_awaitable
from pixigpt._clock import block_end
from pixigpt.tools._calls import PendingCall
from pixigpt.tools._runner import Approve, Approver, Execute, Outcome, RunOptions

T = TypeVar("T")


@frozen
class ToolDriver:
    """Performs the steps of a round."""

    options: RunOptions

    def perform(self, step: Approve | Execute) -> Outcome:
        """Perform a step; return its outcome."""
        if isinstance(step, Approve):
            return bool(called("approve", cast("Approver", self.options.approve), step.call))
        self._execute(step.calls)
        return None

    def _execute(self, calls: list[PendingCall]) -> None:
        end = block_end()
        if self.options.concurrency == 1 and end is None:  # in this thread, where it is easiest to debug
            for call in calls:
                call.run()
                self._tell(call)
            return
        if end is not None and time.monotonic() >= end:
            return
        threads = _Threads(calls, self.options.concurrency)
        try:
            for call in threads.finished(end):
                self._tell(call)
        finally:
            threads.stop()

    def _tell(self, call: PendingCall) -> None:
        if self.options.on_call is not None:
            called("on_call", self.options.on_call, call.record())


def in_time(name: str, callback: Callable[[T], object], argument: T) -> bool:
    """Call a callback of the user's; return whether it ended before the deadline."""
    called(name, callback, argument)
    end = block_end()
    return end is None or time.monotonic() < end


def called(name: str, callback: Callable[[T], object], argument: T) -> object:
    """Call a callback of the user's; raise TypeError if it gives something to await, which would count as a yes."""
    result = callback(argument)
    not_awaitable(name, result)
    return result


class _Threads:
    """Threads that run calls. They end with the program, which a tool that hangs does not keep alive."""

    def __init__(self, calls: list[PendingCall], most: int) -> None:
        self._todo = queue.SimpleQueue[tuple[PendingCall, Context]]()
        self._done = queue.SimpleQueue[PendingCall | BaseException]()
        self._left = len(calls)
        for call in calls:
            self._todo.put((call, copy_context()))
        for _ in range(min(most, len(calls))):
            threading.Thread(target=self._work, name="pixigpt-tool", daemon=True).start()

    def finished(self, end: float | None) -> Iterator[PendingCall]:
        """Yield each call that is over, until all are or the end has come."""
        for _ in range(self._left):
            try:
                call = self._done.get(timeout=None if end is None else max(0.0, end - time.monotonic()))
            except queue.Empty:
                return
            if isinstance(call, BaseException):
                raise call
            yield call

    def stop(self) -> None:
        """Begin no more calls."""
        with suppress(queue.Empty):
            while True:
                self._todo.get_nowait()

    def _work(self) -> None:
        with suppress(queue.Empty):
            while True:
                call, context = self._todo.get_nowait()
                try:
                    context.run(call.run)
                except BaseException as error:  # noqa: BLE001  # the other thread, which waits, raises it
                    self._done.put(error)
                    return
                self._done.put(call)
