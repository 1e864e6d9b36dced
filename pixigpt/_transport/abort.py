"""Ends the sync requests of other threads: shuts down the sockets they wait on, and refuses what they would send next.

A thread that waits for a response can only be woken through its socket. The pool tells the `Abort` that is current in
its thread, a context variable, which connection a request uses.
"""

import threading
from contextvars import ContextVar
from typing import Protocol


class AbortedError(BaseException):
    """The request was given up by another thread; no Exception, so that nothing takes it for a failure to retry."""


class Abortable(Protocol):
    """A connection whose blocking call can be ended from another thread."""

    def abort(self) -> None: ...


class Abort:
    """The connections in use by some threads, until all are ended at once."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # the garbage collector may set it while this thread is in here
        self._in_use: set[Abortable] = set()
        self._sleeper: threading.Lock | None = None
        self._is_set = False

    def set(self) -> None:
        """End the requests in flight, and those to come."""
        with self._lock:
            self._is_set = True
            for connection in self._in_use:
                connection.abort()
            if self._sleeper is not None:
                self._sleeper.release()
                self._sleeper = None

    def sleep(self, seconds: float) -> None:
        """Wait, in one thread at a time; raise AbortedError as soon as it is set."""
        sleeper = threading.Lock()  # no Event, whose own lock the garbage collector could find taken
        sleeper.acquire()
        with self._lock:
            self.check()
            self._sleeper = sleeper
        sleeper.acquire(timeout=seconds)
        with self._lock:
            self._sleeper = None
            self.check()

    def check(self) -> None:
        """Raise AbortedError if it is set."""
        if self._is_set:
            raise AbortedError

    def add(self, connection: Abortable) -> None:
        """Watch a connection that a request is about to use; raise AbortedError if it is set."""
        with self._lock:
            self.check()
            self._in_use.add(connection)

    def discard(self, connection: Abortable) -> None:
        """Leave a connection alone, before another request can use it."""
        with self._lock:
            self._in_use.discard(connection)


current_abort: ContextVar[Abort | None] = ContextVar("pixigpt_abort", default=None)
