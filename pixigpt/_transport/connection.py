"""A direct connection of the sync pool: HTTP/1.1 on a socket, every wait of which ends with the request's deadline."""

import math
import socket
import ssl
import time
from typing import cast

import httpx

from pixigpt._transport.dial import dial
from pixigpt._transport.extensions import request_deadline, timeout_of
from pixigpt._transport.http11 import HTTP11, PACKET_SIZE, BodyEncoder, packets
from pixigpt._transport.patches import is_httpcore_patched
from pixigpt._transport.resolver import resolve
from pixigpt._transport.response import Head
from pixigpt._transport.routes import Route
from pixigpt._transport.sockets import SOCKET_OPTIONS, hang_up, is_readable
from pixigpt._transport.urls import Origin


class DirectConnection:
    """One connection, opened by its first request."""

    def __init__(self, route: Route, origin: Origin) -> None:
        self._route = route
        self._origin = origin
        self._http = HTTP11()
        self._socket: socket.socket | None = None
        self._end = math.inf
        self._is_aborted = False
        self._timeouts: tuple[float | None, float | None] = None, None

    def send(self, request: httpx.Request) -> Head:
        """Send a request by its deadline; return the head of its response."""
        self._end = request_deadline(request)
        self._timeouts = timeout_of(request, "read"), timeout_of(request, "write")
        head, body = self._http.start(request)
        if self._socket is None:
            self._open(timeout_of(request, "connect"))
        self._send(head, body, cast("httpx.SyncByteStream", request.stream))
        while (response := self._http.head()) is None:
            self._receive()
        return response

    def piece(self) -> bytes:
        """Return the next piece of the response's body; b"" at its end."""
        while (piece := self._http.piece()) is None:
            self._receive()
        return piece

    def bound(self, end: float) -> None:
        """Let the request in flight end by then, if that is earlier than its deadline."""
        self._end = min(self._end, end)

    def fits(self, origin: Origin) -> bool:
        """Return whether it leads to a request's origin, and nothing has come since its last response."""
        return origin == self._origin and not self._has_input() and not is_httpcore_patched()

    def finish(self) -> bool:
        """Return whether it can take another request."""
        return self._http.is_reusable()

    def close(self) -> None:
        """Close it, in any state."""
        if self._socket is not None:
            self._socket.close()

    def abort(self) -> None:
        """End what another thread does with it: shut down its socket, and let nothing more begin."""
        self._is_aborted = True
        if self._socket is not None:
            hang_up(self._socket.fileno())

    def _send(self, head: bytes, body: BodyEncoder, stream: httpx.SyncByteStream) -> None:
        """Send a request; stop when the server responds, or hangs up, before it has read everything."""
        unsent = head
        for piece in stream:
            if not self._write(unsent, body.encode(piece)):
                return
            unsent = b""
        unsent += self._http.end_request(body)
        if unsent:
            self._write(unsent, b"")

    def _write(self, head: bytes, piece: bytes) -> bool:
        """Write a piece; return False if the rest of the request is not wanted."""
        for packet in packets(head, piece):
            if not head and self._has_responded():
                return False
            try:
                self._connected(self._timeouts[1], httpx.WriteTimeout).sendall(packet)
            except TimeoutError as cause:
                raise httpx.WriteTimeout("the request was still being sent") from cause
            except OSError:  # it has hung up, but may have said why
                self._http.cut_short()
                return False
            head = b""
        return True

    def _has_responded(self) -> bool:
        """Return whether the head of a response has arrived. TLS may have something to read that is no response."""
        connected = self._connected(None, httpx.WriteTimeout)
        if not is_readable(connected):
            return False
        connected.settimeout(0)
        try:
            self._http.feed(connected.recv(PACKET_SIZE))
        except ssl.SSLWantReadError:
            return False
        except OSError:
            self._http.cut_short()
            return True
        return self._http.head() is not None

    def _receive(self) -> None:
        """Wait for more of the response."""
        try:
            data = self._connected(self._timeouts[0], httpx.ReadTimeout).recv(PACKET_SIZE)
        except TimeoutError as cause:
            raise httpx.ReadTimeout("the response was still arriving") from cause
        except OSError as cause:
            raise httpx.ReadError(str(cause)) from cause
        self._http.feed(data)

    def _connected(self, timeout: float | None, error: type[httpx.TimeoutException]) -> socket.socket:
        """Return the socket, set to wait no longer than is allowed."""
        assert self._socket is not None  # noqa: S101  # send() opens it
        if self._is_aborted:
            raise error("given up")
        self._socket.settimeout(_time_left(timeout, error, self._end))
        return self._socket

    def _has_input(self) -> bool:
        assert self._socket is not None  # noqa: S101  # only a connection that was used is asked
        has_plain_text = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0
        return has_plain_text or is_readable(self._socket)

    def _open(self, timeout: float | None) -> None:
        left = _time_left(timeout, httpx.ConnectTimeout, self._end)
        end = math.inf if left is None else time.monotonic() + left
        try:
            self._socket = dial(resolve(self._origin.host, self._origin.port, left), self._origin.port, end)
            for option in SOCKET_OPTIONS:
                self._socket.setsockopt(*option)
            self._secure(end)
        except TimeoutError as cause:
            raise httpx.ConnectTimeout(str(cause)) from cause
        except OSError as cause:
            raise httpx.ConnectError(str(cause)) from cause

    def _secure(self, end: float) -> None:
        """Shake hands, if the route is over TLS."""
        context, connected = self._route.ssl_context, self._connected(None, httpx.ConnectTimeout)
        if context is not None:
            connected.settimeout(_time_left(None, httpx.ConnectTimeout, end))
            self._socket = context.wrap_socket(connected, server_hostname=self._origin.host)


def _time_left(timeout: float | None, error: type[httpx.TimeoutException], end: float) -> float | None:
    """Return the seconds that a blocking call may take, None meaning no limit; raise the error if none are left."""
    if end == math.inf:
        return timeout
    left = end - time.monotonic()
    if left <= 0:
        raise error("the time is up")
    return left if timeout is None else min(left, timeout)
