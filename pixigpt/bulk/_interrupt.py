"""Ctrl-C while a batch runs: the first lets what is in flight finish, the second does what Ctrl-C always does."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self


class Interruption:
    """A block in which the first Ctrl-C only calls a function; outside the main thread, which gets signals, it is none.

    What handles Ctrl-C outside, be it Python's own handler, asyncio's or trio's, gets the second one.
    """

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._outside: object = None
        self.has_come = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._outside = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if callable(self._outside) and signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, self._outside)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.has_come and callable(self._outside):
            signal.signal(number, self._outside)
            self._outside(number, frame)
        else:
            self.has_come = True
            self._stop()
