"""Network backend of the async pool, on asyncio and on trio, by anyio's streams; the counterpart of `backend`.

The async client bounds a whole attempt by one cancel scope. So a wait has a timeout of its own only where one is
asked for; httpcore's streams enter a scope for each wait, which took a third of a call's time.
"""

import ssl
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext

import anyio
import anyio.abc
import httpcore
from anyio.streams.tls import TLSAttribute, TLSStream

from pixigpt._transport.backend import CHUNK_SIZE
from pixigpt._transport.internals import has_unread_bytes
from pixigpt._transport.sockets import KEEP_ALIVE, cause_of, hang_up, is_readable

_BROKEN = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
_SENT_AT_ONCE = 4 * CHUNK_SIZE


class AsyncStream(httpcore.AsyncNetworkStream):
    """A connected socket with a delayed write, as `backend.Stream`."""

    def __init__(
        self, inner: anyio.abc.ByteStream, base: anyio.abc.SocketStream, connect_end: float, handshakes: int
    ) -> None:
        self._inner = inner
        self._base = base  # below all TLS
        self._socket = base.extra(anyio.abc.SocketAttribute.raw_socket)
        self._connect_end = connect_end
        self._handshakes = handshakes
        self._unsent = bytearray()
        self._is_cut_short = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            await self._send(timeout)
        with self._errors(httpcore.ReadTimeout, httpcore.ReadError), self._limit(timeout):
            try:
                return await self._inner.receive(min(max_bytes, CHUNK_SIZE))
            except anyio.EndOfStream:
                return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "AsyncStream":
        try:
            with self._errors(httpcore.ConnectTimeout, httpcore.ConnectError), self._limit(timeout):
                secured = await TLSStream.wrap(
                    self._inner, hostname=server_hostname, ssl_context=ssl_context, standard_compatible=False
                )
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        return AsyncStream(secured, self._base, self._connect_end, self._handshakes - 1)

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable":
            return self._is_cut_short or is_readable(self._socket) or self._has_unread_bytes()
        return self._inner.extra(TLSAttribute.ssl_object, None)

    def _has_unread_bytes(self) -> bool:
        """Return whether bytes have arrived that nobody has read, in anyio or in TLS."""
        return has_unread_bytes(self._base) or _has_plain_text(self.get_extra_info("ssl_object"))

    def _limit(self, timeout: float | None) -> AbstractContextManager[object]:
        if self._handshakes:
            left = self._connect_end - anyio.current_time()
            return anyio.fail_after(max(0.0, left if timeout is None else min(left, timeout)))
        return nullcontext() if timeout is None else anyio.fail_after(timeout)

    def _errors(
        self, timed_out: type[httpcore.TimeoutException], broken: type[httpcore.NetworkError]
    ) -> AbstractContextManager[None]:
        return _errors(httpcore.ConnectTimeout if self._handshakes else timed_out, broken)

    async def _send(self, timeout: float | None) -> None:
        """Send what was written; stop when the server responds, or hangs up, before it has read everything."""
        unsent, self._unsent = bytes(self._unsent), bytearray()
        try:
            with self._errors(httpcore.WriteTimeout, httpcore.WriteError), self._limit(timeout):
                for start in range(0, len(unsent), _SENT_AT_ONCE):
                    if start and is_readable(self._socket):
                        self._is_cut_short = True
                        return
                    await self._inner.send(unsent[start : start + _SENT_AT_ONCE])
        except httpcore.WriteError:
            self._is_cut_short = True


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Opens the socket of one connection, by the deadline of its first request, and can close it in any state."""

    def __init__(self, end: float, handshakes: int) -> None:
        self._end = end
        self._handshakes = handshakes
        self._opened: anyio.abc.SocketStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncStream:
        end = self._end if timeout is None else min(self._end, anyio.current_time() + timeout)
        with _errors(httpcore.ConnectTimeout, httpcore.ConnectError):
            with anyio.fail_after(end - anyio.current_time()):
                self._opened = await anyio.connect_tcp(host, port, local_host=local_address)
            connected = self._opened.extra(anyio.abc.SocketAttribute.raw_socket)
            for option in KEEP_ALIVE:
                connected.setsockopt(*option)
        return AsyncStream(self._opened, self._opened, end, self._handshakes)

    async def aclose(self) -> None:
        """Close the socket, if one was opened."""
        if self._opened is not None:
            await self._opened.aclose()

    def hang_up(self) -> None:
        """End the connection at once, from any thread, if one was opened."""
        if self._opened is not None:
            hang_up(self._opened.extra(anyio.abc.SocketAttribute.raw_socket).fileno())


@contextmanager
def _errors(
    timed_out: type[httpcore.TimeoutException], broken: type[httpcore.NetworkError]
) -> Generator[None, None, None]:
    """Raise httpcore's errors in place of anyio's."""
    try:
        yield
    except _BROKEN as failure:
        cause = cause_of(failure)
        if isinstance(cause, TimeoutError):
            raise timed_out("the time is up") from failure
        raise broken(str(cause)) from failure


def _has_plain_text(tls: object) -> bool:
    """Return whether TLS holds, or can decrypt, bytes that were not read.

    The ssl module does not say how much a memory BIO's TLS object could still decrypt, so this probe reads a byte. If
    there is one, it is lost; the connection is then closed, since bytes after a response cannot be trusted.
    Without the probe such a byte would start the next response: the hostile tests send one in the same TLS record.
    """
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        tls.read(1)
    except ssl.SSLError as nothing:  # yet, or because the other end has closed it
        return not isinstance(nothing, ssl.SSLWantReadError)
    return True
