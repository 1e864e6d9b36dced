"""The faster parser of responses, where `pixigpt[speed]` is installed: httptools, or llhttp, held to h11's rules."""

import re
from functools import cache
from importlib.util import find_spec

import httpx

from pixigpt._transport.base import Head
from pixigpt._transport.framing import MAX_HEAD, too_long

_LINE_END = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"[ \t]*\r\n[ \t]+")


@cache
def is_installed() -> bool:
    """Return whether httptools is installed."""
    return find_spec("httptools") is not None


class HttptoolsMessage:
    """One response as llhttp tells it, whose callbacks are the methods named `on_...`."""

    def __init__(self, head: bytes) -> None:
        import httptools  # an extra

        self.head = Head(0, [])
        self.is_complete = False
        self.has_surplus = False
        self._pieces: list[bytes] = []
        self._is_head_read = False
        self._overhead = 0  # bytes since the last one of the body
        self._tail = b""
        self._llhttp = httptools.HttpResponseParser(self)
        self._llhttp.feed_data(_normalized(head))
        self.head.status = self._llhttp.get_status_code()
        self.head.version = self._llhttp.get_http_version()

    def feed_chunks(self, data: bytes) -> bytes:
        """Return what the chunks in some data hold.

        llhttp skips line breaks between two responses without a word. But a chunked body ends with exactly one empty
        line after one that is not, and so its last bytes tell whether anything came after it.
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
            raise too_long()
        self._tail = (self._tail + data)[-5:]
        if self.is_complete:
            self.has_surplus |= not self._tail.endswith(b"\r\n\r\n") or self._tail.startswith((b"\r", b"\n"))
        return piece

    def on_message_begin(self) -> None:
        """Note what comes after the message."""
        self.has_surplus |= self.is_complete

    def on_status(self, status: bytes) -> None:
        """Keep the reason phrase."""
        self.head.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are dropped."""
        if not self._is_head_read:
            self.head.headers.append((name, value))

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


@cache
def httptools_errors() -> tuple[type[Exception], ...]:
    """Return what httptools raises."""
    import httptools  # an extra

    return httptools.HttpParserError, httptools.HttpParserUpgrade  # which one is not the other
