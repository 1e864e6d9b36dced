"""Markdown on a terminal: whole, or as it comes."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown
from rich.segment import Segment

from pixigpt.cli._text import printable


class Rendered:
    """A text as Markdown, without the blanks that rich puts behind each line, which would be copied with it."""

    def __init__(self, text: str) -> None:
        self._markdown = Markdown(printable(text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the segments, line by line."""
        for line in console.render_lines(self._markdown, options, pad=False):
            while line and not line[-1].text.strip() and not (line[-1].style and line[-1].style.bgcolor):
                line.pop()
            if line and not line[-1].style:
                line[-1] = Segment(line[-1].text.rstrip())
            yield from line
            yield Segment.line()
