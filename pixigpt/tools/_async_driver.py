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
        end = block_end()
        left = math.inf if end is None else end - time.monotonic()
        if left <= 0:
            return None
        with anyio.CancelScope(deadline=anyio.current_time() + left):
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
                    group.start_soon(self._work, todo, most)
        except BaseExceptionGroup as group:  # the tools' own exceptions are in the calls: this is the callback's
            raise group.exceptions[0] from group.exceptions[0].__cause__
        _check_all_over(calls)

    async def _work(self, todo: Iterator[PendingCall], most: int) -> None:
        """Run one call after the other, of those that several workers share."""
        in_thread = partial(anyio.to_thread.run_sync, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(most))
        for call in todo:
            await call.run_async(in_thread)
            if self.options.on_call is not None:
                await called("on_call", self.options.on_call, call.record())


def _check_all_over(calls: list[PendingCall]) -> None:
    """Raise the cancellation of a tool that was cancelled from elsewhere, which a task group passes over."""
    if not all(call.is_over for call in calls):
        raise anyio.get_cancelled_exc_class()


async def called(_: str, callback: Callable[[T], object], argument: T) -> object:
    """Call a callback of the user's, async or not."""
    result = callback(argument)
    return await result if inspect.isawaitable(result) else result
