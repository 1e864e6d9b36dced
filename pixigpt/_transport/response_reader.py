"""Reads the responses on one connection, lazily and without I/O: a parser reads heads and chunks, all else is counted.

The parser is fed one head, where that is not plain or its body is chunked, and such a body. So the end of a head, and
of a body that has a length, is known to the byte, and nothing that comes after them is ever parsed.
"""

from collections.abc import Callable
from typing import Protocol

import httpx

from pixigpt._transport.base import Head
from pixigpt._transport.framing import MAX_HEAD, Framing, cut_off, framing, too_long
from pixigpt._transport.plain_head import plain_head


class Message(Protocol):
    """One response, parsed from its head; then its body, if that is chunked."""

    head: Head
    is_complete: bool
    has_surplus: bool  # something has come after its end

    def feed_chunks(self, data: bytes) -> bytes:
        """Return a piece of the body from this data, or from what came before; b"" where there is none."""
        ...


MessageParser = Callable[[bytes], Message]


class ResponseReader:
    """Reads the responses on one connection; `feed()` only stores."""

    def __init__(self, parser: MessageParser, errors: tuple[type[Exception], ...]) -> None:
        self._parse = parser
        self._errors = errors  # what it raises for what is no HTTP
        self._data = b""
        self._searched = 0  # how far the end of a head was searched for
        self._is_closed = False
        self._method = ""
        self._framing = Framing()
        self._chunks: Message | None = None
        self._read: Callable[[], Head | bytes | None] = self._read_head

    def start(self, method: str) -> None:
        """Expect the response to another request."""
        self._method = method
        self._read = self._read_head

    def feed(self, data: bytes) -> None:
        """Store what has arrived; nothing means that the server has closed its side."""
        self._is_closed = not data
        self._data = self._data + data if self._data else data

    def next(self) -> Head | bytes | None:
        """Return the head, then pieces of the body, then b""; None while more must arrive; raise an httpx error."""
        try:
            found = self._read()
        except self._errors as cause:
            raise httpx.RemoteProtocolError(str(cause)) from cause
        if found is None and self._is_closed:
            raise cut_off()
        return found

    @property
    def has_ended(self) -> bool:
        """Whether all of a body that has a length was read."""
        return self._framing.length == 0

    def is_reusable(self) -> bool:
        """Return whether the response ended with its last byte, and another may follow on the connection."""
        has_end = self._framing.is_chunked or self._framing.length is not None
        return has_end and not self._framing.is_last and not self._data and not self._is_closed

    def _read_head(self) -> Head | None:
        while end := _end_of_head(self._data, max(0, self._searched - 3)):
            lines, self._data, self._searched = self._data[:end], self._data[end:], 0
            if len(lines) > MAX_HEAD:
                raise too_long()
            head = plain_head(lines) or self._parse(lines).head
            if head.status >= 200:
                self._begin_body(head, lines)
                return head
            if not 100 <= head.status != 101:
                raise httpx.RemoteProtocolError(f"the response has the status {head.status}")
        self._searched = len(self._data)
        if self._searched > MAX_HEAD:
            raise too_long()
        return None

    def _begin_body(self, head: Head, lines: bytes) -> None:
        framed = self._framing = framing(head)
        if self._method == "HEAD" or head.status in (204, 304):
            self._framing = Framing(length=0, is_last=framed.is_last)
        if self._framing.is_chunked:
            self._chunks = self._parse(lines)
            self._read = self._read_chunks
        else:
            self._read = self._read_to_close if self._framing.length is None else self._read_length

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


def _end_of_head(data: bytes, start: int) -> int:
    """Return where the first empty line ends; 0 if there is none. A line may end without a carriage return."""
    end = data.find(b"\n\r\n", start)
    bare = data.find(b"\n\n", start, end + 1 if end >= 0 else len(data))
    return bare + 2 if bare >= 0 else end + 3 if end >= 0 else 0
