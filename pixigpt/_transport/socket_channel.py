"""A socket of the sync pool, which never blocks itself: each wait is a `poll()` that ends with the request's deadline.

A socket with a timeout of Python's own polls before each call too, and takes a system call to set the timeout. So here
a request and its response are four system calls, where they would be seven: 5 us less.
"""

import math
import socket
import ssl
import time

import httpx

from pixigpt._transport.dial import dial
from pixigpt._transport.http11 import HTTP11, PACKET_SIZE
from pixigpt._transport.resolver import resolve
from pixigpt._transport.routes import Route
from pixigpt._transport.sockets import SOCKET_OPTIONS, Readiness, hang_up
from pixigpt._transport.urls import Origin

_NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError)
_NO_ROOM = (BlockingIOError, ssl.SSLWantWriteError)


class SocketChannel:
    """One socket, with its TLS, that feeds what arrives to an `HTTP11`."""

    _socket: socket.socket  # these two once it is open
    _ready: Readiness

    def __init__(self, http: HTTP11) -> None:
        self._http = http
        self._tls: ssl.SSLSocket | None = None
        self._is_aborted = False
        self.is_open = False
        self.end = math.inf  # of the request in flight, by the monotonic clock

    def open(self, route: Route, origin: Origin, timeout: float | None) -> None:
        """Connect to the first address that takes it, and shake hands."""
        left = self._time_left(timeout, httpx.ConnectTimeout)
        end = math.inf if left is None else time.monotonic() + left
        try:
            connected = dial(resolve(origin.host, origin.port, left), origin.port, end)
            self._use(connected)
            for option in SOCKET_OPTIONS:
                connected.setsockopt(*option)
            if route.ssl_context is not None:
                connected.settimeout(None if left is None else max(end - time.monotonic(), 0.001))
                self._tls = route.ssl_context.wrap_socket(connected, server_hostname=origin.host)
                self._use(self._tls)
        except TimeoutError as cause:
            raise httpx.ConnectTimeout(str(cause)) from cause
        except OSError as cause:
            raise httpx.ConnectError(str(cause)) from cause

    def write(self, packet: bytes | memoryview, timeout: float | None) -> bool:
        """Write all of it; return False if a response came first, or the other end hung up, maybe after it said why."""
        unsent = packet
        while unsent:
            left = self._time_left(timeout, httpx.WriteTimeout)
            try:
                unsent = memoryview(unsent)[self._socket.send(unsent) :]
            except _NO_ROOM as cause:
                if not self._ready.to_read_or_write(left):
                    raise httpx.WriteTimeout("the request was still being sent") from cause
                if self._http.has_responded(is_alive=self.poll()):
                    return False
            except OSError:
                self._http.cut_short()
                return False
        return True

    def receive(self, timeout: float | None) -> None:
        """Wait until something has arrived."""
        while True:
            left = self._time_left(timeout, httpx.ReadTimeout)
            if not (self._has_decrypted() or self._ready.to_read(left)):
                raise httpx.ReadTimeout("the response was still arriving")
            try:
                if self._take():
                    return
            except OSError as cause:
                raise httpx.ReadError(str(cause)) from cause

    def poll(self) -> bool:
        """Feed what is there already; return False where the other end has hung up."""
        try:
            if self._has_decrypted() or self._ready.to_read(0):
                self._take()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the socket, in any state."""
        if self.is_open:
            self._socket.close()

    def abort(self) -> None:
        """End what another thread does with it, and let nothing more begin."""
        self._is_aborted = True
        if self.is_open:
            hang_up(self._socket.fileno())

    def _use(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket, self._ready = connected, Readiness(connected)
        self.is_open = True

    def _has_decrypted(self) -> bool:
        """Return whether TLS holds bytes that were received before."""
        return self._tls is not None and self._tls.pending() > 0

    def _take(self) -> bool:
        """Feed what the socket has received; return False if that was something of TLS's own."""
        try:
            data = self._socket.recv(PACKET_SIZE)
        except _NOTHING_YET:
            return False
        self._http.feed(data)
        return True

    def _time_left(self, timeout: float | None, error: type[httpx.TimeoutException]) -> float | None:
        """Return the seconds that a wait may take, None meaning no limit; raise the error if none are left."""
        if self._is_aborted:
            raise error("given up")
        if self.end == math.inf:
            return timeout
        left = self.end - time.monotonic()
        if left <= 0:
            raise error("the time is up")
        return left if timeout is None else min(left, timeout)
