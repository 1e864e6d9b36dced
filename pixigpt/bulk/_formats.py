"""The files that a batch can come in, read row by row: JSONL, CSV, Parquet."""

import csv
import json
import os
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from attrs import frozen

_BATCH_OF_ROWS = 1024


@frozen
class Row:
    """One row of a file, and where it stands there, for messages."""

    place: str
    fields: Mapping[str, object]


def rows_of(path: str | os.PathLike[str]) -> Callable[[], Iterator[Row]]:
    """Return what reads a file, as often as it is called, by the file's extension.

    Raises:
        ValueError: It is of no known kind, or no regular file.
        OSError: It cannot be read.
        ImportError: It is a Parquet file, and pyarrow is not installed.
    """
    file = Path(path)
    kind = file.suffix.lower()
    if kind not in _READERS:
        raise ValueError(f"input must end in {', '.join(_READERS)}, not {file.name!r}")
    if file.stat() and not file.is_file():
        raise ValueError(f"input must be a regular file, since it is read twice: {file}")
    if kind == ".parquet":
        import_pyarrow()
    return lambda: _READERS[kind](file)


def import_pyarrow() -> Any:  # noqa: ANN401  # it has no types
    """Import pyarrow's Parquet module; raise ImportError that says what to install."""
    try:
        return import_module("pyarrow.parquet")
    except ImportError as cause:
        raise ImportError('Parquet files need pyarrow: pip install "pixigpt[parquet]"') from cause


def _jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if text := line.removeprefix(BOM_UTF8).strip():
                yield Row(f"line {number}", _object(text, f"{path}, line {number}"))


def _object(line: bytes, place: str) -> Mapping[str, object]:
    try:
        decoded: object = json.loads(line)
    except (ValueError, RecursionError) as cause:
        raise ValueError(f"{place} is not JSON: {cause}") from cause
    if not isinstance(decoded, dict):
        raise ValueError(f"{place} must be a JSON object")  # noqa: TRY004  # the file is bad, not an argument
    return cast("dict[str, object]", decoded)


def _csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize if sys.maxsize < 2**31 else 2**31 - 1)  # a prompt may be longer than 128 KiB
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            header = next(rows, list[str]())
            for values in filter(None, rows):
                if len(values) > len(header):
                    raise ValueError(f"{path}, line {rows.line_num} has more fields than the header")
                yield Row(f"line {rows.line_num}", dict(zip(header, values, strict=False)))
        except UnicodeDecodeError as cause:  # read ahead of the line
            raise ValueError(f"{path} is not UTF-8: {cause}") from cause
        except csv.Error as cause:
            raise ValueError(f"{path}, line {rows.line_num} is malformed: {cause}") from cause


def _parquet(path: Path) -> Iterator[Row]:
    number = 0
    with _opened_parquet(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH_OF_ROWS):
            for fields in batch.to_pylist():
                yield Row(f"row {number}", fields)
                number += 1


def _opened_parquet(path: Path) -> Any:  # noqa: ANN401  # it has no types
    try:
        return import_pyarrow().ParquetFile(path)
    except ValueError as cause:
        raise ValueError(f"{path} is not Parquet: {cause}") from cause


_READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
