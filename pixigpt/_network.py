"""Sockets whose every wait ends with the request that waits: httpcore's own, with the clock looked at before each wait.

httpcore gives each wait a timeout of its own, so a server that sends a byte now and then could hold a call for ever.
"""

import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress

import httpcore
from attrs import define

_PIECE = 16384  # sent at once: a longer send would wait for the server more than once without a look at the clock
_SECONDS_AND_COUNTS = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}

# Finds a dead peer within two minutes, and keeps a NAT from forgetting a long call. Not every system has every option.
KEEP_ALIVE: list[tuple[int, int, int]] = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _SECONDS_AND_COUNTS.items()
        if hasattr(socket, name)
    ),
]


@define
class Span:
    """When the request under way on a connection must end, by the monotonic clock."""

    end: float = math.inf

    def left(self, timeout: float | None, error: type[Exception], end: float = math.inf) -> float | None:
        """The seconds that a wait may take, None meaning no limit; raises the error if there are none."""
        nearest = min(self.end, end)
        if nearest == math.inf:
            return timeout
        left = nearest - time.monotonic()
        if left <= 0:
            raise error("the time is up")
        return left if timeout is None else min(left, timeout)


class Stream(httpcore.NetworkStream):
    """A connected socket. What is written leaves when an answer to it is waited for: as one packet, not as two."""

    def __init__(self, inner: httpcore.NetworkStream, span: Span, connect_end: float) -> None:
        self._inner = inner
        self._span = span
        self._connect_end = connect_end
        self._unsent = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            self._send(timeout)
        return self._inner.read(max_bytes, self._span.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # nothing waits yet
        self._unsent += buffer

    def _send(self, timeout: float | None) -> None:
        unsent, self._unsent = bytes(self._unsent), bytearray()
        with suppress(httpcore.WriteError):  # the server may have answered before it closed
            for start in range(0, len(unsent), _PIECE):
                left = self._span.left(timeout, httpcore.WriteTimeout)
                self._inner.write(unsent[start : start + _PIECE], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "Stream":
        try:
            left = self._span.left(timeout, httpcore.ConnectTimeout, self._connect_end)
            secured = self._inner.start_tls(ssl_context, server_hostname, left)
        except BaseException:
            self.close()
            raise
        return Stream(secured, self._span, self._connect_end)

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
    """Opens the sockets of one connection."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        left = self._span.left(timeout, httpcore.ConnectTimeout)
        end = math.inf if left is None else time.monotonic() + left
        options = [*KEEP_ALIVE, *(socket_options or ())]

        def connect(address: str, seconds: float | None) -> Stream:
            return Stream(self._inner.connect_tcp(address, port, seconds, local_address, options), self._span, end)

        return self._first_that_answers(_addresses(host, port, left), connect, end)

    def _first_that_answers(
        self, addresses: list[str], connect: Callable[[str, float | None], Stream], end: float
    ) -> Stream:
        """Try one address after the other, each with an equal share of the time that is left."""
        for untried in range(len(addresses), 1, -1):
            left = self._span.left(None, httpcore.ConnectTimeout, end)
            try:
                return connect(addresses[-untried], None if left is None else left / untried)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return connect(addresses[-1], self._span.left(None, httpcore.ConnectTimeout, end))


def _addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """A name's addresses. The lookup cannot be told to end, so it has a thread, which is left behind if it is late."""
    found: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.set_result(list(dict.fromkeys(str(info[4][0]) for info in infos)))
        except (OSError, UnicodeError) as cause:
            found.set_exception(cause)

    try:
        threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    except RuntimeError:  # there are too many threads, or the interpreter is ending
        look_up()
    try:
        return found.result(timeout)
    except TimeoutError as cause:
        raise httpcore.ConnectTimeout(f"looking up {host} took too long") from cause
    except (OSError, UnicodeError) as cause:
        raise httpcore.ConnectError(str(cause)) from cause
