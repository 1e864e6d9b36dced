"""What a person sees while waiting, on stderr: a spinner with the status on a terminal, else a line for each change."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pixigpt
from pixigpt.cli._globals import global_options
from pixigpt.cli._output import console, note, print_document

if TYPE_CHECKING:
    from rich.live import Live
    from rich.spinner import Spinner

_REFRESHES = 10  # a second


class Waiting:
    """A context manager that shows what is waited for, unless --quiet."""

    def __init__(self, text: str = "") -> None:
        self._text = text
        self._spinner: Spinner | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        given = global_options()
        if sys.stderr.isatty() and not given.quiet and not given.debug:  # which prints lines of its own
            from rich.live import Live
            from rich.spinner import Spinner

            self._spinner = Spinner("dots", self._text, style="cyan")
            # What goes to stdout meanwhile is the answer: rich would move it to stderr.
            self._live = Live(
                self._spinner,
                console=console(is_error=True),
                refresh_per_second=_REFRESHES,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def show(self, text: str) -> None:
        """Show a new status."""
        if self._spinner is None:
            note(text)
        else:
            self._spinner.update(text=text)

    def stop(self) -> None:
        """Remove the spinner."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class RunWaiting(Waiting):
    """Shows a run's status; with --jsonl, each change is a line on stdout as well."""

    def on_update(self, run: "pixigpt.Run") -> None:
        """Show a run's new status."""
        self.show(run.status)
        if global_options().jsonl:
            print_document(run.to_dict())
