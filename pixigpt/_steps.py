"""The protocol between a flow and its driver: the flow yields steps, the driver sends back their outcomes.

A call is a Send; its outcome is a complete Response, or what broke it. A response that is read as it comes is a Send
with `is_streamed`, whose outcome is an Opened if the status is a 2xx, and then a Read for each Piece, to the last one.
"""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import httpx
from attrs import define, field, frozen

from pixigpt._request_body import RequestBody, Upload
from pixigpt._response import Response
from pixigpt._transport.request import LazyRequest
from pixigpt_api.models import Run

T = TypeVar("T")

_METHODS_WITH_BODY = ("PATCH", "POST", "PUT")  # without a length, some servers answer these with 411
_Stream = httpx.SyncByteStream | httpx.AsyncByteStream


@define  # not frozen, which takes three times as long to create
class Send:
    """Wait `pause` seconds, then send a request; its complete response has `timeout` seconds (None: no limit).

    If it is streamed, `timeout` is for the headers, then for each wait for more, and `left` for everything.
    """

    pause: float
    method: str
    url: httpx.URL
    headers: dict[str, str] = field(repr=False)
    content: RequestBody = field(repr=False)
    timeout: float | None
    is_streamed: bool = False
    left: float | None = None

    def request(self, stream: Callable[[Upload], _Stream], extensions: dict[str, Any]) -> httpx.Request:
        """Build the request, with a stream for a body in pieces, and the extensions that its transport reads."""
        body = httpx.ByteStream(self.content) if isinstance(self.content, bytes) else stream(self.content)
        return LazyRequest(self.method, self.url, self._headers(), body, extensions)

    def _headers(self) -> dict[str, str]:
        """Return all headers as they are sent: httpx adds none."""
        headers = {"host": self.url.netloc.decode("ascii"), **self.headers}
        size = len(self.content) if isinstance(self.content, bytes) else self.content.size
        if size is None:
            headers["transfer-encoding"] = "chunked"
        elif self.content or "content-type" in headers or self.method in _METHODS_WITH_BODY:
            headers["content-length"] = str(size)
        return headers


@frozen
class Pause:
    """Wait `seconds` before the next step."""

    seconds: float


@frozen
class Read:
    """Wait for more of the response that was opened last, for `timeout` seconds (None: no limit).

    With `is_drain` nothing more is wanted but the end, so that the connection can be used again.
    """

    timeout: float | None
    is_drain: bool = False


@frozen
class Notify:
    """Call a user's function with a run; the async driver awaits what it returns, if it can be awaited, so long."""

    callback: Callable[[Run], object]
    run: Run
    timeout: float | None


@frozen
class Opened:
    """A 2xx response, of which only the headers have been read."""

    status_code: int
    headers: httpx.Headers = field(repr=False)


@frozen
class Piece:
    """Some of a response's body, decompressed, which may be nothing yet; `defect` as that of a Response."""

    content: bytes = field(repr=False)
    is_last: bool = False
    defect: str | None = field(default=None, repr=False)


Step = Send | Read | Pause | Notify
Failure = Response | httpx.RequestError  # once it is known not to be a success
Outcome = Response | Opened | Piece | httpx.RequestError

# The driver sends back the outcome of a Send or a Read, and None for a Pause or a Notify.
Flow = Generator[Step, Outcome | None, T]
