"""Who may use which connection: so many at once, the last one returned first, and waiters in the order they came.

It does no I/O: connections that are to be closed are handed back to the pool that asked.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import httpcore
import httpx
from attrs import define

ConnectionT = TypeVar("ConnectionT")
SignalT = TypeVar("SignalT", bound="Settable")


class Settable(Protocol):
    """What a call waits on in the queue."""

    def set(self) -> object: ...


@define(eq=False)
class Lease(Generic[ConnectionT]):
    """A call's claim to a slot, and the connection that it uses there."""

    connection: ConnectionT | None = None


class Slots(Generic[ConnectionT, SignalT]):
    """A pool's slots. Each call in flight holds one.

    A call makes its lease before it enters, and leaves whatever happens: Ctrl-C may strike at any line, so what counts
    is which leases are in the set, and to leave twice does no harm.
    """

    def __init__(
        self,
        limits: httpx.Limits,
        new_signal: Callable[[], SignalT],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_held = limits.max_connections
        self._most_idle = limits.max_keepalive_connections
        self._longest_idle = limits.keepalive_expiry
        self._new_signal = new_signal
        self._clock = clock
        self._lock = threading.RLock()  # a signal handler may make a call while this thread is in here
        self._held: set[Lease[ConnectionT]] = set()
        self._idle: deque[tuple[ConnectionT, float]] = deque()  # the one returned last is at the right end
        self._queue: OrderedDict[Lease[ConnectionT], SignalT] = OrderedDict()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<Slots {len(self._held)} taken, {len(self._idle)} idle, {len(self._queue)} waiting>"

    def enter(self, lease: Lease[ConnectionT]) -> SignalT | None:
        """Take a slot; a signal to wait for, if none is free."""
        with self._lock:
            if self._is_closed:
                raise closed()
            if self._most_held is None or len(self._held) < self._most_held:
                self._held.add(lease)
                return None
            signal = self._queue[lease] = self._new_signal()
            return signal

    def check(self, lease: Lease[ConnectionT]) -> None:
        """Raise what a call ends in that has waited and has no slot."""
        with self._lock:
            if lease not in self._held:
                raise closed() if self._is_closed else httpcore.PoolTimeout

    def reuse(self, lease: Lease[ConnectionT]) -> ConnectionT | None:
        """Give a lease the idle connection that was returned last; None if there is none, or only stale ones."""
        with self._lock:
            if not self._idle or self._is_stale(self._idle[-1]):
                return None
            lease.connection, _ = self._idle.pop()
            return lease.connection

    def leave(self, lease: Lease[ConnectionT], *, keep: bool = False) -> list[ConnectionT]:
        """Give a slot back, and its connection if that is to be kept; returned are the connections to close."""
        with self._lock:
            self._queue.pop(lease, None)
            if lease in self._held:
                self._held.discard(lease)
                if keep and lease.connection is not None:
                    self._idle.append((lease.connection, self._clock()))
                self._pass_on()
            lease.connection = None
            return self._surplus()

    def close(self) -> list[ConnectionT]:
        """Give no slot any more, and send all waiters away; returned are the connections to close."""
        with self._lock:
            self._is_closed = True
            while self._queue:
                self._queue.popitem()[1].set()
            return self._surplus()

    def every(self) -> list[ConnectionT]:
        """Every connection, idle or in use. Takes no lock: after a fork, a thread that is gone may hold it."""
        in_use = [lease.connection for lease in self._held if lease.connection is not None]
        return [*(connection for connection, _ in self._idle), *in_use]

    def _pass_on(self) -> None:
        if self._queue:
            lease, signal = self._queue.popitem(last=False)
            self._held.add(lease)
            signal.set()

    def _surplus(self) -> list[ConnectionT]:
        """The idle connections that are too many or too old, which stand at the left end."""
        most = 0 if self._is_closed else self._most_idle
        surplus: list[ConnectionT] = []
        while self._idle and ((most is not None and len(self._idle) > most) or self._is_stale(self._idle[0])):
            surplus.append(self._idle.popleft()[0])
        return surplus

    def _is_stale(self, idle: tuple[ConnectionT, float]) -> bool:
        return self._longest_idle is not None and self._clock() - idle[1] > self._longest_idle


def closed() -> httpcore.LocalProtocolError:
    """The error of a call that comes after the pool was closed."""
    return httpcore.LocalProtocolError("the client is closed")
