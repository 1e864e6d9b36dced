"""A socket on asyncio, or on uvloop, as an `asyncio.Protocol`: what arrives is fed at once, and wakes who waits.

It reads ahead no more than a buffer's worth of what nobody has asked for, and then lets the socket fill.
"""

import asyncio
from typing import cast

import httpx

from pixigpt._transport.asyncio_dial import dial_async
from pixigpt._transport.http11 import HTTP11
from pixigpt._transport.resolver import resolve_async
from pixigpt._transport.routes import Route
from pixigpt._transport.sockets import KEEP_ALIVE, hang_up, received
from pixigpt._transport.urls import Origin

_MAX_UNREAD = 2**18
_FLOOD = 2**16


class AsyncioChannel(asyncio.Protocol):
    """One socket. The event loop calls the methods that `asyncio.Protocol` names."""

    def __init__(self, http: HTTP11) -> None:
        self._http = http
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._lost = self._loop.create_future()  # done when the socket is closed
        self._failure: Exception | None = None
        self._unread = 0
        self._has_ended = False  # what is to be read
        self._can_read = True
        self._can_write = True
        self._is_tls = False

    async def open(self, route: Route, origin: Origin) -> None:
        """Connect to the first address that takes it, and shake hands."""
        self._is_tls = route.ssl_context is not None
        connected = await dial_async(await resolve_async(origin.host, origin.port), origin.port)
        for option in KEEP_ALIVE:
            connected.setsockopt(*option)
        name = origin.host if self._is_tls else None
        await self._loop.create_connection(lambda: self, sock=connected, ssl=route.ssl_context, server_hostname=name)

    async def write(self, packet: bytes | memoryview, timeout: float | None) -> None:
        """Write, and wait while the other end does not keep up, unless something arrives."""
        self._connected().write(packet)
        if not self._can_write:
            await self._wait(timeout, httpx.WriteTimeout)

    async def receive(self, timeout: float | None) -> None:
        """Wait until something has arrived."""
        if self._failure is not None:
            raise httpx.ReadError(str(self._failure)) from self._failure
        is_flooded, self._unread = self._unread >= _FLOOD, 0
        if not self._can_read:
            self._can_read = True
            self._connected().resume_reading()
        if is_flooded:  # a task that is woken in each round is never found waiting, and so never cancelled
            await asyncio.sleep(0)
        if not (self._unread or self._has_ended or self._lost.done()):
            await self._wait(timeout, httpx.ReadTimeout)

    def poll(self) -> bool:
        """Return False where the other end has hung up; what is there has been fed."""
        return not self._lost.done()

    async def aclose(self) -> None:
        """Close the socket, and wait until that is done."""
        if self._transport is None:
            await asyncio.sleep(0)  # a TLS handshake that was cancelled closes its socket in the loop's next round
        else:
            self._transport.abort()
            await asyncio.wait([self._lost])

    def hang_up(self) -> None:
        """Hang up, from any thread."""
        hang_up(self._connected().get_extra_info("socket").fileno())

    def abort(self) -> None:
        """Close the socket in the loop's next round."""
        self._connected().abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, and stop reading where nobody keeps up."""
        self._http.feed(data)
        self._unread += len(data)
        if self._unread > _MAX_UNREAD and self._can_read:
            self._can_read = False
            self._connected().pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Take the end; return whether the rest of the request can still be written."""
        self._has_ended = True
        self._http.feed(b"")
        self._wake()
        return not self._is_tls

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end, and why it came; where writing has failed, the server may have said why."""
        if exc is None:
            self._http.feed(b"")
        elif not self._is_tls and (said := received(self._connected().get_extra_info("socket").fileno())):
            self._http.feed(said)
        self._failure = exc
        self._lost.set_result(None)
        self._wake()

    def pause_writing(self) -> None:
        """Let who writes wait."""
        self._can_write = False

    def resume_writing(self) -> None:
        """Let who writes go on."""
        self._can_write = True
        self._wake()

    async def _wait(self, timeout: float | None, error: type[httpx.TimeoutException]) -> None:
        self._waiter = self._loop.create_future()
        try:
            if timeout is None:
                await self._waiter
            else:
                async with asyncio.timeout(timeout):
                    await self._waiter
        except TimeoutError as cause:
            raise error("the time is up") from cause
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _connected(self) -> asyncio.Transport:
        assert self._transport is not None  # noqa: S101  # open() comes first
        return self._transport
