"""`pixigpt call`: any operation of the API, by its name and its arguments."""

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import click

from pixigpt.cli._client import open_client
from pixigpt.cli._files import file_name
from pixigpt.cli._globals import GlobalCommand, global_options
from pixigpt.cli._output import on_terminal, print_document, print_documents, print_line
from pixigpt.cli._values import to_document

if TYPE_CHECKING:
    import pixigpt
    from pixigpt.cli._operation import Operation

PACKAGE = "pixigpt_api.api.pixigpt"


def _complete_operation(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    return [name for name in _operations() if name.startswith(begun)]


class CallCommand(GlobalCommand):
    """The command, whose help lists the operations."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the operations' names."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Operations"):
            formatter.write_text(", ".join(_operations()))


@click.command(cls=CallCommand)
@click.argument("operation", shell_complete=_complete_operation)
@click.argument("arguments", metavar="[NAME=VALUE]...", nargs=-1)
@click.option("--body", metavar="BODY|@FILE|-", help="The request's body: itself, a file's content, or stdin's.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    callback=file_name,
    help="Write the response to a file.",
)
def call(operation: str, arguments: tuple[str, ...], body: str | None, output: str | None) -> None:
    """Call any operation of the API, and print the response as JSON.

    NAME=VALUE is a parameter of the operation, or a field of its body. A field that takes a file is NAME=@FILE. A
    binary response goes to a file or a pipe.
    """
    from pixigpt.cli._operation import Operation

    called = Operation.create(import_module(f"{PACKAGE}.{_known(operation)}"), _operations()[_known(operation)])
    if called.is_binary and not output and on_terminal():
        raise click.UsageError("the response is binary: write it to a file with -o FILE, or to a pipe")
    with called.arguments(arguments, body) as given, open_client() as client:
        if called.is_binary or output:
            _save(client, called, given, output)
        else:
            _print(client.call(called.endpoint, **given))


def _operations() -> Mapping[str, Sequence[tuple[int, int, str, str]]]:
    responses: Mapping[str, Sequence[tuple[int, int, str, str]]] = import_module(PACKAGE).RESPONSES
    return responses


def _known(operation: str) -> str:
    """Return an operation's name; raise click.UsageError if there is no such operation."""
    name = operation.replace("-", "_")
    if name not in _operations():
        close = get_close_matches(name, _operations(), n=3)
        hint = f"; is it {' or '.join(close)}?" if close else "; `pixigpt call --help` lists them"
        raise click.UsageError(f"there is no operation {operation!r}{hint}")
    return name


def _save(client: "pixigpt.Client", called: "Operation", given: Mapping[str, Any], output: str | None) -> None:
    """Write a response's bytes as they come."""
    with client.stream_call(called.endpoint, **given) as stream:
        if output:
            stream.save(output)
        else:
            for piece in stream:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()


def _print(result: object) -> None:
    document = to_document(result)
    if global_options().jsonl:
        print_documents(_items(document))
    elif isinstance(document, str) and not global_options().json:
        print_line(document)
    elif document is not None or global_options().json:
        print_document(document)


def _items(document: object) -> list[object]:
    """Return what is a line each with --jsonl: a list's items, also where an object holds the list as its data."""
    data = cast("dict[str, object]", document).get("data") if isinstance(document, dict) else document
    return cast("list[object]", data) if isinstance(data, list) else [document]
