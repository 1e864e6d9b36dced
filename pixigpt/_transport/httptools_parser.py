"""The faster parser of responses, where `pixigpt[speed]` is installed: httptools, which is llhttp, held to h11's rules.

llhttp is fed one head at a time, and a body only where that is chunked. So the end of a head, and of a body that has a
length, is known to the byte, and nothing that comes after them is ever parsed.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import httpx

from pixigpt._transport.response import MAX_HEAD, Framing, Head, cut_off, framing

if TYPE_CHECKING:
    pass

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"[ \t]*\r\n[ \t]+")


@cache
def is_installed() -> bool:
    """Return whether httptools is installed."""
    return find_spec("httptools") is not None


class HttptoolsParser:
    """Reads the responses of one connection by httptools."""

    def __init__(self) -> None:
        self._data = b""
        self._searched = 0  # how far the end of a head was searched for
        self._is_closed = False
        self._method = ""
        self._framing = Framing()
        self._chunks: _Message | None = None
        self._read: Callable[[], Head | bytes | None] = self._read_head

    def start(self, method: str) -> None:
        """Expect the response to another request."""
        self._method = method
        self._read = self._read_head

    def feed(self, data: bytes) -> None:
        """Store what has arrived."""
        self._is_closed = not data
        self._data = self._data + data if self._data else data

    def next(self) -> Head | bytes | None:
        """Return what comes next; see `http11.Parser`."""
        try:
            found = self._read()
        except _errors() as cause:
            raise httpx.RemoteProtocolError(str(cause)) from cause
        if found is None and self._is_closed:
            raise cut_off()
        return found

    def is_reusable(self) -> bool:
        """Return whether the response ended with its last byte, and another may follow."""
        has_end = self._framing.is_chunked or self._framing.length is not None
        return has_end and not self._framing.is_last and not self._data and not self._is_closed

    def _read_head(self) -> Head | None:
        while (end := _END_OF_HEAD.search(self._data, max(0, self._searched - 3))) is not None:
            lines, self._data, self._searched = self._data[: end.end()], self._data[end.end() :], 0
            if len(lines) > MAX_HEAD:
                raise _too_long()
            message = _Message(_normalized(lines))
            if message.status >= 200:
                return self._begin_body(message)
            if not 100 <= message.status != 101:
                raise httpx.RemoteProtocolError(f"the response has the status {message.status}")
        self._searched = len(self._data)
        if self._searched > MAX_HEAD:
            raise _too_long()
        return None

    def _begin_body(self, message: "_Message") -> Head:
        head = Head(message.status, message.headers, message.reason)
        framed = self._framing = framing(head, message.version)
        if self._method == "HEAD" or head.status in (204, 304):
            self._framing = Framing(length=0, is_last=framed.is_last)
        self._chunks = message
        if self._framing.is_chunked:
            self._read = self._read_chunks
        else:
            self._read = self._read_to_close if self._framing.length is None else self._read_length
        return head

    def _read_length(self) -> bytes | None:
        left = self._framing.length
        assert left is not None  # noqa: S101  # this is what reads a body with a length
        if left == 0:
            return b""
        piece, self._data = self._data[:left], self._data[left:]
        self._framing.length = left - len(piece)
        return piece or None

    def _read_to_close(self) -> bytes | None:
        piece, self._data = self._data, b""
        return piece if piece or self._is_closed else None

    def _read_chunks(self) -> bytes | None:
        assert self._chunks is not None  # noqa: S101  # this is what reads a body in chunks
        data, self._data = self._data, b""
        piece = self._chunks.feed_chunks(data)
        if piece or not self._chunks.is_complete:
            return piece or None
        self._framing.is_last |= self._chunks.has_surplus
        return b""


class _Message:
    """One response as llhttp tells it, whose callbacks are the methods named `on_...`."""

    def __init__(self, head: bytes) -> None:
        import httptools  # an extra

        self.status = 0
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False
        self.has_surplus = False
        self._pieces: list[bytes] = []
        self._is_head_read = False
        self._overhead = 0  # bytes since the last one of the body
        self._tail = b""
        self._llhttp = httptools.HttpResponseParser(self)
        self._llhttp.feed_data(head)
        self.status = self._llhttp.get_status_code()
        self.version = self._llhttp.get_http_version()

    def feed_chunks(self, data: bytes) -> bytes:
        """Return what the chunks in some data hold.

        llhttp skips line breaks between two responses without a word. But a chunked body ends with exactly one empty
        line, and so its last bytes tell whether anything came after it.
        """
        had_end = self.is_complete
        if had_end or not data:
            self.has_surplus |= bool(data)
            return b""
        self._llhttp.feed_data(data)
        piece = b"".join(self._pieces)
        self._pieces.clear()
        self._overhead = 0 if piece else self._overhead + len(data)
        if self._overhead > MAX_HEAD:
            raise _too_long()
        self._tail = (self._tail + data)[-6:]
        if self.is_complete:
            self.has_surplus |= not self._tail.endswith(b"\r\n\r\n") or self._tail == b"\r\n\r\n\r\n"
        return piece

    def on_message_begin(self) -> None:
        """Note what comes after the message."""
        self.has_surplus |= self.is_complete

    def on_status(self, status: bytes) -> None:
        """Keep the reason phrase."""
        self.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are dropped."""
        if not self._is_head_read:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take what follows for trailers."""
        self._is_head_read = True

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body, but not of what comes after it."""
        if not self.is_complete:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Note the end."""
        self.is_complete = True


def _normalized(head: bytes) -> bytes:
    """Return a head without what h11 takes and llhttp does not: bare line feeds and folded headers."""
    if not head.startswith(b"HTTP/"):
        raise httpx.RemoteProtocolError("the response does not begin with HTTP/")
    if head.count(b"\n") != head.count(b"\r\n"):
        head = _LINE_END.sub(b"\r\n", head)
    if b"\n " in head or b"\n\t" in head:
        status, _, headers = head.partition(b"\r\n")
        if headers[:1] in (b" ", b"\t"):
            raise httpx.RemoteProtocolError("the response's first header is folded")
        return status + b"\r\n" + _FOLD.sub(b" ", headers)
    return head


def _too_long() -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError(f"the response's head or trailers are longer than {MAX_HEAD:,} bytes")


@cache
def _errors() -> tuple[type[Exception], ...]:
    import httptools  # an extra

    return httptools.HttpParserError, httptools.HttpParserUpgrade  # which one is not the other
