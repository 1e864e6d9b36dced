"""A terminal of a given size: runs a command in it as a person would, and tells what stands on its screen."""

import fcntl
import os
import pty
import selectors
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

# Opens the terminal as the first one of its session, so that Ctrl-C typed in it interrupts the command.
_IN_TERMINAL = ["sh", "-c", 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>"$tty"', "sh"]
_TIMEOUT = 20.0  # seconds


class Terminal:
    """A context manager: the command runs inside its block.

    Attributes:
        screen: The screen as it is now, with the colors of each character.
        code: The command's exit code, once it has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        lines: int = 24,
        environment: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.code: int | None = None
        self._stream = pyte.ByteStream(self.screen)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._theirs = theirs
        self._command = [*_IN_TERMINAL, os.ttyname(theirs), *command]
        own = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self._folder = folder
        self._environment = {**own, "TERM": "xterm-256color", "PS1": "", **environment}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._theirs)
        os.close(self._ours)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return shown(self.screen)

    def type(self, text: str) -> None:
        """Press some keys; Ctrl-C is chr(3), Ctrl-D chr(4)."""
        os.write(self._ours, text.encode())

    def until(self, condition: Callable[[str], bool]) -> str:
        """Return the screen's text as soon as it fulfills a condition; raise TimeoutError if it does not in time."""
        self._read_until(lambda: condition(self.text))
        return self.text

    def end(self) -> str:
        """Wait for the command's end; return what then stands on the screen."""
        self._read_until(lambda: self._process.poll() is not None)
        self._read_until(lambda: True, patience=0.05)
        self.code = self._process.returncode
        return self.text

    def _read_until(self, condition: Callable[[], bool], patience: float = 0.0) -> None:
        end = time.monotonic() + _TIMEOUT
        with selectors.DefaultSelector() as selector:
            selector.register(self._ours, selectors.EVENT_READ)
            while selector.select(patience or 0.02) or not condition():
                if selector.select(0):
                    self._stream.feed(os.read(self._ours, 65536))
                if time.monotonic() > end:
                    raise TimeoutError(f"the screen is still\n{self.text}")


def shown(screen: pyte.Screen) -> str:
    """Return a screen's text, without the blanks at the ends of its lines and the empty lines at its end."""
    return "\n".join(line.rstrip() for line in screen.display).rstrip() + "\n"
