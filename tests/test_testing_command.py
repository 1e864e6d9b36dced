"""`python -m pixigpt.testing` serves until it is stopped, and says why where it cannot."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pixigpt.testing.__main__ import main


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('No module named uvicorn', name='uvicorn')")
    command = [sys.executable, "-m", "pixigpt.testing"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'pixigpt.testing needs uvicorn: pip install "pixigpt[testing]"\n'


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-W", "error", "-m", "pixigpt.testing", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(4)]
        yield process, dict(line.removeprefix("export ").split("=", 1) for line in lines[:3])
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_ends_cleanly(
    served: tuple[subprocess.Popen[str], dict[str, str]], number: signal.Signals
) -> None:
    process, given = served
    headers = {"Authorization": f"Bearer {given['PIXIGPT_API_KEY']}"}
    response = httpx.get(f"{given['PIXIGPT_BASE_URL']}/assistants/{given['DEFAULT_ASSISTANT_ID']}", headers=headers)
    assert response.status_code == 200
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_the_command_says_when_the_port_is_taken(
    served: tuple[subprocess.Popen[str], dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, given = served
    port = re.findall(r":(\d+)/", given["PIXIGPT_BASE_URL"])[0]
    assert main(["--port", port]) == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in capsys.readouterr().err
    assert main(["--run-seconds", "nan"]) == 2
    assert capsys.readouterr().err == "run_seconds must be finite, not nan\n"
    assert main(["--port", "70000"]) == 1
    assert "cannot listen on 127.0.0.1:70000: bind(): port must be 0-65535" in capsys.readouterr().err
