"""A direct connection of the async pool: HTTP/1.1 on a channel, which is asyncio's or any other event loop's."""

import math
from collections.abc import AsyncGenerator
from typing import Protocol, cast

import httpx
from anyio.lowlevel import checkpoint

from pixigpt._transport.asyncio_channel import AsyncioChannel
from pixigpt._transport.base import Head
from pixigpt._transport.event_loop import asyncio_task, time_limit
from pixigpt._transport.extensions import time_left, timeout_of
from pixigpt._transport.http11 import HTTP11, BodyEncoder, packets
from pixigpt._transport.patches import is_async_httpcore_patched
from pixigpt._transport.routes import Route
from pixigpt._transport.sockets import cause_of
from pixigpt._transport.stream_channel import StreamChannel
from pixigpt._transport.urls import Origin


class Channel(Protocol):
    """A connected socket, with its TLS, that feeds what arrives to an `HTTP11`."""

    async def open(self, route: Route, origin: Origin) -> None:
        """Connect, and shake hands; raise OSError or TimeoutError."""

    async def write(self, packet: bytes | memoryview, timeout: float | None) -> None:
        """Write, and wait while the other end does not keep up, unless something arrives."""

    async def receive(self, timeout: float | None) -> None:
        """Wait until something has arrived; the connection has used up all that came before."""

    def poll(self) -> bool:
        """Feed what is there already; return False where the other end has hung up."""
        ...

    async def aclose(self) -> None:
        """Close the socket, in any state."""

    def hang_up(self) -> None:
        """End the connection at once, from any thread, be the event loop running or not."""

    def abort(self) -> None:
        """Close the socket, in the event loop, without waiting for it."""


class AsyncDirectConnection:
    """One connection, opened by its first request. A cancel scope of the caller's bounds all but opening it."""

    def __init__(self, route: Route, origin: Origin) -> None:
        self._route = route
        self._origin = origin
        self._http = HTTP11()
        self._channel: Channel = AsyncioChannel(self._http) if asyncio_task() else StreamChannel(self._http)
        self._is_open = False
        self._timeouts: tuple[float | None, float | None] = None, None

    async def send(self, request: httpx.Request) -> Head:
        """Send a request; return the head of its response."""
        self._timeouts = timeout_of(request, "read"), timeout_of(request, "write")
        head, body = self._http.start(request)
        if not self._is_open:
            await self._open(request)
        if isinstance(request.stream, httpx.ByteStream) and not body.is_chunked:  # which needs no async generator
            content = body.encode(b"".join(request.stream))
            if await self._write(head, content):
                self._http.end_request(body)
        else:
            await self._send(head, body, cast("httpx.AsyncByteStream", request.stream))
        while (response := self._http.head()) is None:
            await self._channel.receive(self._timeouts[0])
        return response

    async def piece(self) -> bytes:
        """Return the next piece of the response's body; b"" at its end."""
        while (piece := self._http.piece()) is None:
            await self._channel.receive(self._timeouts[0])
        return piece

    def fits(self, origin: Origin) -> bool:
        """Return whether it leads to a request's origin, and nothing has come since its last response."""
        is_alive = origin == self._origin and self._channel.poll() and self._http.is_reusable()
        return is_alive and not is_async_httpcore_patched()

    async def finish(self) -> bool:
        """Return whether it can take another request."""
        return self._http.is_reusable()

    async def aclose(self) -> None:
        """Close it, in any state."""
        await self._channel.aclose()

    def hang_up(self) -> None:
        """End it at once, from any thread, be the event loop running or not."""
        self._channel.hang_up()

    def abort(self) -> None:
        """Close it, in the event loop, without waiting for it."""
        self._channel.abort()

    async def _send(self, head: bytes, body: BodyEncoder, stream: httpx.AsyncByteStream) -> None:
        """Send a request whose body comes in pieces."""
        unsent, pieces = head, aiter(stream)
        try:
            async for piece in pieces:
                if not await self._write(unsent, body.encode(piece)):
                    return
                unsent = b""
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        if unsent := unsent + self._http.end_request(body):
            await self._write(unsent, b"")

    async def _write(self, head: bytes, piece: bytes) -> bool:
        """Write a piece; return False if the server has responded, or hung up, before it has read everything."""
        for packet in packets(head, piece):
            if not head:
                await checkpoint()  # a socket that takes everything at once would keep the loop from reading
                if self._http.has_responded(is_alive=self._channel.poll()):
                    return False
            await self._channel.write(packet, self._timeouts[1])
            head = b""
        return True

    async def _open(self, request: httpx.Request) -> None:
        """Open the channel by the end of the time that connecting may take."""
        timeout = timeout_of(request, "connect")
        left = min(time_left(request), math.inf if timeout is None else timeout)
        try:
            with time_limit(None if left == math.inf else left):
                await self._channel.open(self._route, self._origin)
                self._is_open = True
        except (OSError, UnicodeError) as failure:
            cause = cause_of(failure)
            error = httpx.ConnectTimeout if isinstance(cause, TimeoutError) else httpx.ConnectError
            raise error(str(cause)) from failure
        if not self._is_open:
            raise httpx.ConnectTimeout("the time is up")
