"""Sockets for the async pool, on asyncio and on trio: the twin of `_network`, on anyio's streams.

The async client bounds a whole attempt by one cancel scope. So a wait has a timeout of its own only where one is
asked for; httpcore's streams enter a scope for each wait, which took a third of a call's time.
"""

import math
import select
import socket
import ssl
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import cast

import anyio
import anyio.abc
import httpcore
from anyio.streams.tls import TLSAttribute, TLSStream

from pixigpt._network import KEEP_ALIVE

_BROKEN = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


class AsyncStream(httpcore.AsyncNetworkStream):
    """A connected socket. What is written leaves when an answer to it is waited for: as one packet, not as two."""

    def __init__(self, inner: anyio.abc.ByteStream, connected: socket.socket, connect_end: float) -> None:
        self._inner = inner
        self._socket = connected
        self._connect_end = connect_end
        self._unsent = bytearray()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            await self._send(timeout)
        with _errors(httpcore.ReadTimeout, httpcore.ReadError), _limit(timeout):
            try:
                return await self._inner.receive(max_bytes)
            except anyio.EndOfStream:
                return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # nothing waits yet
        self._unsent += buffer

    async def _send(self, timeout: float | None) -> None:
        unsent, self._unsent = bytes(self._unsent), bytearray()
        with (
            suppress(httpcore.WriteError),  # the server may have answered before it closed
            _errors(httpcore.WriteTimeout, httpcore.WriteError),
            _limit(timeout),
        ):
            await self._inner.send(unsent)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "AsyncStream":
        left = max(0.0, min(math.inf if timeout is None else timeout, self._connect_end - anyio.current_time()))
        try:
            with _errors(httpcore.ConnectTimeout, httpcore.ConnectError), anyio.fail_after(left):
                secured = await TLSStream.wrap(
                    self._inner, hostname=server_hostname, ssl_context=ssl_context, standard_compatible=False
                )
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        return AsyncStream(secured, self._socket, self._connect_end)

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable":
            return _is_readable(self._socket)
        if info == "socket":
            return self._socket
        return self._inner.extra(TLSAttribute.ssl_object, None)  # noqa: S610  # no Django here


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Opens the socket of one connection, by the end of the request that needs it."""

    def __init__(self, end: float) -> None:
        self._end = end

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002  # it has its own
    ) -> AsyncStream:
        end = self._end if timeout is None else min(self._end, anyio.current_time() + timeout)
        with _errors(httpcore.ConnectTimeout, httpcore.ConnectError), anyio.fail_after(end - anyio.current_time()):
            stream = await anyio.connect_tcp(host, port, local_host=local_address)
        connected = stream.extra(anyio.abc.SocketAttribute.raw_socket)  # noqa: S610  # no Django here
        for option in KEEP_ALIVE:
            connected.setsockopt(*option)
        return AsyncStream(stream, connected, end)


def _limit(seconds: float | None) -> AbstractContextManager[object]:
    return nullcontext() if seconds is None else anyio.fail_after(seconds)


@contextmanager
def _errors(
    too_late: type[httpcore.TimeoutException], broken: type[httpcore.NetworkError]
) -> Generator[None, None, None]:
    """Raise httpcore's errors in the place of anyio's."""
    try:
        yield
    except TimeoutError as cause:
        raise too_late("the time is up") from cause
    except _BROKEN as cause:
        raise broken(_text(cause)) from cause


def _text(failure: BaseException) -> str:
    """What went wrong with the first address, where anyio only says that all attempts failed."""
    cause: BaseException | None = failure.__cause__
    if isinstance(cause, ExceptionGroup):
        cause = cast("ExceptionGroup[OSError]", cause).exceptions[0]
    return str(failure) if cause is None else _text(cause)


def _is_readable(connected: socket.socket) -> bool:
    """Whether an idle connection has something to read, which can only be its end."""
    if connected.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([connected], [], [], 0)[0])
    poll = select.poll()  # select() fails above 1,024 descriptors
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))
