"""HTTP/1.1 on one connection, without I/O: a request's head and body as bytes, a response from bytes, by one parser.

Whoever owns the socket calls `start()`, sends what it returns and what the `BodyEncoder` makes of the body, feeds what
arrives, and pulls the head and then the pieces of the body. Nothing is parsed before it is pulled, so that one
packet of a hundred thousand tiny chunks cannot hold up an event loop.
"""

import os
import re
from collections.abc import Mapping, Sequence

import httpx
from attrs import define

from pixigpt._transport.base import Head
from pixigpt._transport.h11_parser import H11_ERRORS, H11Message
from pixigpt._transport.httptools_parser import HttptoolsMessage, httptools_errors, is_installed
from pixigpt._transport.request import HeaderPairs, checked_headers, header_pairs
from pixigpt._transport.response_reader import ResponseReader

_REQUEST_HEAD = re.compile(
    rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e]+ HTTP/1\.1\r\n"
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*\r\n)*\r\n"
)
_PARSERS = ("h11", "httptools")

# Read and sent at once. In between, a connection looks whether the server has responded early.
PACKET_SIZE = 65536


def new_reader() -> ResponseReader:
    """Return a reader with the parser that is installed, or that PIXIGPT_PARSER names."""
    name = os.environ.get("PIXIGPT_PARSER") or ("httptools" if is_installed() else "h11")
    if name not in _PARSERS or (name == "httptools" and not is_installed()):
        raise httpx.UnsupportedProtocol(
            f"no connection can be opened: PIXIGPT_PARSER is {name!r}, and it must be 'h11', or 'httptools' with the "
            'package "httptools" installed: pip install "pixigpt[speed]"'
        )
    if name == "h11":
        return ResponseReader(H11Message, H11_ERRORS)
    return ResponseReader(HttptoolsMessage, httptools_errors())


class HTTP11:
    """The state of one connection between a request and the next."""

    def __init__(self) -> None:
        self._reader = new_reader()
        self._is_idle = True
        self._is_sent = False
        self._is_spoiled = False
        self._head: Head | None = None

    def start(self, request: httpx.Request) -> "tuple[bytes, BodyEncoder]":
        """Begin a request; return its head, and what encodes its body."""
        checked = checked_headers(request)
        headers = header_pairs(request) if checked is None else checked.items()
        head = encode_head(request.method, request.url.raw_path, headers)
        if checked is None:
            check_head(head, headers)
            checked = {name.lower(): value for name, value in headers}
        body = BodyEncoder.of(checked)
        self._reader.start(request.method)
        self._is_idle = self._is_sent = False
        self._head = None
        return head, body

    def end_request(self, body: "BodyEncoder") -> bytes:
        """Return what ends a request's body; from now on its response can leave the connection reusable."""
        end = body.end()
        self._is_sent = True
        self._is_spoiled |= body.is_last
        return end

    def cut_short(self) -> None:
        """Give the connection up after this response, since the request was not sent whole."""
        self._is_spoiled = True

    def feed(self, data: bytes) -> None:
        """Take what has arrived; nothing means that the server has closed its side."""
        if self._is_idle:
            self._is_spoiled = True
        else:
            self._reader.feed(data)

    def head(self) -> Head | None:
        """Return the response's head; None while it has not arrived."""
        if self._head is None:
            head = self._reader.next()
            assert not isinstance(head, bytes)  # noqa: S101  # the head comes first
            self._head = head
        return self._head

    def has_responded(self, *, is_alive: bool) -> bool:
        """Return whether no more of a request is wanted: the server has responded before its end, or has hung up."""
        if is_alive and self.head() is None:
            return False
        self.cut_short()
        return True

    def piece(self) -> bytes | None:
        """Return the next piece of the body; b"" at its end; None while more must arrive."""
        if self._is_idle:
            return b""
        piece = self._reader.next()
        assert not isinstance(piece, Head)  # noqa: S101  # there is one head
        if piece == b"" or self._reader.has_ended:
            self._is_idle = True
            self._is_spoiled |= not self._reader.is_reusable()
        return piece

    def is_reusable(self) -> bool:
        """Return whether the last exchange is complete in both directions, and nothing came after it."""
        return self._is_idle and self._is_sent and not self._is_spoiled


def encode_head(method: str, target: bytes, headers: HeaderPairs) -> bytes:
    """Return a request's head."""
    lines = "\r\n".join(map(": ".join, headers)).encode("latin-1")
    return b"%b %b HTTP/1.1\r\n%b\r\n\r\n" % (method.encode("ascii"), target, lines)


def check_head(head: bytes, headers: HeaderPairs) -> None:
    """Raise an httpx error that is not retryable if a header breaks out of its line.

    The head is checked as a whole: where each line is a header and there are as many lines as headers, none has brought
    a line of its own. One match costs less than one for each header, but cannot see a colon in a name.
    """
    is_whole = head.count(b"\n") == len(headers) + 2 and not any(":" in name for name, _ in headers)
    if not (is_whole and _REQUEST_HEAD.fullmatch(head)):
        raise httpx.LocalProtocolError("the request's method, target or headers hold illegal characters")


@define
class BodyEncoder:
    """Frames a request's body as its headers say, and holds it to its Content-Length."""

    is_chunked: bool = False
    is_last: bool = False  # the client itself closes the connection after this request
    _left: int = 0

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "BodyEncoder":
        """Return the encoder that a request's headers, by their names in lower case, ask for."""
        is_last = "connection" in headers and "close" in headers["connection"].lower()
        return cls("transfer-encoding" in headers, is_last, int(headers.get("content-length", 0)))

    def encode(self, piece: bytes) -> bytes:
        """Return a piece of the body as it is sent."""
        if self.is_chunked:
            return b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
        self._left -= len(piece)
        if self._left < 0:
            raise httpx.LocalProtocolError("the request's body is longer than its Content-Length")
        return piece

    def end(self) -> bytes:
        """Return what comes after the last piece."""
        if self.is_chunked:
            return b"0\r\n\r\n"
        if self._left:
            raise httpx.LocalProtocolError("the request's body is shorter than its Content-Length")
        return b""


def packets(head: bytes, body: bytes) -> Sequence[bytes | memoryview]:
    """Return a head with as much of a body as goes with it, then the rest of the body in slices that are not copied."""
    first = head + body[:PACKET_SIZE]
    if len(body) <= PACKET_SIZE:
        return (first,)
    view = memoryview(body)
    return [first, *(view[start : start + PACKET_SIZE] for start in range(PACKET_SIZE, len(body), PACKET_SIZE))]
