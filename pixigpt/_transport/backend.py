"""Network backend that enforces a request's deadline: every blocking call gets only the time that is left.

httpcore gives each blocking call its full timeout, so a server that sends a byte now and then could hold a call for
ever.
"""

import math
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import httpcore
from attrs import define

from pixigpt._transport.resolver import resolve
from pixigpt._transport.sockets import KEEP_ALIVE, hang_up
from pixigpt._transport.tls_in_tls import TLSInTLSStream

# Read and sent at once. In between, the backend checks the clock, and whether the server has responded early.
CHUNK_SIZE = 16384


@define
class Deadline:
    """When the request in flight on a connection must end, by the monotonic clock, unless it is aborted before."""

    end: float = math.inf
    connected: socket.socket | None = None
    is_aborted: bool = False

    def abort(self) -> None:
        """Let no blocking call begin, and end the one that has."""
        self.is_aborted = True
        if self.connected is not None:
            hang_up(self.connected.fileno())

    def time_left(self, timeout: float | None, error: type[Exception], end: float = math.inf) -> float | None:
        """Return the seconds that a blocking call may take, None meaning no limit; raise the error if none are left."""
        if self.is_aborted:
            raise error("given up")
        nearest = min(self.end, end)
        if nearest == math.inf:
            return timeout
        left = nearest - time.monotonic()
        if left <= 0:
            raise error("the time is up")
        return left if timeout is None else min(left, timeout)


class Stream(httpcore.NetworkStream):
    """A connected socket with a delayed write.

    httpcore writes a request's head and its body apart. Sent at once, they would be two packets, and with Nagle's
    algorithm and delayed ACKs the second could wait 40 ms for the first to be acknowledged. So `write()` only collects,
    and the first `read()` sends everything. A test on a raw socket sees one packet for a whole request.

    Until its TLS handshakes are done, the stream belongs to connecting and waits no longer than that may take.
    """

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline, connect_end: float, handshakes: int) -> None:
        self._inner = inner
        self._deadline = deadline
        deadline.connected = inner.get_extra_info("socket")
        self._connect_end = connect_end
        self._handshakes = handshakes
        self._unsent = bytearray()
        self._is_cut_short = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            self._send(timeout)
        try:
            return self._inner.read(min(max_bytes, CHUNK_SIZE), self._time_left(timeout, httpcore.ReadTimeout))
        except httpcore.ReadTimeout as cause:
            if self._handshakes:
                raise httpcore.ConnectTimeout(str(cause)) from cause
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "Stream":
        try:
            left = self._time_left(timeout, httpcore.ConnectTimeout)
            if self._inner.get_extra_info("ssl_object") is None:
                secured = self._inner.start_tls(ssl_context, server_hostname, left)
            else:
                secured = TLSInTLSStream(self, ssl_context, server_hostname, timeout)
        except BaseException:
            self.close()
            raise
        return Stream(secured, self._deadline, self._connect_end, self._handshakes - 1)

    def get_extra_info(self, info: str) -> object:
        return (info == "is_readable" and self._is_cut_short) or self._inner.get_extra_info(info)

    def _time_left(self, timeout: float | None, error: type[Exception]) -> float | None:
        if self._handshakes:
            return self._deadline.time_left(timeout, httpcore.ConnectTimeout, self._connect_end)
        return self._deadline.time_left(timeout, error)

    def _send(self, timeout: float | None) -> None:
        """Send what was written; stop when the server responds, or hangs up, before it has read everything."""
        unsent, self._unsent = bytes(self._unsent), bytearray()
        try:
            for start in range(0, len(unsent), CHUNK_SIZE):
                if start and self._inner.get_extra_info("is_readable"):
                    self._is_cut_short = True
                    return
                self._inner.write(unsent[start : start + CHUNK_SIZE], self._time_left(timeout, httpcore.WriteTimeout))
        except httpcore.WriteError:
            self._is_cut_short = True


class Backend(httpcore.NetworkBackend):
    """Opens the socket of one connection, and can close it in any state."""

    def __init__(self, deadline: Deadline, handshakes: int) -> None:
        self._deadline = deadline
        self._handshakes = handshakes
        self._inner = httpcore.SyncBackend()
        self._opened: Stream | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        left = self._deadline.time_left(timeout, httpcore.ConnectTimeout)
        end = math.inf if left is None else time.monotonic() + left
        options = [*KEEP_ALIVE, *(socket_options or ())]

        def connect(address: str, seconds: float | None) -> Stream:
            inner = self._inner.connect_tcp(address, port, seconds, local_address, options)
            return Stream(inner, self._deadline, end, self._handshakes)

        self._opened = self._first_reachable(resolve(host, port, left), connect, end)
        return self._opened

    def close(self) -> None:
        """Close the socket, if one was opened."""
        if self._opened is not None:
            self._opened.close()

    def _first_reachable(
        self, addresses: list[str], connect: Callable[[str, float | None], Stream], end: float
    ) -> Stream:
        """Try the addresses in order, each with an equal share of the time that is left."""
        *others, last = addresses
        for tried, address in enumerate(others):
            left = self._deadline.time_left(None, httpcore.ConnectTimeout, end)
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return connect(address, None if left is None else left / (len(addresses) - tried))
        return connect(last, self._deadline.time_left(None, httpcore.ConnectTimeout, end))
