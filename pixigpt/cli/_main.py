"""The program: its commands, and how a run of it begins and ends."""

import io
import os
import sys
import threading
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import click

from pixigpt import __version__
from pixigpt.cli._ask import ask
from pixigpt.cli._assistants import assistants
from pixigpt.cli._batch import batch
from pixigpt.cli._call import call
from pixigpt.cli._chat import chat
from pixigpt.cli._completion import PROGRAM, answer_shell, asked_by_shell, completion
from pixigpt.cli._config_command import config
from pixigpt.cli._errors import exit_code_of, say_bug
from pixigpt.cli._globals import GlobalGroup, GlobalOptions
from pixigpt.cli._runs import runs
from pixigpt.cli._search import embed, moderate, rerank
from pixigpt.cli._serve import serve
from pixigpt.cli._text import one_line
from pixigpt.cli._threads import threads
from pixigpt.cli._vision import image, ocr, tags, video

_COMMANDS = (
    chat,
    ask,
    threads,
    assistants,
    runs,
    embed,
    rerank,
    moderate,
    image,
    tags,
    ocr,
    video,
    batch,
    call,
    serve,
    config,
    completion,
)


@click.group(cls=GlobalGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def program() -> None:
    """Chat with PixiGPT, and use all of its API, from a terminal or a script."""


for command in _COMMANDS:
    program.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default this process's, and return the exit code."""
    given = GlobalOptions()

    def work() -> None:
        if instruction := asked_by_shell():
            answer_shell(program, instruction)
        with program.make_context(PROGRAM, list(sys.argv[1:] if arguments is None else arguments), obj=given) as ctx:
            program.invoke(ctx)

    with warnings.catch_warnings(), _one_line_from_threads():
        warnings.showwarning = _show_warning
        _prepare_streams()
        return exit_code_of(work, given)


@contextmanager
def _one_line_from_threads() -> Generator[None, None, None]:
    """Let an error in a thread of this block be one line too."""
    before, threading.excepthook = threading.excepthook, _show_thread_error
    try:
        yield
    finally:
        threading.excepthook = before


def _show_thread_error(failed: threading.ExceptHookArgs) -> None:
    say_bug(failed.exc_value)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    sys.stderr.write(f"Warning: {one_line(str(message))}\n")


def _prepare_streams() -> None:
    """Let the streams replace what their encoding lacks, and be there where the shell has closed them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):  # a program that calls this one may have put another in its place
            stream.reconfigure(errors="replace")
