"""What the SDK asks of a transport: to send, and to give a response that need not be one of httpx's."""

from typing import cast

import httpx
from attrs import define

RawHeaders = list[tuple[bytes, bytes]]


@define
class Head:
    """A final response's status line and headers."""

    status: int
    headers: RawHeaders
    reason: bytes = b""
    version: str = "1.1"


@define
class Incoming:
    """A response whose body is still to be read, as a pool gives it; one of httpx's is made only where that is needed.

    It has those names of `httpx.Response` that a driver uses.
    """

    head: Head
    stream: httpx.SyncByteStream | httpx.AsyncByteStream

    @property
    def status_code(self) -> int:
        """The status."""
        return self.head.status

    @property
    def is_success(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.head.status <= 299

    @property
    def headers(self) -> httpx.Headers:
        """The headers, parsed."""
        return httpx.Headers(self.head.headers)

    @property
    def extensions(self) -> dict[str, bytes]:
        """What httpx tells of a response beside HTTP's own."""
        return {"http_version": b"HTTP/1.1", "reason_phrase": self.head.reason}

    def for_httpx(self) -> httpx.Response:
        """Return the response as one of httpx's."""
        head = self.head
        return httpx.Response(head.status, headers=head.headers, stream=self.stream, extensions=self.extensions)

    def close(self) -> None:
        """Release the connection."""
        cast("httpx.SyncByteStream", self.stream).close()

    async def aclose(self) -> None:
        """Release the connection, of an async pool."""
        await cast("httpx.AsyncByteStream", self.stream).aclose()


Received = Incoming | httpx.Response


def raw_headers(response: Received) -> RawHeaders:
    """Return a response's headers as they have come."""
    return response.headers.raw if isinstance(response, httpx.Response) else response.head.headers


class Transport(httpx.BaseTransport):
    """A transport of httpx's that the sync driver can use."""

    def send(self, request: httpx.Request) -> Received:
        """Send a request; return its response once the head is there."""
        return self.handle_request(request)


class AsyncTransport(httpx.AsyncBaseTransport):
    """A transport of httpx's that the async driver can use."""

    async def send(self, request: httpx.Request) -> Received:
        """Send a request; return its response once the head is there."""
        return await self.handle_async_request(request)
