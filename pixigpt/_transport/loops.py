"""Calls a function in an event loop from anywhere: from another thread, a finalizer, or after the loop has ended."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any

from pixigpt._transport.event_loop import asyncio_task

Caller = Callable[[Callable[[], object]], None]

_tasks: "set[asyncio.Task[None]]" = set()  # asyncio itself keeps none alive


def loop_caller() -> Caller:
    """Return what calls a function in the event loop that runs: at once from inside, soon from outside, or never."""
    return _asyncio_caller() if asyncio_task() else _trio_caller()


def start_task(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start a task, in a function that an event loop calls."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():  # be it as a guest of an asyncio loop
        with suppress(RuntimeError):  # the loop is ending, which this error would make a crash
            trio.lowlevel.spawn_system_task(work)
    else:
        task = asyncio.get_running_loop().create_task(work())
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)


def _asyncio_caller() -> Caller:
    loop = asyncio.get_running_loop()

    def call(function: Callable[[], object]) -> None:
        if _running_loop() is loop:
            function()
        else:
            with suppress(RuntimeError):  # the loop is closed
                # In an empty context: from that of a trio loop, anyio would take this one for trio's too.
                loop.call_soon_threadsafe(function, context=Context())

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
