"""Markdown on a terminal: a text that is there, or one that is still coming."""

import threading
from itertools import pairwise
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment

from pixigpt.cli._text import printable

_REFRESHES = 10  # a second, at most


class Rendered:
    """A text as Markdown, its blocks one by one, so that it looks the same whether it is there or still coming.

    Between two blocks stands one empty line. What rich puts around a block is left out: empty lines above and below,
    and the blanks behind each line, which would be copied with it.
    """

    def __init__(self, text: str, last: int | None = None) -> None:
        self._blocks = blocks(text)
        self._last = last

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments, line by line; only the last lines, if their number is bounded."""
        lines: list[list[Segment]] = []
        for block in self._blocks:
            rendered = _stripped(console.render_lines(Markdown(block), options, pad=False))
            lines += [[], *rendered] if lines and rendered else rendered
        for line in lines if self._last is None else lines[-self._last :]:
            yield from line
            yield Segment.line()


class GrowingMarkdown:
    """A context manager that shows a text as it comes.

    What is complete is printed for good, block by block; only the last block, which may change its form with what
    follows, is drawn again. So a long answer scrolls as any output does, and each block is rendered once.

    A thread draws, so that a text that stops coming is shown to its end. It is not rich's own, which may draw while
    another thread prints: each then moves the cursor by what the other has changed.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._growing = ""
        self._has_printed = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw_again, name="pixigpt-markdown", daemon=True)
        self._live = Live(
            get_renderable=self._draw,
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._live.stop()
        if self._growing.strip():
            self._print(self._growing)

    def add(self, text: str) -> None:
        """Show more of the text, soon."""
        with self._lock:
            self._growing += printable(text)

    def _draw_again(self) -> None:
        while not self._ended.wait(1 / _REFRESHES):
            with self._lock:
                if self._growing.strip():
                    self._refresh()

    def _refresh(self) -> None:
        *complete, self._growing = blocks(self._growing)
        if not self._live.is_started:
            self._live.start()
        self._live.refresh()  # without what is about to be printed
        if complete:
            self._print("".join(complete))

    def _print(self, text: str) -> None:
        if self._has_printed:
            self._console.print()
        self._console.print(Rendered(text), end="")
        self._has_printed = True

    def _draw(self) -> Rendered:
        return Rendered(self._growing, last=max(self._console.height - 2, 1))


def blocks(text: str) -> list[str]:
    """Return the parts of a text that stand for themselves: paragraphs, headings, lists, tables, ..."""
    starts = [token.map[0] for token in Markdown(text).parsed if token.map and token.level == 0]
    lines = text.splitlines(keepends=True)
    return ["".join(lines[start:end]) for start, end in pairwise([*starts, len(lines)])] or [text]


def _stripped(lines: list[list[Segment]]) -> list[list[Segment]]:
    """Return lines without the empty ones at either end."""
    stripped = [_without_blanks(line) for line in lines]
    filled = [number for number, line in enumerate(stripped) if line]
    return stripped[filled[0] : filled[-1] + 1] if filled else []


def _without_blanks(line: list[Segment]) -> list[Segment]:
    """Return a line without the blanks at its end that have no background."""
    while line and not line[-1].text.strip() and not (line[-1].style and line[-1].style.bgcolor):
        line = line[:-1]
    if line and not line[-1].style:
        line = [*line[:-1], Segment(line[-1].text.rstrip())]
    return line
