"""The parser of responses that is always there: h11, by its public API."""

import h11

from pixigpt._transport.base import Head
from pixigpt._transport.framing import MAX_HEAD

_REQUEST = h11.Request(method="GET", target="/", headers=[("host", "")])
_INFORMATIONAL = (b"HTTP/1.1 1", b"HTTP/1.0 1")

_AT_ONCE = 64  # chunks, so that a packet of a hundred thousand cannot hold up an event loop

H11_ERRORS = (h11.RemoteProtocolError,)


class H11Message:
    """One response as h11 tells it. A connection that has sent nothing takes one too, as h11 must for early ones."""

    def __init__(self, head: bytes) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        if head.startswith(_INFORMATIONAL):  # no server may send that early, and so here it needs a request
            self._h11.send(_REQUEST)
        self._h11.receive_data(head)
        event = self._h11.next_event()
        assert isinstance(event, h11.Response | h11.InformationalResponse)  # noqa: S101  # the head is complete
        version = event.http_version.decode("ascii")
        self.head = Head(event.status_code, event.headers.raw_items(), bytes(event.reason), version)
        self.is_complete = False
        self.has_surplus = False
        self._failure: h11.RemoteProtocolError | None = None

    def feed_chunks(self, data: bytes) -> bytes:
        """Return what some chunks hold, since each is little in a stream of events; many are left for later."""
        if self.is_complete:
            self.has_surplus |= bool(data)
            return b""
        if data:
            self._h11.receive_data(data)
        pieces: list[bytes] = []
        while len(pieces) < _AT_ONCE and (piece := self._next_chunk(is_first=not pieces)):
            pieces.append(piece)
        return b"".join(pieces)

    def _next_chunk(self, *, is_first: bool) -> bytes:
        """Return what the next chunk holds; b"" where there is none; an error is left for when it comes first."""
        if self._failure is not None:
            raise self._failure
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as failure:
            self._failure = failure
            if is_first:
                raise
            return b""
        if isinstance(event, h11.Data):
            return bytes(event.data)
        self.is_complete = isinstance(event, h11.EndOfMessage)
        self.has_surplus = bool(self._h11.trailing_data[0]) if self.is_complete else False
        return b""
