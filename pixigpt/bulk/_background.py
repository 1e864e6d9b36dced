"""A task that belongs to no block: on asyncio a task, on trio a system task, ended from whatever thread.

An `async for` has no block in which tasks could live, and an async generator must not hold a task group open across its
`yield`: it may be torn down in another task. So the run is a task of its own. It is ended when its iterator is closed,
when the task that iterates is cancelled, and when the iterator is dropped, which the garbage collector may notice in
any thread.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from typing import cast

import anyio

from pixigpt._transport.event_loop import asyncio_task

_CallSoon = Callable[[Callable[[], object]], object]

# asyncio itself holds its tasks only weakly.
_running: set[asyncio.Task[None]] = set()


class Background:
    """A coroutine function that runs on its own, in a context, until it returns or is cancelled."""

    def __init__(self, run: Callable[[], Awaitable[None]], context: Context) -> None:
        self._scope = scope = anyio.CancelScope()
        self._is_done = is_done = anyio.Event()

        async def run_in_scope() -> None:
            with scope:
                await run()
            is_done.set()

        self._call_soon = _spawn(run_in_scope, context)

    def cancel(self) -> None:
        """End it, from any thread; it takes a moment."""
        self.call_soon(self._scope.cancel)

    def call_soon(self, function: Callable[[], object]) -> None:
        """Call a function in its event loop, from any thread."""
        with suppress(RuntimeError):  # the loop has ended, and all its tasks with it
            self._call_soon(function)

    async def aclose(self, seconds: float) -> None:
        """End it, and wait for it so long."""
        self._scope.cancel()
        with anyio.move_on_after(seconds, shield=True):
            await self._is_done.wait()


def _spawn(run: Callable[[], Awaitable[None]], context: Context) -> _CallSoon:
    """Start a task; return what calls a function in its event loop, from any thread."""
    if asyncio_task() is None:
        return _spawn_on_trio(run, context)
    loop = asyncio.get_running_loop()
    task: asyncio.Task[None] = loop.create_task(_coroutine(run), context=context)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return loop.call_soon_threadsafe


async def _coroutine(run: Callable[[], Awaitable[None]]) -> None:
    await run()


def _spawn_on_trio(run: Callable[[], Awaitable[None]], context: Context) -> _CallSoon:
    import trio

    trio.lowlevel.spawn_system_task(run, context=context)
    return cast("_CallSoon", trio.lowlevel.current_trio_token().run_sync_soon)  # typed by arguments, more exactly
