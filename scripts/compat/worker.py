"""A script in another client's environment, started against our local server."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pixigpt.testing import LocalServer
from scripts.environments import clean_environment

SCRIPTS = Path(__file__).with_name("clients")
LONGEST = 120  # seconds: a client that pages for ever ends too


@dataclass(frozen=True)
class Check:
    """How a call went: what differed, "" for nothing, None where it was skipped."""

    client: str
    call: str
    difference: str | None


def worker_checks(script: str, python: Path, server: LocalServer) -> Iterator[Check]:
    """Yield what a worker reports of its client; one that ends early is a failed check."""
    server.fail("/assistants", status=503, times=2)  # the first call of each worker rides this out
    server.fail("/threads/busy", status=429, times=None)
    server.fail("/threads/later", status=429, retry_after=0)
    server.fail("/threads/broken", status=503, times=None)
    done = run(python, script, server)
    reports = [Check(**json.loads(line)) for line in done.stdout.splitlines()]
    yield from reports
    if done.returncode or not reports:
        yield Check(reports[-1].client if reports else script, "the worker", last_line(done))


def run(python: Path, script: str, server: LocalServer, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script to its end, or until it has taken too long."""
    given = {
        **clean_environment(os.environ),
        "PIXIGPT_API_KEY": server.api_key,
        "PIXIGPT_BASE_URL": server.base_url,
        "DEFAULT_ASSISTANT_ID": server.assistant_id,
    }
    command = [python, SCRIPTS / script]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True, env=given) as process:
        try:
            output, errors = process.communicate(stdin, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            errors = f"it took more than {LONGEST} s"
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return why a script ended, in a line."""
    return "".join(done.stderr.strip().splitlines()[-1:]) or f"it ended early, with the exit code {done.returncode}"
