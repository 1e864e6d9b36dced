"""The parser of responses that is always there: h11, by its public API."""

import h11

from pixigpt._transport.response import MAX_HEAD

_REQUEST = h11.Request(method="GET", target="/", headers=[("host", "")])
_INFORMATIONAL = (b"HTTP/1.1 1", b"HTTP/1.0 1")

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
        self.status = event.status_code
        self.version = event.http_version.decode("ascii")
        self.headers = event.headers.raw_items()
        self.reason = bytes(event.reason)
        self.is_complete = False
        self.has_surplus = False

    def feed_chunks(self, data: bytes) -> bytes:
        """Return what one chunk holds; those that follow it are left for later."""
        if data:
            self._h11.receive_data(data)
        event = self._h11.next_event()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        self.is_complete = isinstance(event, h11.EndOfMessage)
        self.has_surplus = bool(self._h11.trailing_data[0]) if self.is_complete else False
        return b""
