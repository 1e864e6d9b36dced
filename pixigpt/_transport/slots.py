"""Which call may use which connection: a limit, idle connections last in first out, waiters first come first served.

It does no I/O: connections that are to be closed are returned to the pool that asked.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import httpx
from attrs import define

from pixigpt._transport.extensions import ClosedError

ConnectionT = TypeVar("ConnectionT")
WaiterT = TypeVar("WaiterT", bound="Settable")


class Settable(Protocol):
    """What a queued call waits on."""

    def set(self) -> object: ...


@define(eq=False)
class Lease(Generic[ConnectionT]):
    """A call's claim to a slot, and the connection that it uses."""

    connection: ConnectionT | None = None


class Slots(Generic[ConnectionT, WaiterT]):
    """A pool's slots. Each call in flight holds one.

    A call creates its lease before it acquires a slot, and releases it whatever happens. KeyboardInterrupt may be
    raised between any two lines, so what counts is which leases are in the set, and releasing twice is harmless.
    """

    def __init__(
        self,
        limits: httpx.Limits,
        new_waiter: Callable[[], WaiterT],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_held = limits.max_connections
        self._max_idle = limits.max_keepalive_connections
        self._idle_expiry = limits.keepalive_expiry
        self._new_waiter = new_waiter
        self._clock = clock
        self._lock = threading.RLock()  # a waiter handler may make a call while this thread is in here
        self._held: set[Lease[ConnectionT]] = set()
        self._idle: deque[tuple[ConnectionT, float]] = deque()  # the one returned last is at the right end
        self._queue: OrderedDict[Lease[ConnectionT], WaiterT] = OrderedDict()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<Slots {len(self._held)} taken, {len(self._idle)} idle, {len(self._queue)} waiting>"

    def acquire(self, lease: Lease[ConnectionT]) -> WaiterT | None:
        """Take a slot, or return a waiter to wait for if none is free."""
        with self._lock:
            if self._is_closed:
                raise closed()
            if self._max_held is None or len(self._held) < self._max_held:
                self._held.add(lease)
                return None
            waiter = self._queue[lease] = self._new_waiter()
            return waiter

    def check(self, lease: Lease[ConnectionT]) -> None:
        """Raise the error of a call that has waited and got no slot."""
        with self._lock:
            if lease not in self._held:
                raise closed() if self._is_closed else self._exhausted()

    def reuse(self, lease: Lease[ConnectionT]) -> ConnectionT | None:
        """Lease the connection that became idle last; return None if there is none, or only expired ones."""
        with self._lock:
            if not self._idle or self._is_expired(self._idle[-1]):
                return None
            lease.connection, _ = self._idle.pop()
            return lease.connection

    def release(self, lease: Lease[ConnectionT], *, keep: bool = False) -> list[ConnectionT]:
        """Give back a slot, and its connection if that is to be kept; return the connections to close."""
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
        """Refuse new calls and dismiss all waiters; return the connections to close."""
        with self._lock:
            self._is_closed = True
            while self._queue:
                self._queue.popitem()[1].set()
            return self._surplus()

    def all_connections(self) -> list[ConnectionT]:
        """Return every connection, idle or in use, without the lock, which after a fork a lost thread may hold."""
        in_use = [lease.connection for lease in self._held if lease.connection is not None]
        return [*(connection for connection, _ in self._idle), *in_use]

    def _exhausted(self) -> httpx.PoolTimeout:
        return httpx.PoolTimeout(
            f"all {self._max_held} are in use; raise the limit with limits=httpx.Limits(max_connections=...)"
        )

    def _pass_on(self) -> None:
        if self._queue:
            lease, waiter = self._queue.popitem(last=False)
            self._held.add(lease)
            waiter.set()

    def _surplus(self) -> list[ConnectionT]:
        """Remove and return the idle connections that are too many or too old, which stand at the left end."""
        max_idle = 0 if self._is_closed else self._max_idle
        surplus: list[ConnectionT] = []
        while self._idle and ((max_idle is not None and len(self._idle) > max_idle) or self._is_expired(self._idle[0])):
            surplus.append(self._idle.popleft()[0])
        return surplus

    def _is_expired(self, idle: tuple[ConnectionT, float]) -> bool:
        return self._idle_expiry is not None and self._clock() - idle[1] > self._idle_expiry


def closed() -> httpx.LocalProtocolError:
    """Return the error of a call made after the pool was closed."""
    error = httpx.LocalProtocolError("the client is closed")
    error.__cause__ = ClosedError()
    return error
