"""An answer as it comes: text for a pipe, Markdown for a terminal; the reasoning beside it goes to stderr."""

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from pixigpt.cli._globals import global_options
from pixigpt.cli._output import console, note, on_terminal, print_document
from pixigpt.cli._status import Waiting
from pixigpt.cli._text import printable

if TYPE_CHECKING:
    import pixigpt

_WHOLE = ("stop", "tool_calls", None)


class Display(AbstractContextManager["Display"], Protocol):
    """Where an answer's text goes; leaving its block ends it."""

    def add(self, text: str) -> None:
        """Show more of the text."""


def show_stream(stream: "pixigpt.ChatCompletionStream", waiting: Waiting, *, shows_reasoning: bool = False) -> None:
    """Print a stream: with --json as one document, with --jsonl a chunk a line, else its text as it comes."""
    given = global_options()
    if given.json:
        print_document(stream.completion().to_dict())
    elif given.jsonl:
        for chunk in stream:
            print_document(chunk.to_dict())
    else:
        with _Answer(waiting, shows_reasoning=shows_reasoning) as answer:
            for chunk in stream:
                answer.take(chunk)
    tell_if_cut(stream.completion())


def tell_if_cut(completion: "pixigpt.ChatCompletion") -> None:
    """Tell on stderr that an answer is not whole, and why."""
    reason = completion.choices[0].finish_reason
    if reason not in _WHOLE:
        note(f"The answer is cut: {reason}.")


class _Answer:
    """The text and the reasoning of a stream; the first of either ends the spinner."""

    def __init__(self, waiting: Waiting, *, shows_reasoning: bool) -> None:
        self._waiting = waiting
        self._shows_reasoning = shows_reasoning
        self._displays = ExitStack()
        self._reasoning: Display | None = None
        self._content: Display | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._displays.close()

    def take(self, chunk: "pixigpt.ChatCompletionChunk") -> None:
        """Show what a chunk adds to the first choice."""
        for choice in chunk.choices:
            if choice.index:
                continue
            delta: Mapping[str, Any] = choice.delta or {}
            reasoning = delta.get("reasoning_content") or delta.get("reasoning") or choice.reasoning_content
            if reasoning and self._shows_reasoning:
                self._reasoning = self._reasoning or self._open(_Reasoning())
                self._reasoning.add(reasoning)
            if text := delta.get("content"):
                self._content = self._content or self._open(_display())
                self._content.add(text)

    def _open(self, display: Display) -> Display:
        self._waiting.stop()
        self._displays.close()  # the reasoning ends where the answer begins
        return self._displays.enter_context(display)


def _display() -> Display:
    if not on_terminal():
        return _Plain()
    from pixigpt.cli._markdown import GrowingMarkdown

    return GrowingMarkdown(console())


class _Plain:
    """Text as it is, each piece at once, with a line break at its end."""

    _last = "\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and not self._last.endswith("\n"):
            self.add("\n")

    def add(self, text: str) -> None:
        """Write a piece."""
        sys.stdout.write(text)
        sys.stdout.flush()
        self._last = text


class _Reasoning:
    """Text on stderr, dim on a terminal, with an empty line at its end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.stderr.write("\n\n")
        sys.stderr.flush()

    def add(self, text: str) -> None:
        """Write a piece."""
        if sys.stderr.isatty():
            console(is_error=True).print(printable(text), style="dim italic", end="", soft_wrap=True)
        else:
            sys.stderr.write(text)
