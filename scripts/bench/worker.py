"""The process that runs one client's workloads: a command goes in and its measures come back, a line of JSON each."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from scripts.environments import UnavailableError, clean_environment

CLIENTS = Path(__file__).with_name("clients")

# Those whose environment alone makes them what they are.
SAME = {"httpx2": "httpx", "aiohttp-pydantic": "aiohttp"}


class Worker:
    """A client's process, which carries out commands one by one."""

    def __init__(self, client: str, python: Path) -> None:
        name = SAME.get(client, client.partition("[")[0]).replace("-", "_").replace(".", "_")
        command = [python, CLIENTS / f"with_{name}.py"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment(os.environ)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error:
            self._process.kill()
        self._process.communicate()

    def measure(self, command: Mapping[str, object]) -> dict[str, Any]:
        """Carry out a command; raise UnavailableError if no reply comes."""
        to, back = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        try:
            to.write(json.dumps(command) + "\n")
            to.flush()
        except BrokenPipeError:
            raise UnavailableError("its worker has ended") from None
        if not (line := back.readline()):
            raise UnavailableError("its worker failed; its error stands above")
        reply: dict[str, Any] = json.loads(line)
        return reply
