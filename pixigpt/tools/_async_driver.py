"""Runs the functions of a round for the async client: in tasks, and in threads; the counterpart of `_driver`."""

import inspect
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar, cast

import anyio
import anyio.to_thread
from attrs import frozen

from pixigpt._clock import block_end
from pixigpt.tools._calls import PendingCall
from pixigpt.tools._runner import Approve, Approver, Execute, Outcome, RunOptions

T = TypeVar("T")


@frozen
class ToolDriver:
    """Performs the steps of a round."""

    options: RunOptions

    async def perform(self, step: Approve | Execute) -> Outcome:
        """Perform a step; return its outcome."""
        left = _left()
        if left <= 0:
            return None
        with anyio.move_on_after(left):
            if isinstance(step, Approve):
                return bool(await called("approve", cast("Approver", self.options.approve), step.call))
            await self._execute(step.calls)
        return None

    async def _execute(self, calls: list[PendingCall]) -> None:
        todo, most = iter(calls), min(self.options.concurrency, len(calls))
        if most == 1:
            await self._work(todo, most)
            return
        try:
            async with anyio.create_task_group() as group:
                for _ in range(most):
                    group.start_soon(self._work_as_task, todo, most)
        except BaseExceptionGroup as group:  # a callback's exceptions, and exits: the tools' own ones are in the calls
            failure = _first(group)
            raise failure from failure.__cause__
        _check_all_over(calls)

    async def _work_as_task(self, todo: Iterator[PendingCall], most: int) -> None:
        try:
            await self._work(todo, most)
        except (SystemExit, KeyboardInterrupt) as reason:
            raise _Exit(reason) from reason

    async def _work(self, todo: Iterator[PendingCall], most: int) -> None:
        """Run one call after the other, of those that several workers share."""
        in_thread = partial(anyio.to_thread.run_sync, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(most))
        for call in todo:
            await call.run_async(in_thread)
            if self.options.on_call is not None:
                await called("on_call", self.options.on_call, call.record())


class _Exit(Exception):  # noqa: N818  # no error: what ends the program, in a form that a task group waits for
    """A call or a callback has raised SystemExit or KeyboardInterrupt.

    asyncio lets these two leave the event loop at once, whichever task raises them. The task that waits for this one
    would then only be cancelled, and anyio's threads never be told to end: they would keep Python from ending.
    """

    def __init__(self, reason: BaseException) -> None:
        self.reason = reason


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what ends the program, else the first exception."""
    exits = (error.reason for error in group.exceptions if isinstance(error, _Exit))
    return next(exits, group.exceptions[0])


def _check_all_over(calls: list[PendingCall]) -> None:
    """Raise the cancellation of a tool that was cancelled from elsewhere, which a task group passes over."""
    if not all(call.is_over for call in calls):
        raise anyio.get_cancelled_exc_class()


async def in_time(name: str, callback: Callable[[T], object], argument: T) -> bool:
    """Call a callback of the user's; return whether it ended before the deadline, which ends it if it is async."""
    with anyio.move_on_after(_left()):
        await called(name, callback, argument)
    return _left() > 0


def _left() -> float:
    end = block_end()
    return math.inf if end is None else end - time.monotonic()


async def called(_: str, callback: Callable[[T], object], argument: T) -> object:
    """Call a callback of the user's, async or not."""
    result = callback(argument)
    return await result if inspect.isawaitable(result) else result
