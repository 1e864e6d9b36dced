"""What commands print: the answer to stdout, as JSON, for a terminal, or as plain text; all else to stderr."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pixigpt.cli._globals import GlobalOptions, global_options
from pixigpt.cli._text import one_line, printable

if TYPE_CHECKING:
    from rich.console import Console

    from pixigpt_api.types import Model

ModelT = TypeVar("ModelT", bound="Model")

_EDGE, _GAP, _LEAST = 2, 3, 8  # characters: around a table, between its columns, and of a column that gives way

Columns = Mapping[str, Callable[[ModelT], str]]


def on_terminal() -> bool:
    """Return whether a person reads stdout."""
    return sys.stdout.isatty()


def wants_json() -> bool:
    """Return whether JSON is asked for, of either kind."""
    return global_options().json or global_options().jsonl


def print_list(items: Sequence[ModelT], columns: "Columns[ModelT]") -> None:
    """Print a list: one document, a line of JSON each, a table, or lines of columns separated by tabs."""
    if wants_json():
        print_documents([item.to_dict() for item in items])
    else:
        print_table([*columns], [[column(item) for column in columns.values()] for item in items])


def print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows: a table on a terminal, else a line for each, its cells separated by tabs."""
    lines = [[*map(one_line, row)] for row in rows]
    if on_terminal():
        console().print(_table(names, lines, console().width))
    else:
        for line in lines:
            print_line("\t".join(line))


def print_record(item: "Model", fields: Mapping[str, str]) -> None:
    """Print one object: as JSON, or its fields, a line each."""
    if wants_json():
        print_document(item.to_dict())
        return
    width = max(map(len, fields)) + 1 if on_terminal() else 0
    for name, value in fields.items():
        print_line(f"{f'{name}:':{width}} {one_line(value)}")


def print_answer(item: "Model", text: str) -> None:
    """Print an answer: as JSON, or its text, which a terminal shows as Markdown."""
    if wants_json():
        print_document(item.to_dict())
    elif on_terminal():
        print_markdown(text)
    else:
        print_line(text)


def print_id(item: "Model", name: str) -> None:
    """Print a new object: as JSON, or its id."""
    if wants_json():
        print_document(item.to_dict())
    else:
        print_line(name)


def print_deleted(name: str) -> None:
    """Tell that something is deleted: as JSON on stdout, else on stderr."""
    if wants_json():
        print_document({"id": name, "deleted": True})
    else:
        note(f"{name} is deleted.")


def print_documents(documents: Iterable[object]) -> None:
    """Print several values as one JSON list, or as a line each."""
    if global_options().json:
        print_document([*documents])
    else:
        for document in documents:
            print_line(to_json(document, indent=None))


def print_document(document: object) -> None:
    """Print one value as JSON: indented, or in one line with --jsonl."""
    print_line(to_json(document, indent=None if global_options().jsonl else 2))


def to_json(document: object, indent: int | None) -> str:
    """Return JSON that stdout can take: of ASCII alone where its encoding lacks a character."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return json.dumps(document, indent=indent)
    return text


def print_line(text: str) -> None:
    """Print a text as it is; on a terminal without its control characters."""
    sys.stdout.write((printable(text) if on_terminal() else text) + "\n")


def print_markdown(text: str) -> None:
    """Print a text on a terminal as Markdown."""
    from pixigpt.cli._markdown import Rendered

    console().print(Rendered(printable(text)), end="")


def note(text: str) -> None:
    """Tell something beside the answer, unless --quiet."""
    if not global_options().quiet:
        sys.stderr.write(f"{one_line(text)}\n")


def console(*, is_error: bool = False) -> "Console":
    """Return a rich console on stdout or stderr."""
    return console_of(global_options(), sys.stderr if is_error else sys.stdout)


def console_of(given: GlobalOptions, file: Any) -> "Console":  # noqa: ANN401  # rich's own type is IO[str]
    """Return a rich console on a file."""
    from rich.console import Console

    return Console(file=file, no_color=given.no_color or None, highlight=False, markup=False, emoji=False)


def moment(seconds: float) -> str:
    """Return a time as a terminal shows it, in the local zone, or else as ISO 8601 in UTC."""
    try:
        if on_terminal():
            return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, OSError, ValueError):  # no such year
        return str(seconds)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Any:  # noqa: ANN401  # rich's Table
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    cells = [[Text(cell) for cell in row] for row in rows]
    left = width - _EDGE
    for at, name in enumerate(names):
        widest = max(len(name), *(row[at].cell_len for row in cells), 0)
        table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=max(min(widest, left), _LEAST))
        left -= widest + _GAP
    for row in cells:
        table.add_row(*row)
    return table
