"""What a request tells its transport beside HTTP: its timeouts, in httpx's terms, and its deadline."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

DEADLINE = "pixigpt.deadline"

_CONNECT_TIMEOUT = 10.0


class Extended(Protocol):
    """A request with httpx's extensions, as httpcore passes them on to a pool."""

    @property
    def extensions(self) -> Mapping[str, Any]: ...


def timeouts(seconds: float | None) -> dict[str, float | None]:
    """Return an attempt's timeout in httpx's terms; connecting has at most 10 s of it."""
    connect = _CONNECT_TIMEOUT if seconds is None else min(seconds, _CONNECT_TIMEOUT)
    return {"connect": connect, "read": seconds, "write": seconds, "pool": seconds}


def pool_timeout(request: Extended) -> float | None:
    """Return the seconds that a request may wait for a connection; None means no limit."""
    seconds: float | None = request.extensions["timeout"]["pool"]
    return seconds


def request_deadline(request: Extended) -> float:
    """Return when a request's response must be complete, by the monotonic clock, or by the event loop's."""
    deadline: float = request.extensions.get(DEADLINE, math.inf)
    return deadline
