"""Waits for what another thread or task is about to make true, and a clock that only a test advances."""

import time
from collections.abc import Callable

import anyio

from pixigpt._clock import Clock


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Return whether a condition holds soon, which something in another thread makes true."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


async def eventually_async(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Do as `eventually` does, in an event loop that goes on."""
    with anyio.move_on_after(seconds):
        while not condition():  # noqa: ASYNC110  # nothing signals that the condition has become true
            await anyio.sleep(0.005)
    return condition()


class FakeTime:
    """A clock that only a test advances."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.clock = Clock(monotonic=lambda: self.now, wall=lambda: self.now + 1e9, random=lambda: 1.0)
