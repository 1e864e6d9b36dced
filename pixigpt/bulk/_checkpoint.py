"""A batch's output, which is its checkpoint: a header, then a line for each item, each written whole or not at all."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, cast

_HEADER_KEY = "pixigpt_batch"
_VERSION = 1
_BLOCK = 2**16


class Checkpoint:
    """The output file, locked for this process, cut off after its last complete line.

    A line is appended with one write to the file, which a killed process cannot lose. What a full disk takes only in
    part is cut off again.
    """

    def __init__(self, path: str | os.PathLike[str], fingerprint: str, *, resume: bool) -> None:
        self._path = Path(path)
        self._fingerprint = fingerprint
        self._is_new = not self._path.exists()
        self._file = _opened(self._path, resume=resume)
        try:
            _lock(self._file, self._path)
            self._was_empty = os.fstat(self._file).st_size == 0
            self._size = self._open()
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)

    def discard(self) -> None:
        """Leave the file as it was before, or delete it if it was not there, since nothing has come of the batch."""
        if self._is_new:
            self._path.resolve().unlink()  # and not the link that leads to it
        elif self._was_empty:
            os.ftruncate(self._file, 0)

    def items(self) -> Iterator[tuple[str, bool]]:
        """Yield the id of each line, and whether it is a response; raise ValueError if a line is not one of ours."""
        with self._path.open("rb") as file:
            next(file)
            for number, line in enumerate(file, 2):
                fields = _decoded(line)
                if not isinstance(fields.get("id"), str) or not fields.keys() & {"response", "error"}:
                    raise ValueError(f"{str(self._path)!r}, line {number} is not a line of a batch's output")
                yield cast("str", fields["id"]), fields.get("response") is not None

    def append(self, line: dict[str, Any]) -> None:
        """Write a line, whole.

        Raises:
            OSError: It cannot be written; the file is as before.
        """
        data = _encoded(line)
        try:
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as cause:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            hint = f"{cause.strerror}; what is in the output is complete, and the batch can be started again"
            raise OSError(cause.errno, hint, str(self._path)) from cause
        self._size += len(data)

    def _open(self) -> int:
        """Check the header, or write it; cut off a torn line; return the size."""
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise ValueError(f"output must be a regular file: {str(self._path)!r}")
        self._size = self._complete_size()
        os.lseek(self._file, 0, os.SEEK_SET)
        head = os.read(self._file, _BLOCK)
        if self._size:
            self._check(_decoded(head.partition(b"\n")[0]))
        elif head and not _encoded({_HEADER_KEY: _VERSION, "fingerprint": self._fingerprint}).startswith(head):
            raise ValueError(f"{str(self._path)!r} is not the output of a batch")
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)
        if not self._size:
            self.append({_HEADER_KEY: _VERSION, "fingerprint": self._fingerprint})
        return self._size

    def _check(self, header: dict[str, Any]) -> None:
        if _HEADER_KEY not in header:
            raise ValueError(f"{str(self._path)!r} is not the output of a batch: its first line is not a header")
        if header[_HEADER_KEY] != _VERSION:
            found = f"is of version {header[_HEADER_KEY]}, this is version {_VERSION}"
            raise ValueError(
                f"{str(self._path)!r} {found}: go on with the pixigpt that wrote it, or name another output"
            )
        if header.get("fingerprint") != self._fingerprint:
            raise ValueError(
                f"{str(self._path)!r} belongs to a batch with other options, columns or template: its fingerprint is"
                f" {header.get('fingerprint')}, this batch's is {self._fingerprint}"
            )

    def _complete_size(self) -> int:
        """Return where the last complete line ends."""
        end = os.fstat(self._file).st_size
        while end:
            begin = max(0, end - _BLOCK)
            os.lseek(self._file, begin, os.SEEK_SET)
            found = os.read(self._file, end - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
        return 0


def _opened(path: Path, *, resume: bool) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | (0 if resume else os.O_EXCL)
    try:
        return os.open(path, flags, 0o666)
    except FileExistsError as cause:
        hint = "the output exists; with resume=True the batch goes on where that ends"
        raise FileExistsError(cause.errno, hint, str(path)) from cause


def _lock(file: int, path: Path) -> None:
    with suppress(ImportError):  # Windows has no flock
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise RuntimeError(
                f"another batch is writing to {str(path)!r}: wait for it, or name another output"
            ) from cause


def _encoded(line: dict[str, Any]) -> bytes:
    try:
        return json.dumps(line, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can hold and UTF-8 cannot
        return json.dumps(line).encode() + b"\n"


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        decoded: object = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}
