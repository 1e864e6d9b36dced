"""Calls a function in an event loop from anywhere: from another thread, a finalizer, or after the loop has ended."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

Caller = Callable[[Callable[[], object]], None]


def is_asyncio() -> bool:
    """Return whether this is a task of asyncio's. Trio as a guest of an asyncio loop has no task there."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def loop_caller() -> Caller:
    """Return what calls a function in the event loop that runs: at once from inside, soon from outside, or never."""
    return _asyncio_caller() if is_asyncio() else _trio_caller()


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
