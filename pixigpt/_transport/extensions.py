"""What a request and its transport tell each other beside HTTP: timeouts, the deadline, and why nothing can be sent."""

import math
import time
from typing import Protocol, runtime_checkable

import httpx

DEADLINE = "pixigpt.deadline"

_CONNECT_TIMEOUT = 10.0


class ClosedError(Exception):
    """The cause of an error that a closed client, pool or injected client raised."""


@runtime_checkable
class Boundable(Protocol):
    """A response's body of the SDK's own transport: reading it can be given a nearer end."""

    def bound(self, end: float) -> None:
        """Let reading end by then, by the monotonic clock."""


@runtime_checkable
class Abortable(Protocol):
    """A response's body of the SDK's own async transport: it can be dropped without awaiting anything."""

    @property
    def can_be_left(self) -> bool:
        """Whether no generator is below it, which would have to be ended."""
        ...

    def abort(self) -> None:
        """Close the connection at once, from any thread, be the event loop running or not."""


def timeouts(seconds: float | None) -> dict[str, float | None]:
    """Return an attempt's timeout in httpx's terms; connecting has at most 10 s of it."""
    connect = _CONNECT_TIMEOUT if seconds is None else min(seconds, _CONNECT_TIMEOUT)
    return {"connect": connect, "read": seconds, "write": seconds, "pool": seconds}


def timeout_of(request: httpx.Request, what: str) -> float | None:
    """Return the seconds that a request may wait to connect, read, write, or for a pool; None means no limit."""
    seconds: float | None = request.extensions["timeout"][what]
    return seconds


def request_deadline(request: httpx.Request) -> float:
    """Return when a request's response must be complete, by the monotonic clock."""
    deadline: float = request.extensions.get(DEADLINE, math.inf)
    return deadline


def time_left(request: httpx.Request) -> float:
    """Return the seconds until a request's deadline."""
    return request_deadline(request) - time.monotonic()
