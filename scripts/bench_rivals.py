"""The rivals: an environment for each, and the process that speaks for it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".bench"
WORKERS = Path(__file__).with_name("rivals")
OURS = "pixigpt"

# What pip installs for each. Ours has no more in its environment than its users have.
REQUIREMENTS = {
    "httpx": [f"httpx=={version('httpx')}"],
    "pixigpt-0.1.5": ["pixigpt==0.1.5"],
    "openai": ["openai"],
    "openai-aiohttp": ["openai[aiohttp]"],
    "aiohttp": ["aiohttp"],
    OURS: ["--editable", str(ROOT)],
}


class RivalError(Exception):
    """A rival cannot be installed, or its worker gave up."""


class Worker:
    """A rival's process, which obeys commands one by one."""

    def __init__(self, rival: str, python: Path) -> None:
        command = [python, WORKERS / f"with_{rival.replace('-', '_').replace('.', '_')}.py"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(os.environ)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error:
            self._process.kill()
        self._process.communicate()

    def obey(self, command: Mapping[str, object]) -> dict[str, Any]:
        """Carry out a command; RivalError if no reply comes."""
        to, back = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        try:
            to.write(json.dumps(command) + "\n")
            to.flush()
        except BrokenPipeError:
            raise RivalError("its worker is gone") from None
        if not (line := back.readline()):
            raise RivalError("its worker failed, as told above")
        reply: dict[str, Any] = json.loads(line)
        return reply


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would make rivals unequal: proxies, keys, a ban on bytecode files."""
    unequal = ("PYTHON", "OPENAI_", "PIXIGPT_")
    upper = {name: name.upper() for name in given}
    return {
        name: value
        for name, value in given.items()
        if not (upper[name].endswith("_PROXY") or upper[name].startswith(unequal))
    }


def python_of(rival: str) -> Path:
    """The Python that has a rival, installed at its first use; RivalError if that fails."""
    requirement = REQUIREMENTS[rival]
    folder = ENVIRONMENTS / rival
    ready = folder / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != str(requirement):
        _install(folder, requirement)
        ready.write_text(str(requirement), encoding="utf-8")
    return folder / "bin" / "python"


def _install(folder: Path, requirement: list[str]) -> None:
    print(f"installing {' '.join(requirement)} ...", flush=True)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirement]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], pip):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise RivalError(f"cannot be installed: {''.join(reason)}")
