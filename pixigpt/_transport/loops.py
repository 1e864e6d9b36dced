"""Calls a function in an event loop from anywhere: from another thread, a finalizer, or after the loop has ended."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pixigpt._transport.event_loop import asyncio_task

Caller = Callable[[Callable[[], object]], None]


def loop_caller() -> Caller:
    """Return what calls a function in the event loop that runs: at once from inside, soon from outside, or never."""
    return _asyncio_caller() if asyncio_task() else _trio_caller()


def _asyncio_caller() -> Caller:
    loop = asyncio.get_running_loop()

    def call(function: Callable[[], object]) -> None:
        if _running_loop() is loop:
            function()
        else:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(function)

    return call


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _trio_caller() -> Caller:
    import trio  # which is there, since it runs

    token = trio.lowlevel.current_trio_token()

    def call(function: Callable[[], object]) -> None:
        if trio.lowlevel.in_trio_run() and trio.lowlevel.current_trio_token() is token:
            function()
        else:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(function)

    return call
