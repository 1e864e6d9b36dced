"""What a flow and its driver say to each other: the flow yields steps, the driver sends back what came of them."""

import math
from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol, TypeVar

import httpx
from attrs import field, frozen

from pixigpt_api.models import Run

T = TypeVar("T")

_CONNECT_TIMEOUT = 10.0


@frozen
class Send:
    """Wait `pause` seconds, then send a request, and give its whole answer `timeout` seconds (None: no limit)."""

    pause: float
    method: str
    url: httpx.URL
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    timeout: float | None

    def request(self, **extensions: object) -> httpx.Request:
        """The request to send, with what its transport is to know beside it."""
        return httpx.Request(
            self.method,
            self.url,
            headers=self._headers(),
            stream=httpx.ByteStream(self.content),
            extensions=extensions,
        )

    def _headers(self) -> list[tuple[bytes, bytes]]:
        """All headers as they go over the wire: httpx adds none to a request that has a stream, which is faster."""
        headers = [(b"host", self.url.netloc)]
        headers += [(name.encode(), value.encode()) for name, value in self.headers.items()]
        if self.content:
            headers.append((b"content-length", b"%d" % len(self.content)))
        return headers


def timeouts(seconds: float | None) -> dict[str, float | None]:
    """An attempt's timeout in httpx's terms; connecting has 10 s of it at the most."""
    connect = _CONNECT_TIMEOUT if seconds is None else min(seconds, _CONNECT_TIMEOUT)
    return {"connect": connect, "read": seconds, "write": seconds, "pool": seconds}


class Extended(Protocol):
    """A request with httpx's extensions, as httpcore passes them on to a pool."""

    @property
    def extensions(self) -> Mapping[str, Any]: ...


def longest_wait(request: Extended) -> float | None:
    """The seconds that a request may wait for a connection; None means no limit."""
    seconds: float | None = request.extensions["timeout"]["pool"]
    return seconds


def must_end(request: Extended) -> float:
    """When a request's answer must be whole, by the monotonic clock, or by the event loop's."""
    end: float = request.extensions.get("end", math.inf)
    return end


@frozen
class Notify:
    """Call a user's function with a run; the async driver awaits what it returns, if it can be awaited."""

    callback: Callable[[Run], object]
    run: Run


@frozen
class Answer:
    """What the server sent; `flaw` says why `content` is not all of it."""

    status_code: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)
    flaw: str | None = field(default=None, repr=False)  # it may quote the server

    @property
    def is_success(self) -> bool:
        """Whether it says yes."""
        return 200 <= self.status_code <= 299


Step = Send | Notify
Outcome = Answer | httpx.RequestError

# Sent back is the Outcome of a Send, and None for a Notify.
Flow = Generator[Step, Any, T]
