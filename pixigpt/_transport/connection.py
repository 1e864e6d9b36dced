"""A direct connection of the sync pool: HTTP/1.1 on a socket, every wait of which ends with the request's deadline."""

from typing import cast

import httpx

from pixigpt._transport.base import Head
from pixigpt._transport.extensions import request_deadline, timeout_of
from pixigpt._transport.http11 import HTTP11, BodyEncoder, packets
from pixigpt._transport.patches import is_httpcore_patched
from pixigpt._transport.routes import Route
from pixigpt._transport.socket_channel import SocketChannel
from pixigpt._transport.urls import Origin


class DirectConnection:
    """One connection, opened by its first request."""

    def __init__(self, route: Route, origin: Origin) -> None:
        self._route = route
        self._origin = origin
        self._http = HTTP11()
        self._channel = SocketChannel(self._http)
        self._timeouts: tuple[float | None, float | None] = None, None

    def send(self, request: httpx.Request) -> Head:
        """Send a request by its deadline; return the head of its response."""
        self._channel.end = request_deadline(request)
        self._timeouts = timeout_of(request, "read"), timeout_of(request, "write")
        head, body = self._http.start(request)
        if not self._channel.is_open:
            self._channel.open(self._route, self._origin, timeout_of(request, "connect"))
        if self._send(head, body, cast("httpx.SyncByteStream", request.stream)):
            self._channel.receive(self._timeouts[0])
        while (response := self._http.head()) is None:
            self._channel.receive(self._timeouts[0])
        return response

    def piece(self) -> bytes:
        """Return the next piece of the response's body; b"" at its end."""
        while (piece := self._http.piece()) is None:
            self._channel.receive(self._timeouts[0])
        return piece

    def bound(self, end: float) -> None:
        """Let the request in flight end by then, if that is earlier than its deadline."""
        self._channel.end = min(self._channel.end, end)

    def fits(self, origin: Origin) -> bool:
        """Return whether it leads to a request's origin, and nothing has come since its last response."""
        is_alive = origin == self._origin and self._channel.poll() and self._http.is_reusable()
        return is_alive and not is_httpcore_patched()

    def finish(self) -> bool:
        """Return whether it can take another request."""
        return self._http.is_reusable()

    def close(self) -> None:
        """Close it, in any state."""
        self._channel.close()

    def abort(self) -> None:
        """End what another thread does with it: shut down its socket, and let nothing more begin."""
        self._channel.abort()

    def _send(self, head: bytes, body: BodyEncoder, stream: httpx.SyncByteStream) -> bool:
        """Send a request; return False if the server has responded, or hung up, before it has read everything."""
        unsent = head
        for piece in stream:
            if not self._write(unsent, body.encode(piece)):
                return False
            unsent = b""
        unsent += self._http.end_request(body)
        return not unsent or self._write(unsent, b"")

    def _write(self, head: bytes, piece: bytes) -> bool:
        """Write a piece; return False if the rest of the request is not wanted."""
        for packet in packets(head, piece):
            if not head and self._http.has_responded(is_alive=self._channel.poll()):
                return False
            if not self._channel.write(packet, self._timeouts[1]):
                return False
            head = b""
        return True
