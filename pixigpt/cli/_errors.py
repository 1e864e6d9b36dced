"""How a command ends: an exit code for each kind of failure, and one line that says what failed, never a traceback."""

import os
import sys
import traceback
from collections.abc import Callable

import click

import pixigpt
from pixigpt.cli._globals import GlobalOptions
from pixigpt.cli._text import one_line

CALL_FAILED = 1
DENIED = 3
NOT_FOUND = 4
LIMITED = 5
SOME_FAILED = 6
INTERRUPTED = 130


class NoKeyError(click.ClickException):
    """There is no API key."""

    exit_code = DENIED

    def __init__(self) -> None:
        super().__init__("there is no API key: set PIXIGPT_API_KEY, or run `pixigpt config set api_key`")


def exit_code_of(run: Callable[[], None], given: GlobalOptions) -> int:
    """Run a command; return its exit code, and say in one line why it is not 0."""
    try:
        run()
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # a bug is one line as well; --debug shows where it is
        return _report(error, given)
    return 0


def _report(error: Exception, given: GlobalOptions) -> int:
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, BrokenPipeError):  # `| head -1` has read enough
        _close_stdout()
        return 0
    if isinstance(error, OSError) and _stdout_is_broken():
        _close_stdout()
    if given.debug:
        sys.stderr.write("".join(traceback.format_exception(error)))
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, pixigpt.PixiGPTError | OSError):
        say(error)
    else:
        say_bug(error)
    return code_of(error)


def say(message: object) -> None:
    """Print an error's one line to stderr."""
    sys.stderr.write(f"Error: {one_line(str(message))}\n")


def say_bug(error: BaseException | None) -> None:
    """Print one line for an error that no user has made."""
    say(f"{type(error).__name__}: {error} (a bug; --debug shows where)")


def code_of(error: Exception) -> int:
    """Return the exit code for an error that a command raises."""
    if isinstance(error, pixigpt.AuthenticationError | pixigpt.PermissionDeniedError):
        return DENIED
    if isinstance(error, pixigpt.NotFoundError):
        return NOT_FOUND
    if isinstance(error, pixigpt.RateLimitError | pixigpt.DeadlineExceededError | pixigpt.RunTimeoutError):
        return LIMITED
    return CALL_FAILED


def _stdout_is_broken() -> bool:
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _close_stdout() -> None:
    """Send nowhere what is still buffered, which Python would try to write at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
