"""A progress bar on stderr, by rich, where that is installed."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from pixigpt.bulk._progress import BatchProgress

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar:
    """A bar that shows a batch's progress; without rich, or if it is not wanted, it shows nothing."""

    def __init__(self, *, is_wanted: bool) -> None:
        self._bar: Progress | None = _rich_bar() if is_wanted else None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: BatchProgress) -> None:
        """Show how far the batch is."""
        if self._bar is None:
            return
        if self._task is None:
            self._task = self._bar.add_task("", total=None, failed=0)
        ended = progress.skipped + progress.done + progress.failed
        self._bar.update(self._task, completed=ended, total=progress.total, description=_description(progress))


def _description(progress: BatchProgress) -> str:
    failed = f", {progress.failed:,} failed" if progress.failed else ""
    cost = "" if progress.cost is None else f", cost {progress.cost:,.2f}"
    return f"{progress.rate:,.1f}/s{failed}{cost}"


def _rich_bar() -> "Progress | None":
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        return None
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn()
    return Progress(*columns, console=Console(stderr=True))
