"""Who may use which connection: so many at once, the last one returned first, and waiters in the order they came.

It does no I/O: connections that are to be closed are handed back to the pool that asked.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import httpcore
import httpx
from attrs import define

ConnectionT = TypeVar("ConnectionT", bound=Hashable)
EventT = TypeVar("EventT", bound="Settable")


class Settable(Protocol):
    """What a waiter waits for: `threading.Event`, or `anyio.Event`."""

    def set(self) -> object: ...


@define(eq=False)
class Turn(Generic[EventT]):
    """A place in the queue; `event` is set when it has come, or when none will come any more."""

    event: EventT
    has_come: bool = False
    is_given_up: bool = False


class Extended(Protocol):
    """A request with httpx's extensions, as httpcore passes them on."""

    @property
    def extensions(self) -> Mapping[str, Any]: ...


def longest_wait(request: Extended) -> float | None:
    """The seconds that a request may wait for a slot; None means no limit."""
    seconds: float | None = request.extensions["timeout"]["pool"]
    return seconds


def must_end(request: Extended) -> float:
    """When a request's answer must be whole, by the monotonic clock, or by the event loop's."""
    end: float = request.extensions.get("end", math.inf)
    return end


def closed() -> httpcore.LocalProtocolError:
    """The error of a call that comes after the pool was closed."""
    return httpcore.LocalProtocolError("the client is closed")


class Slots(Generic[ConnectionT, EventT]):
    """A pool's slots. Each call in flight holds one, and each slot has one connection at the most."""

    def __init__(
        self,
        limits: httpx.Limits,
        new_event: Callable[[], EventT],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_used = limits.max_connections
        self._most_idle = limits.max_keepalive_connections
        self._longest_idle = limits.keepalive_expiry
        self._new_event = new_event
        self._clock = clock
        self._lock = threading.Lock()
        self._taken = 0
        self._idle: deque[tuple[ConnectionT, float]] = deque()  # the one returned last is at the right end
        self._used: set[ConnectionT] = set()
        self._queue: deque[Turn[EventT]] = deque()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<Slots {self._taken} taken, {len(self._idle)} idle, {len(self._queue)} waiting>"

    def enter(self) -> Turn[EventT] | None:
        """Take a slot; a turn to wait for, if all are taken."""
        with self._lock:
            if self._is_closed:
                raise closed()
            if self._most_used is None or self._taken < self._most_used:
                self._taken += 1
                return None
            turn = Turn(self._new_event())
            self._queue.append(turn)
            return turn

    def settle(self, turn: Turn[EventT]) -> None:
        """Take the slot of a turn, once its event is set or the time to wait for it is over."""
        with self._lock:
            if turn.has_come:
                return
            turn.is_given_up = True
            raise closed() if self._is_closed else httpcore.PoolTimeout

    def give_up(self, turn: Turn[EventT]) -> None:
        """Leave the queue, or give the slot back if the turn has come just now."""
        with self._lock:
            if turn.has_come:
                self._pass_on()
            turn.is_given_up = True

    def reuse(self) -> ConnectionT | None:
        """The idle connection that was returned last, for the slot that the caller holds."""
        with self._lock:
            if not self._idle or self._is_stale(self._idle[-1]):
                return None
            connection, _ = self._idle.pop()
            self._used.add(connection)
            return connection

    def opened(self, connection: ConnectionT) -> None:
        """Count a new connection to the slot that the caller holds."""
        self._used.add(connection)

    def dropped(self, connection: ConnectionT) -> None:
        """Take a connection off the slot that the caller holds, and keeps."""
        self._used.discard(connection)

    def leave(self, connection: ConnectionT | None = None) -> list[ConnectionT]:
        """Give a slot back, with its connection if that can be used again; returned are those to close."""
        with self._lock:
            if connection is not None:
                self._used.discard(connection)
                self._idle.append((connection, self._clock()))
            self._pass_on()
            return self._surplus()

    def close(self) -> list[ConnectionT]:
        """Give no slot any more, and send all waiters away; returned are the connections to close."""
        with self._lock:
            self._is_closed = True
            for turn in self._queue:
                turn.event.set()
            self._queue.clear()
            return self._surplus()

    def every(self) -> list[ConnectionT]:
        """Every connection, idle or in use. Takes no lock: after a fork, a thread that is gone may hold it."""
        return [*(connection for connection, _ in self._idle), *self._used]

    def _pass_on(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.is_given_up:
                turn.has_come = True
                turn.event.set()
                return
        self._taken -= 1

    def _surplus(self) -> list[ConnectionT]:
        """The idle connections that are too many or too old, which stand at the left end."""
        most = 0 if self._is_closed else self._most_idle
        surplus: list[ConnectionT] = []
        while self._idle and ((most is not None and len(self._idle) > most) or self._is_stale(self._idle[0])):
            surplus.append(self._idle.popleft()[0])
        return surplus

    def _is_stale(self, idle: tuple[ConnectionT, float]) -> bool:
        return self._longest_idle is not None and self._clock() - idle[1] > self._longest_idle
