"""The command `pixigpt`, run in this process: what it prints, and the code that it ends with."""

import io
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Protocol
from unittest.mock import patch

from attrs import frozen

from pixigpt.cli._main import run


@frozen
class Done:
    """How a command ended."""

    code: int
    output: bytes
    errors: str

    @property
    def out(self) -> str:
        """What stands on stdout."""
        return self.output.decode()


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


class Run(Protocol):
    """Runs a command against the test's server."""

    def __call__(
        self, *arguments: str, stdin: bytes = ..., terminal: bool = ..., terminal_in: bool = ..., **environment: str
    ) -> Done: ...


def run_command(
    arguments: tuple[str, ...],
    stdin: bytes,
    environment: Mapping[str, str],
    *,
    terminal: bool = False,
    terminal_in: bool = False,
) -> Done:
    """Run a command with its own streams; on a terminal, if wanted, or with stdin alone from one."""
    kind = Terminal if terminal else io.TextIOWrapper
    kind_in = Terminal if terminal or terminal_in else io.TextIOWrapper
    out, err = io.BytesIO(), io.BytesIO()
    with ExitStack() as patched:
        patched.enter_context(patch.dict("os.environ", environment))
        patched.enter_context(patch.object(sys, "stdin", kind_in(io.BytesIO(stdin), encoding="utf-8")))
        sys_out = patched.enter_context(patch.object(sys, "stdout", kind(out, encoding="utf-8", newline="\n")))
        sys_err = patched.enter_context(patch.object(sys, "stderr", kind(err, encoding="utf-8", newline="\n")))
        code = run(arguments)
        sys_out.flush()
        sys_err.flush()
    return Done(code, out.getvalue(), err.getvalue().decode())
