"""A response's body as it arrives: decompressed, and no larger than is allowed."""

import zlib
from typing import Protocol, TypeGuard

import httpx

from pixigpt._response import Response
from pixigpt._transport.base import RawHeaders, Received, raw_headers

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_BEGINS = 0x1F
_AT_ONCE = 2**14  # bytes of gzip, since zlib copies what is left of them at the end of each member
# What a body cannot be read with, unless it is one of the two that the SDK knows. Anything else changes nothing: some
# servers name a charset there.
_ENCODINGS = frozenset({"br", "compress", "deflate", "gzip", "x-compress", "x-gzip", "zstd"})
_MAX_SURPLUS = 2**17  # more than an HTTP parser holds back, and than compression adds to a body


def is_read(response: Received) -> TypeGuard[httpx.Response]:
    """Return whether something else has read a response: a mock, or an injected client's event hook."""
    return isinstance(response, httpx.Response) and response.is_stream_consumed


def complete_response(response: httpx.Response, max_bytes: int | None) -> Response:
    """Return a response that something else has read, or has closed before it could be read."""
    content = response.content if response.is_stream_consumed else b""
    defect = None if max_bytes is None or len(content) <= max_bytes else _too_large(max_bytes)
    return Response(response.status_code, response.headers, content, defect)


def _too_large(max_bytes: int) -> str:
    return f"the body is larger than max_response_bytes, {max_bytes:,}"


class _Inflater(Protocol):
    """What decompresses a body."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """Inflates a gzip body: one member after the other, as the standard says. What follows and is none is padding."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._is_over = False

    @property
    def eof(self) -> bool:
        return self._member.eof

    def decompress(self, data: bytes, max_length: int) -> bytes:
        pieces: list[bytes] = []
        left = memoryview(data)
        while left:
            if self._member.eof and not self._begin_member(left):
                break
            taken = left[:_AT_ONCE]
            pieces.append(self._member.decompress(taken, max_length))
            left = left[len(taken) - len(self._member.unused_data) :]
            if max_length and not (max_length := max_length - len(pieces[-1])):
                break
        return b"".join(pieces)

    def _begin_member(self, left: memoryview) -> bool:
        """Begin another member; return False if what is left is none."""
        self._is_over |= left[0] != _GZIP_BEGINS
        if not self._is_over:
            self._member = zlib.decompressobj(_GZIP)
        return not self._is_over


class _Deflate:
    """Inflates a deflate body: in zlib's format, as the standard says, or in the bare one that some servers send."""

    def __init__(self) -> None:
        self._head = b""
        self._inner: _Inflater | None = None

    @property
    def eof(self) -> bool:
        return self._inner is not None and self._inner.eof

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self.eof:  # what follows is dropped
            return b""
        if self._inner is None:
            self._head = data = self._head + data
            if len(data) < 2:  # zlib's header has two bytes, and is a multiple of 31
                return b""
            has_header = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
            self._inner = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        return self._inner.decompress(data, max_length)


def _inflater(encoding: str) -> _Inflater | None:
    """Return what decompresses an encoding: gzip, which the SDK asks for, and deflate, which some servers send."""
    if encoding in ("gzip", "x-gzip"):  # which are the same, as RFC 9110 says
        return _Gzip()
    return _Deflate() if encoding == "deflate" else None


def _encoding(headers: RawHeaders) -> str:
    """Return the content-encoding, or several."""
    found = [value for name, value in headers if len(name) == 16 and name.lower() == b"content-encoding"]
    return b", ".join(found).decode("latin-1").lower() if found else ""


class Body:
    """The body of one response, which a driver feeds chunk by chunk until it is complete or defective."""

    def __init__(self, response: Received, max_bytes: int | None) -> None:
        self._status_code = response.status_code
        self._headers = raw_headers(response)
        self._max_bytes = max_bytes
        self._pieces: list[bytes] = []
        self._arrived = 0  # bytes off the wire
        self._taken = 0
        self._defect: str | None = None
        self._surplus = 0
        self._encoding = _encoding(self._headers)
        self._inflater = _inflater(self._encoding)
        if self._inflater is None and not _ENCODINGS.isdisjoint(self._encoding.replace(",", " ").split()):
            self._defect = f"the body's content-encoding is {self._encoding!r}, which was not asked for"

    def add(self, chunk: bytes) -> bool:
        """Add one more chunk off the wire; return False when no more is wanted."""
        if self._defect is None:
            self._take(chunk)
        else:
            self._surplus += len(chunk)
        return self._defect is None

    def piece(self) -> bytes:
        """Take out what has arrived."""
        content = b"".join(self._pieces)
        self._pieces.clear()
        return content

    @property
    def is_overrun(self) -> bool:
        """Whether chunks still arrive long after no more were wanted."""
        return self._surplus > _MAX_SURPLUS

    def response(self) -> Response:
        """Return the response with what has arrived."""
        defect = self.defect(is_over=True)
        return Response(self._status_code, self._headers, b"".join(self._pieces), defect)

    def defect(self, *, is_over: bool) -> str | None:
        """Return why what has arrived is not the body, if so; what `is_over` must be complete."""
        if is_over and self._defect is None and self._arrived and self._inflater and not self._inflater.eof:
            self._defect = f"the body's {self._encoding} is cut off"
        return self._defect

    def _take(self, chunk: bytes) -> None:
        self._arrived += len(chunk)
        try:
            taken = chunk if self._inflater is None else self._inflater.decompress(chunk, self._room())
        except zlib.error:
            self._defect = f"the body is not {self._encoding}, although its content-encoding says so"
            return
        self._pieces.append(taken)
        self._taken += len(taken)
        # A body that is decompressed may have some more bytes on the wire, but not any number that come to nothing.
        if self._max_bytes is not None and max(self._taken, self._arrived - _MAX_SURPLUS) > self._max_bytes:
            self._defect = _too_large(self._max_bytes)

    def _room(self) -> int:
        """Return how much to decompress at most, 0 meaning no limit: one byte too many is enough to tell."""
        return 0 if self._max_bytes is None else self._max_bytes - self._taken + 1
