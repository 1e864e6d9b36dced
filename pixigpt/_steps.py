"""What a flow and its driver say to each other: the flow yields steps, the driver sends back what came of them."""

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

import httpx
from attrs import field, frozen

from pixigpt_api.models import Run

T = TypeVar("T")


@frozen
class Send:
    """Wait `pause` seconds, then send a request, and give its whole answer `timeout` seconds (None: no limit)."""

    pause: float
    method: str
    url: httpx.URL
    headers: dict[str, str] = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)
    timeout: float | None


@frozen
class Notify:
    """Call a user's function with a run; the async driver awaits what it returns, if it can be awaited."""

    callback: Callable[[Run], object]
    run: Run


@frozen
class Answer:
    """What the server sent; `flaw` says why `content` is not all of it."""

    status_code: int
    headers: httpx.Headers
    content: bytes = field(repr=False)
    flaw: str | None = None


Step = Send | Notify
Outcome = Answer | httpx.RequestError

# Sent back is the Outcome of a Send, and None for a Notify.
Flow = Generator[Step, Any, T]


class Body:
    """An answer as it comes in, piece by piece, both drivers' way."""

    def __init__(self, response: httpx.Response, max_bytes: int | None) -> None:
        self._response = response
        self._max_bytes = max_bytes
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        """Keep one more piece; TooLargeError when the answer has become too large."""
        self._content += piece
        if self._max_bytes is not None and len(self._content) > self._max_bytes:
            raise TooLargeError(f"the body is larger than max_response_bytes, {self._max_bytes:,}")

    def answer(self, flaw: Exception | None = None) -> Answer:
        """The answer with what has come."""
        content = bytes(self._content)
        return Answer(self._response.status_code, self._response.headers, content, None if flaw is None else str(flaw))


class TooLargeError(Exception):
    """An answer has become larger than a client takes."""
