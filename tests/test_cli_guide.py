"""The commands that the guide shows print what the guide says."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixigpt.testing import LocalServer

if sys.platform == "win32":
    pytest.skip("the guide's commands are a shell's", allow_module_level=True)

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "guides" / "cli.md"
SESSIONS = re.findall(r"```console\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def commands(session: str) -> str:
    """Return what is typed in a session: what follows `$ `, and `> ` on the lines after it."""
    return "".join(f"{line[2:]}\n" for line in session.splitlines() if line.startswith(("$ ", "> ")))


def printed(session: str) -> str:
    return "".join(f"{line}\n" for line in session.splitlines() if not line.startswith(("$ ", "> ")))


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """Run a server of its own: a call that another test has given up may still take a number that the guide shows."""
    with LocalServer() as server:
        yield server


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: shlex.join(commands(session).split()[1:3]))
def test_a_session_prints_what_it_shows(session: str, server: LocalServer, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PIXIGPT_API_KEY": server.api_key,
        "PIXIGPT_BASE_URL": server.base_url,
        "PIXIGPT_CONFIG": str(tmp_path / "config.toml"),
        "DEFAULT_ASSISTANT_ID": server.assistant_id,
    }
    done = subprocess.run(
        ["sh", "-e", "-c", commands(session)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, printed(session), "")
