"""The protocol between a flow and its driver: the flow yields steps, the driver sends back their outcomes."""

from collections.abc import Callable, Generator
from typing import TypeVar

import httpx
from attrs import field, frozen

from pixigpt_api.models import Run

T = TypeVar("T")


@frozen
class Send:
    """Wait `pause` seconds, then send a request; its complete response has `timeout` seconds (None: no limit)."""

    pause: float
    method: str
    url: httpx.URL
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    timeout: float | None

    def request(self, **extensions: object) -> httpx.Request:
        """Build the request, with the extensions that its transport reads."""
        return httpx.Request(
            self.method,
            self.url,
            headers=self._headers(),
            stream=httpx.ByteStream(self.content),
            extensions=extensions,
        )

    def _headers(self) -> list[tuple[bytes, bytes]]:
        """Return all headers as they are sent: httpx adds none to a request that has a stream, which is faster."""
        headers = [(b"host", self.url.netloc)]
        headers += [(name.encode(), value.encode()) for name, value in self.headers.items()]
        if self.content:
            headers.append((b"content-length", b"%d" % len(self.content)))
        return headers


@frozen
class Notify:
    """Call a user's function with a run; the async driver awaits what it returns, if it can be awaited."""

    callback: Callable[[Run], object]
    run: Run


@frozen
class Response:
    """A server's response, read to its end; `defect` says why `content` is incomplete, if it is."""

    status_code: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)
    defect: str | None = field(default=None, repr=False)  # it may quote the server

    @property
    def is_success(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status_code <= 299


Step = Send | Notify
Outcome = Response | httpx.RequestError

# The driver sends back the outcome of a Send, and None for a Notify.
Flow = Generator[Step, Outcome | None, T]
