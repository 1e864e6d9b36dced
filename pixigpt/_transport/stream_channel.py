"""A socket on trio, by anyio's stream: nothing is read before it is asked for.

anyio's TLS streams do not say whether bytes have arrived that nobody has read. So TLS runs here, in memory, and what
the socket has can be looked at without waiting.
"""

import anyio
import anyio.abc
import httpx

from pixigpt._transport.http11 import HTTP11, PACKET_SIZE
from pixigpt._transport.memory_tls import MemoryTLS
from pixigpt._transport.routes import Route
from pixigpt._transport.sockets import KEEP_ALIVE
from pixigpt._transport.urls import Origin

_BROKEN = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError)


class StreamChannel:
    """One socket."""

    def __init__(self, http: HTTP11) -> None:
        self._http = http
        self._stream: anyio.abc.SocketStream | None = None
        self._tls: MemoryTLS | None = None

    async def open(self, route: Route, origin: Origin) -> None:
        """Connect to the first address that takes it, and shake hands."""
        self._stream = await anyio.connect_tcp(origin.host, origin.port)
        for option in KEEP_ALIVE:
            self._stream.extra(anyio.abc.SocketAttribute.raw_socket).setsockopt(*option)
        if route.ssl_context is not None:
            self._tls = MemoryTLS(route.ssl_context, origin.host)
            try:
                while not self._tls.shake_hands():
                    await self._flush()
                    self._tls.feed(await self._read())
                await self._flush()
            except _BROKEN as cause:
                raise OSError(str(cause)) from cause

    async def write(self, packet: bytes | memoryview, timeout: float | None) -> None:
        """Write all of it; where the other end has hung up, it may have said why."""
        try:
            with anyio.fail_after(timeout):
                await self._connected().send(self._tls.encrypt(packet) if self._tls else bytes(packet))
        except TimeoutError as cause:
            raise httpx.WriteTimeout("the request was still being sent") from cause
        except _BROKEN:
            self._http.cut_short()

    async def receive(self, timeout: float | None) -> None:
        """Wait until something has arrived."""
        try:
            with anyio.fail_after(timeout):
                while not self._take(await self._read()):
                    await self._flush()
        except TimeoutError as cause:
            raise httpx.ReadTimeout("the response was still arriving") from cause
        except _BROKEN as cause:
            raise httpx.ReadError(str(cause)) from cause

    def poll(self) -> bool:
        """Feed what is there already; return False where the other end has hung up."""
        try:
            data = self._connected().extra(anyio.abc.SocketAttribute.raw_socket).recv(PACKET_SIZE)
            self._take(data)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(data)

    async def aclose(self) -> None:
        """Close the socket, in any state."""
        if self._stream is not None:
            await self._stream.aclose()

    def hang_up(self) -> None:
        """Close the socket, on which nobody waits, from any thread."""
        self._connected().extra(anyio.abc.SocketAttribute.raw_socket).close()

    def abort(self) -> None:
        """Do nothing: it is closed."""

    def _take(self, data: bytes) -> bool:
        """Feed what a socket gave; return False if it was of TLS's own."""
        if self._tls is None:
            self._http.feed(data)
            return True
        self._tls.feed(data)
        texts = list(self._tls.decrypt())
        for text in texts:
            self._http.feed(text)
        return bool(texts)

    async def _read(self) -> bytes:
        try:
            return await self._connected().receive(PACKET_SIZE)
        except anyio.EndOfStream:
            return b""

    async def _flush(self) -> None:
        """Send what TLS has to say for itself."""
        if self._tls is not None and (data := self._tls.outgoing()):
            await self._connected().send(data)

    def _connected(self) -> anyio.abc.SocketStream:
        assert self._stream is not None  # noqa: S101  # open() comes first
        return self._stream
