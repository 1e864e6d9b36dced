"""An answer's body as it comes in: decompressed, and no larger than is allowed."""

import zlib

import httpx

from pixigpt._steps import Answer

_ENCODINGS = ("", "identity", "gzip")  # all that the SDK asks for
_GZIP = 16 + zlib.MAX_WBITS
_MOST_SURPLUS = 2**17  # more than an HTTP parser holds back


def whole_answer(response: httpx.Response, max_bytes: int | None) -> Answer:
    """The answer that something else has read, or has closed before it could be read."""
    content = response.content if response.is_stream_consumed else b""
    flaw = None if max_bytes is None or len(content) <= max_bytes else _too_large(max_bytes)
    return Answer(response.status_code, response.headers, content, flaw)


def _too_large(max_bytes: int) -> str:
    return f"the body is larger than max_response_bytes, {max_bytes:,}"


class Body:
    """The body of one answer, which a driver feeds piece by piece until it is whole or flawed."""

    def __init__(self, response: httpx.Response, max_bytes: int | None) -> None:
        self._response = response
        self._max_bytes = max_bytes
        self._content = bytearray()
        self._flaw: str | None = None
        self._surplus = 0
        encoding = response.headers.get("content-encoding", "").lower()
        self._gzip = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        if encoding not in _ENCODINGS:
            self._flaw = f"the body's content-encoding is {encoding!r}, which was not asked for"

    def add(self, piece: bytes) -> bool:
        """Take one more piece off the wire; False when no more is wanted."""
        if self._flaw is None:
            self._take(piece)
        else:
            self._surplus += len(piece)
        return self._flaw is None

    @property
    def is_overrun(self) -> bool:
        """Whether pieces still come long after no more were wanted."""
        return self._surplus > _MOST_SURPLUS

    def answer(self) -> Answer:
        """The answer with what has come."""
        if self._flaw is None and self._gzip is not None and self._content and not self._gzip.eof:
            self._flaw = "the body's gzip is cut off"
        return Answer(self._response.status_code, self._response.headers, bytes(self._content), self._flaw)

    def _take(self, piece: bytes) -> None:
        try:
            self._content += piece if self._gzip is None else self._gzip.decompress(piece, self._room())
        except zlib.error:
            self._flaw = "the body is not gzip, although its content-encoding says so"
        if self._max_bytes is not None and len(self._content) > self._max_bytes:
            self._flaw = _too_large(self._max_bytes)

    def _room(self) -> int:
        """How much to decompress at the most, 0 standing for no limit: one byte more than is allowed will tell."""
        return 0 if self._max_bytes is None else self._max_bytes - len(self._content) + 1
