"""The command as a process: without its extra, into a closed pipe, interrupted, and as `python -m pixigpt`."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.waiting import eventually

import pixigpt
from pixigpt.testing import LocalServer

HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
COMMAND = [sys.executable, "-W", "error", "-m", "pixigpt"]


@pytest.fixture
def environment(server: LocalServer, tmp_path: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {
        **own,
        "PIXIGPT_API_KEY": server.api_key,
        "PIXIGPT_BASE_URL": server.base_url,
        "PIXIGPT_CONFIG": str(tmp_path / "config.toml"),
    }


def run(command: list[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("lacking", ["click", "rich", "platformdirs"])
def test_without_the_extra_it_says_what_to_install(environment: dict[str, str], tmp_path: Path, lacking: str) -> None:
    (tmp_path / f"{lacking}.py").write_text(f"raise ModuleNotFoundError('No module named {lacking}', name='{lacking}')")
    path = os.pathsep.join([str(tmp_path), *environment.get("PYTHONPATH", "").split(os.pathsep)])
    done = run([*COMMAND, "--help"], {**environment, "PYTHONPATH": path})
    assert done == (2, "", f'pixigpt needs {lacking}: pip install "pixigpt[cli]"\n')


def test_the_console_script_is_the_module(environment: dict[str, str]) -> None:
    script = Path(sys.executable).with_name("pixigpt")
    assert run([str(script), "--version"], environment) == (0, f"pixigpt {pixigpt.__version__}\n", "")
    assert run([*COMMAND, "--version"], environment) == (0, f"pixigpt {pixigpt.__version__}\n", "")


def test_help_imports_neither_the_client_nor_rich(environment: dict[str, str]) -> None:
    code = "import sys; from pixigpt.cli._main import run; run(['--help']); print([*sys.modules])"
    done = run([sys.executable, "-c", code], environment)
    assert "click.core" in done[1]
    assert not any(f"'{each}'" in done[1] for each in ("httpx", "rich.console", "pixigpt.client"))


def test_a_closed_pipe_ends_quietly(environment: dict[str, str], server: LocalServer) -> None:
    with pixigpt.Client(server.api_key, server.base_url) as client:
        for _ in range(3):
            client.create_assistant("Long", "x" * 50_000)  # more than a pipe holds
    command = [*COMMAND, "assistants", "list"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(6) == b"asst_1"
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_one_line(environment: dict[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "assistants", "list"], env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"Error: [Errno 28] No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="the shell's syntax")
def test_a_closed_stdout_is_no_error(environment: dict[str, str]) -> None:
    command = ["sh", "-c", '"$@" >&-', "sh", *COMMAND, "assistants", "list"]
    assert run(command, environment) == (0, "", "")


def test_an_interrupt_while_the_modules_load_ends_with_130(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    path = os.pathsep.join([str(tmp_path), *environment.get("PYTHONPATH", "").split(os.pathsep)])
    assert run(COMMAND, {**environment, "PYTHONPATH": path}) == (130, "", "")


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGINT to send elsewhere")
def test_an_interrupt_ends_with_130(environment: dict[str, str], server: LocalServer) -> None:
    server.delay(5, "/threads")
    command = [*COMMAND, "threads", "list"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert eventually(lambda: bool(server.requests))
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10) == (b"", b"")
    assert process.returncode == 130


@pytest.mark.skipif(os.name != "posix", reason="there is no terminal to open elsewhere")
def test_a_termination_shows_the_cursor_again_and_ends_with_143(
    environment: dict[str, str], server: LocalServer
) -> None:
    server.delay(5, "/chat/completions")
    terminal, end = os.openpty()
    seen = b""
    with subprocess.Popen([*COMMAND, "ask", "Hi"], env=environment, stdout=subprocess.PIPE, stderr=end) as process:
        os.close(end)
        while HIDE_CURSOR not in seen and (more := read(terminal)):
            seen += more
        assert eventually(lambda: bool(server.requests))
        process.send_signal(signal.SIGTERM)
        while more := read(terminal):
            seen += more
    os.close(terminal)
    assert SHOW_CURSOR in seen.partition(HIDE_CURSOR)[2]
    assert process.returncode == 143


def read(terminal: int) -> bytes:
    """Return what is written next; nothing once the other end is closed, which Linux tells by an error."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_an_answer_that_the_encoding_lacks_is_printed(environment: dict[str, str], server: LocalServer) -> None:
    with pixigpt.Client(server.api_key, server.base_url) as client:
        client.create_assistant("Żółw", "x")
    ascii_only = {**environment, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert run([*COMMAND, "assistants", "list"], ascii_only)[:2] == (
        0,
        "asst_1\tPixi\tYou are a helpful assistant.\nasst_2\t???w\tx\n",
    )
    assert '"name": "\\u017b\\u00f3\\u0142w"' in run([*COMMAND, "assistants", "list", "--json"], ascii_only)[1]


def test_serve_is_the_local_server(environment: dict[str, str]) -> None:
    command = [*COMMAND, "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        given = dict(process.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(3))
        code, out, _ = run([*COMMAND, "assistants", "list"], {**environment, **given})
        assert (code, out.split("\t")[0]) == (0, given["DEFAULT_ASSISTANT_ID"])
        process.terminate()
    assert process.returncode == (0 if os.name == "posix" else 1)
