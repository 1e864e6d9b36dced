"""`pixigpt batch`: many prompts from a file, their answers to a file, and on stderr how far it is."""

import math
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from pixigpt.cli._ask import assistant_option, settings_for, system_option
from pixigpt.cli._client import open_client
from pixigpt.cli._errors import INTERRUPTED, SOME_FAILED
from pixigpt.cli._files import file_name
from pixigpt.cli._globals import GlobalCommand, global_options
from pixigpt.cli._output import console, note, print_document, wants_json

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pixigpt.bulk import BatchProgress, BatchSummary

_COUNT = click.IntRange(min=1)


def _two_prices(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, float] | None:
    try:
        read, written = map(float, value.split(",")) if value is not None else (0.0, 0.0)
    except ValueError as cause:
        raise click.BadParameter(f"{value!r} is not two numbers, such as 0.5,1.5", ctx, param) from cause
    return None if value is None else (read, written)


@click.command(cls=GlobalCommand)
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    required=True,
    callback=file_name,
    help="Write the answers to this file, as JSON lines.",
)
@click.option("--template", metavar="TEXT", help="The prompt, with {COLUMN} for what stands in a column.")
@click.option("--column", "prompt_column", metavar="NAME", help="The column that holds the prompt.")
@click.option("--id-column", metavar="NAME", help="The column that holds an id.  [default: the row's number]")
@assistant_option
@system_option
@click.option("-j", "--concurrency", metavar="N", type=_COUNT, default=32, help="Calls at a time.  [default: 32]")
@click.option("--rpm", "requests_per_minute", metavar="N", type=float, help="How many requests a minute, at most.")
@click.option("--tpm", "tokens_per_minute", metavar="N", type=float, help="How many tokens a minute, at most.")
@click.option("--max-failures", metavar="N", type=int, help="End the batch when more items fail.")
@click.option("--price", callback=_two_prices, metavar="IN,OUT", help="What a million tokens read and written cost.")
@click.option("--no-resume", "resume", flag_value=False, default=True, help="Refuse an output that exists.")
def batch(
    source: str,
    output: str,
    assistant: str | None,
    system: str | None,
    **options: Any,  # noqa: ANN401  # click's, each of a type of its own
) -> None:
    """Answer every prompt in IN: JSON lines, CSV or Parquet.

    Started again, it goes on where it was: what OUT has is skipped, what failed is tried again. Ctrl-C lets the calls
    in flight finish; a second one stops at once.
    """
    settings = settings_for(assistant, system)
    try:
        with open_client(settings) as client, _Bar() as bar:
            summary = client.run_batch(
                source, output, assistant_id=settings.assistant, system=system, on_progress=bar.show, **options
            )
    except RuntimeError as cause:  # another process writes to the output
        raise click.ClickException(str(cause)) from cause
    except FileExistsError as cause:
        text = f"{output} exists: leave out --no-resume to go on where it ends, delete it, or name another file"
        raise click.ClickException(text) from cause
    _print_summary(summary)
    if summary.is_interrupted or summary.failed:
        raise click.exceptions.Exit(INTERRUPTED if summary.is_interrupted else SOME_FAILED)


def _print_summary(summary: "BatchSummary") -> None:
    if wants_json():
        names = ("total", "done", "failed", "skipped", "cost", "elapsed", "rate", "is_interrupted")
        print_document({"usage": summary.usage.to_dict()} | {name: getattr(summary, name) for name in names})
    else:
        note(f"{summary.done:,} done, {summary.failed:,} failed, {summary.skipped:,} skipped{told(summary)}")


def told(progress: "BatchProgress") -> str:
    """Return the rate, the tokens, the cost and the time left, as far as they are known."""
    parts = [f"{progress.rate:,.1f}/s", f"{progress.usage.total_tokens:,} tokens"]
    if progress.cost is not None:
        parts.append(f"{progress.cost:,.4f}")
    if progress.left and progress.rate:
        parts.append(f"{duration(progress.left / progress.rate)} left")
    return "".join(f", {part}" for part in parts)


def duration(seconds: float) -> str:
    """Return a number of seconds as a person reads it."""
    minutes, second = divmod(math.ceil(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


class _Bar:
    """A context manager: a bar on a terminal's stderr, nothing elsewhere or with --quiet."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not global_options().quiet:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
            self._bar = Progress(*columns, console=console(is_error=True), transient=True)
            self._task = self._bar.add_task("", total=None, told="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: "BatchProgress") -> None:
        """Show how far it is."""
        if self._bar is not None and self._task is not None:
            ended = progress.done + progress.failed + progress.skipped
            failed = f"{progress.failed:,} failed" if progress.failed else ""
            self._bar.update(
                self._task, completed=ended, total=progress.total, told=f"{failed}{told(progress)}".removeprefix(", ")
            )
