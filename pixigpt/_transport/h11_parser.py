"""The parser of responses that is always there: h11, by its public API."""

import h11
import httpx

from pixigpt._transport.response import MAX_HEAD, Head, framing

_END = h11.EndOfMessage()
_REQUESTS: dict[str, h11.Request] = {}


def _request(method: str) -> h11.Request:
    """Return what h11 must know of a request to read its response: the method. It does not write the request."""
    if method not in _REQUESTS:
        _REQUESTS[method] = h11.Request(method=method, target="/", headers=[("host", "")])
    return _REQUESTS[method]


class H11Parser:
    """Reads the responses of one connection by h11."""

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._is_closed = False

    def start(self, method: str) -> None:
        """Expect the response to another request."""
        if self._h11.our_state is h11.DONE:
            self._h11.start_next_cycle()
        self._h11.send(_request(method))
        self._h11.send(_END)

    def feed(self, data: bytes) -> None:
        """Store what has arrived."""
        self._is_closed = not data
        self._h11.receive_data(data)

    def next(self) -> Head | bytes | None:
        """Return what comes next; see `http11.Parser`."""
        try:
            event = self._h11.next_event()
            while isinstance(event, h11.InformationalResponse):
                event = self._h11.next_event()
        except h11.RemoteProtocolError as cause:
            raise httpx.RemoteProtocolError(str(cause)) from cause
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.Response):
            head = Head(event.status_code, event.headers.raw_items(), bytes(event.reason))
            framing(head, event.http_version.decode("ascii"))
            return head
        if isinstance(event, h11.EndOfMessage):
            return b""
        return None  # h11 itself refuses what is cut off

    def is_reusable(self) -> bool:
        """Return whether the response ended with its last byte, and another may follow."""
        is_done = self._h11.our_state is self._h11.their_state is h11.DONE
        return is_done and not self._h11.trailing_data[0] and not self._is_closed
