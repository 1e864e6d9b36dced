"""A request's body: JSON, a form, bytes, or files that are read in pieces and rewound for each attempt."""

import json
import mimetypes
import os
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from io import BytesIO
from pathlib import PurePath
from typing import Any, Protocol, cast
from urllib.parse import urlencode

import httpx
from attrs import define, field, frozen

from pixigpt._checks import printable_ascii

_Primitive = str | int | float | bool | None  # httpx's name for what a parameter may be
_PIECE = 2**16
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))  # json.dumps() makes one a call
_ESCAPES = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}  # as browsers do


class UnreadableBodyError(httpx.RequestError):
    """A file could not be read while its request was sent, or is not what it was."""


class Readable(Protocol):
    """A file that a body is read from; one that can also `seek` and `tell` can be sent again."""

    def read(self, size: int, /) -> bytes: ...


@define  # not frozen, which takes three times as long to create
class JsonBody:
    """A body of JSON, not yet encoded, since a client may add to it."""

    value: Any

    def encoded(self, extra: Mapping[str, object]) -> bytes:
        """Return the bytes; raise ValueError or TypeError if there are none, or if `extra` has a key that is set."""
        value = self.value
        if isinstance(value, dict):
            value = merged("extra_body", cast("dict[str, object]", value), extra)
        try:
            return _ENCODER.encode(value).encode()
        except (TypeError, ValueError, RecursionError) as cause:
            kind = TypeError if isinstance(cause, TypeError) else ValueError
            raise kind(f"an argument cannot be sent as JSON: {cause}") from cause


def merged(name: str, own: Mapping[str, Any], extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a call's own values and the extra ones; raise ValueError if the call sets one of those itself."""
    for key in extra:
        if own.get(key) is not None:
            raise ValueError(f"{name}: {key!r} is set by the call itself")
    return {**own, **extra} if extra else own


def encodable(text: str) -> str:
    """Replace half a surrogate pair, which JSON's escapes can hold, and UTF-8 cannot."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def text_of(value: object) -> str:
    """Return a parameter's or a form field's value as text."""
    if isinstance(value, Enum):  # whose own text may be its name, even where it is a str
        value = value.value
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    moment = getattr(value, "isoformat", None)
    return "" if value is None else str(value if moment is None else moment())


def pairs(values: Mapping[str, Any]) -> list[tuple[str, _Primitive]]:
    """Return parameters or form fields as text, one pair for each item of a list."""
    return [
        (name, text_of(item))
        for name, value in values.items()
        for item in (cast("list[object]", value) if isinstance(value, list | tuple) else [value])
    ]


def form(fields: Mapping[str, Any]) -> bytes:
    """Encode a form."""
    return urlencode(pairs(fields)).encode()


@define
class _Bytes:
    """A part of a body that is in memory."""

    content: bytes
    blocks = False
    is_replayable = True
    _is_read: bool = False

    @property
    def size(self) -> int | None:
        return len(self.content)

    def restart(self) -> None:
        self._is_read = False

    def read(self) -> bytes:
        content, self._is_read = b"" if self._is_read else self.content, True
        return content


@define
class _File:
    """A part of a body that is read from a file, from where the file stands when the call is made."""

    source: Readable
    start: int | None = field(init=False)  # None if it cannot be rewound
    size: int | None = field(init=False)
    is_touched: bool = field(init=False, default=False)
    _read: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        source = cast("Any", self.source)
        try:
            self.start = source.tell()
            end = source.seek(0, os.SEEK_END)
            self.size = max(0, (source.tell() if end is None else end) - self.start)  # None: mmap's, before Python 3.13
            source.seek(self.start)
        except (AttributeError, OSError):  # a pipe, a socket, or something of the user's own
            self.start = self.size = None
        except ValueError as cause:
            raise ValueError(f"a file cannot be sent: {cause}") from cause  # it is closed

    @property
    def blocks(self) -> bool:
        return not isinstance(self.source, BytesIO)

    @property
    def is_replayable(self) -> bool:
        return self.start is not None or not self.is_touched

    def restart(self) -> None:
        if self.is_touched:
            self._seek()
        self.is_touched, self._read = True, 0

    def _seek(self) -> None:
        if self.start is None:  # only a middleware sends again what the policy would not
            raise UnreadableBodyError("the request's body cannot be rewound")
        try:
            cast("Any", self.source).seek(self.start)
        except (OSError, ValueError) as cause:
            raise UnreadableBodyError(f"a file cannot be rewound: {cause}") from cause

    def read(self) -> bytes:
        """Return the next piece, empty at the end; raise UnreadableBodyError if it is not what was announced."""
        left = _PIECE if self.size is None else min(_PIECE, self.size - self._read)
        try:
            piece = self.source.read(left) if left else b""
        except (OSError, ValueError) as cause:
            raise UnreadableBodyError(f"a file cannot be read: {cause}") from cause
        if not isinstance(piece, bytes | bytearray):  # pyright: ignore[reportUnnecessaryIsInstance]  # users' own files
            raise UnreadableBodyError(f"a file gives {type(piece).__name__}, not bytes: open it with 'rb'")
        self._read += len(piece)
        if not piece and self.size is not None and self._read != self.size:
            raise UnreadableBodyError(f"a file has shrunk: {self._read:,} of {self.size:,} bytes are left")
        return bytes(piece)


Part = _Bytes | _File


@frozen
class Upload:
    """A body that is sent in pieces, part after part."""

    parts: tuple[Part, ...] = field(repr=False)

    @property
    def size(self) -> int | None:
        """The number of bytes; None if a part does not know."""
        sizes = [part.size for part in self.parts]
        return None if None in sizes else sum(cast("list[int]", sizes))

    @property
    def is_replayable(self) -> bool:
        """Whether it can be sent, be it again."""
        return all(part.is_replayable for part in self.parts)

    def restarted(self) -> Iterator[Part]:
        """Yield the parts, each rewound to where it stood."""
        for part in self.parts:
            part.restart()
            yield part


RequestBody = bytes | Upload


def content(payload: object) -> RequestBody:
    """Return the body that is one payload: bytes, text or a file."""
    part = _part(payload)
    return part.content if isinstance(part, _Bytes) else Upload((part,))


def _part(payload: object) -> Part:
    if isinstance(payload, str):
        return _Bytes(payload.encode())
    return _Bytes(bytes(payload)) if isinstance(payload, bytes | bytearray) else _File(cast("Readable", payload))


def multipart(files: Iterable[tuple[str, tuple[Any, ...]]]) -> tuple[RequestBody, str]:
    """Encode a multipart form; return it with its content type.

    The boundary is random, since a file that holds a known one could add fields of its own.
    """
    boundary = os.urandom(16).hex()
    parts: list[Part] = []
    for name, (file_name, payload, mime_type) in files:
        parts += [_Bytes(f"--{boundary}\r\n{_head(name, file_name, payload, mime_type)}\r\n\r\n".encode())]
        parts += [_part(payload), _Bytes(b"\r\n")]
    parts.append(_Bytes(f"--{boundary}--\r\n".encode()))
    body = Upload(tuple(parts))
    in_memory = [part.content for part in parts if isinstance(part, _Bytes)]
    return b"".join(in_memory) if len(in_memory) == len(parts) else body, f"multipart/form-data; boundary={boundary}"


def _head(name: str, file_name: str | None, payload: object, mime_type: str | None) -> str:
    """Return a part's headers. A file without a name gets one, since servers take a part without for a text field."""
    if file_name is None and not isinstance(payload, bytes | str):
        path = getattr(payload, "name", None)
        file_name = PurePath(path).name if isinstance(path, str) else "blob"
    disposition = f'form-data; name="{name.translate(_ESCAPES)}"'
    if file_name is not None:
        disposition += f'; filename="{file_name.translate(_ESCAPES)}"'
        mime_type = mime_type or mimetypes.guess_type(file_name)[0] or "application/octet-stream"
    if mime_type is None:
        return f"Content-Disposition: {disposition}"
    printable_ascii("mime_type", mime_type)
    return f"Content-Disposition: {disposition}\r\nContent-Type: {mime_type}"
