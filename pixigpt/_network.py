"""Sockets whose every wait ends with the request that waits: httpcore's own, with the clock looked at before each wait.

httpcore gives each wait a timeout of its own, so a server that sends a byte now and then could hold a call for ever.
"""

import ipaddress
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

import httpcore
from attrs import define

T = TypeVar("T")

# Read and sent at once: the clock is looked at in between, and whether the server has answered before it has read all.
PIECE = 16384

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
    """A connected socket. What is written leaves when an answer to it is waited for: as one packet, not as two.

    Until its handshakes are done it belongs to connecting, and waits no longer than that may take.
    """

    def __init__(self, inner: httpcore.NetworkStream, span: Span, connect_end: float, handshakes: int) -> None:
        self._inner = inner
        self._span = span
        self._connect_end = connect_end
        self._handshakes = handshakes
        self._unsent = bytearray()
        self._is_cut_short = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            self._send(timeout)
        try:
            return self._inner.read(min(max_bytes, PIECE), self._left(timeout, httpcore.ReadTimeout))
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
            left = self._left(timeout, httpcore.ConnectTimeout)
            if self._inner.get_extra_info("ssl_object") is None:
                secured = self._inner.start_tls(ssl_context, server_hostname, left)
            else:
                secured = TlsInTls(self, ssl_context, server_hostname, timeout)
        except BaseException:
            self.close()
            raise
        return Stream(secured, self._span, self._connect_end, self._handshakes - 1)

    def get_extra_info(self, info: str) -> object:
        return (info == "is_readable" and self._is_cut_short) or self._inner.get_extra_info(info)

    def _left(self, timeout: float | None, error: type[Exception]) -> float | None:
        if self._handshakes:
            return self._span.left(timeout, httpcore.ConnectTimeout, self._connect_end)
        return self._span.left(timeout, error)

    def _send(self, timeout: float | None) -> None:
        """Send what was written. A server that answers before it has read all, or hangs up, is heard all the same."""
        unsent, self._unsent = bytes(self._unsent), bytearray()
        try:
            for start in range(0, len(unsent), PIECE):
                if start and self._inner.get_extra_info("is_readable"):
                    self._is_cut_short = True
                    return
                self._inner.write(unsent[start : start + PIECE], self._left(timeout, httpcore.WriteTimeout))
        except httpcore.WriteError:
            self._is_cut_short = True


class TlsInTls(httpcore.NetworkStream):
    """TLS through the tunnel of a proxy that itself speaks TLS. Its waits are the outer stream's."""

    def __init__(
        self, outer: Stream, context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self._run(self._tls.do_handshake, timeout, httpcore.ConnectError)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._run(lambda: self._tls.read(max_bytes), timeout, httpcore.ReadError)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._run(lambda: self._tls.write(buffer), timeout, httpcore.WriteError)

    def close(self) -> None:
        self._outer.close()

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable" and (self._incoming.pending or self._tls.pending()):
            return True
        return self._tls if info == "ssl_object" else self._outer.get_extra_info(info)

    def _run(self, step: Callable[[], T], timeout: float | None, error: type[httpcore.NetworkError]) -> T:
        """Do something with the inner TLS, which wants bytes from the outer one and has bytes for it."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush(timeout)
                self._feed(self._outer.read(PIECE, timeout))
            except ssl.SSLError as cause:
                raise error(str(cause)) from cause
            else:
                self._flush(timeout)
                return result

    def _flush(self, timeout: float | None) -> None:
        self._outer.write(self._outgoing.read(), timeout)

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


class Backend(httpcore.NetworkBackend):
    """Opens the socket of one connection, and can close it whatever becomes of it."""

    def __init__(self, span: Span, handshakes: int) -> None:
        self._span = span
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
        left = self._span.left(timeout, httpcore.ConnectTimeout)
        end = math.inf if left is None else time.monotonic() + left
        options = [*KEEP_ALIVE, *(socket_options or ())]

        def connect(address: str, seconds: float | None) -> Stream:
            inner = self._inner.connect_tcp(address, port, seconds, local_address, options)
            return Stream(inner, self._span, end, self._handshakes)

        self._opened = self._first_that_answers(_addresses(host, port, left), connect, end)
        return self._opened

    def close(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            self._opened.close()

    def _first_that_answers(
        self, addresses: list[str], connect: Callable[[str, float | None], Stream], end: float
    ) -> Stream:
        """Try one address after the other, each with an equal share of the time that is left."""
        *others, last = addresses
        for tried, address in enumerate(others):
            left = self._span.left(None, httpcore.ConnectTimeout, end)
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return connect(address, None if left is None else left / (len(addresses) - tried))
        return connect(last, self._span.left(None, httpcore.ConnectTimeout, end))


def _addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """A name's addresses. A lookup cannot be told to end: one that must has a thread, which is left if it is late."""
    try:
        if timeout is None or _is_address(host):
            return _look_up(host, port)
        return _look_up_in_thread(host, port, timeout)
    except (OSError, UnicodeError) as cause:
        raise httpcore.ConnectError(str(cause)) from cause


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def _look_up(host: str, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


def _look_up_in_thread(host: str, port: int, timeout: float) -> list[str]:
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def work() -> None:
        try:
            answers.put(_look_up(host, port))
        except Exception as failure:  # noqa: BLE001  # it is raised where the answer is awaited
            answers.put(failure)

    try:
        threading.Thread(target=work, name=f"look up {host}", daemon=True).start()
    except RuntimeError:  # there are too many threads, or the interpreter is ending
        work()
    try:
        answer = answers.get(timeout=timeout)
    except Empty as cause:
        raise httpcore.ConnectTimeout(f"looking up {host} took too long") from cause
    if isinstance(answer, Exception):
        raise answer
    return answer
