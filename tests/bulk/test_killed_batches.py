"""Batches in processes of their own that are killed, interrupted, run out of disk, or meet: `make test-bulk`."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.executions import executions

from pixigpt import Client
from pixigpt.testing import LocalServer

PROGRAM = Path(__file__).with_name("program.py")


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


class Process:
    """A process that runs a batch from `in.jsonl` to `out.jsonl` in a folder."""

    def __init__(self, folder: Path, server: LocalServer, variant: str, **options: object) -> None:
        command = [sys.executable, str(PROGRAM), variant, server.api_key, server.base_url, json.dumps(options)]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ended(self, seconds: float = 60.0) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err

    def summary(self) -> dict[str, Any]:
        code, out, err = self.ended()
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found


def write_input(folder: Path, count: int) -> None:
    lines = (json.dumps({"id": f"item {number}", "prompt": f"say {number}"}) for number in range(count))
    (folder / "in.jsonl").write_text("\n".join(lines))


def ids(folder: Path) -> list[str]:
    """Return the id of each line of the output, which must all be responses."""
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()[1:]]
    assert all(line["response"]["choices"][0]["message"]["content"].startswith("You said: say ") for line in lines)
    return [line["id"] for line in lines]


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_it_ends_with_every_id_once_and_nothing_done_twice(
    tmp_path: Path, server: LocalServer, seed: int
) -> None:
    write_input(tmp_path, 1000)
    done, moments = executions(server), random.Random(seed)
    variant = ["sync", "asyncio"][seed % 2]
    server.delay(0.05, times=None)
    startup = 1.0
    for kill in range(20):
        begun, running = time.monotonic(), Process(tmp_path, server, variant)
        if not kill:
            while not server.requests:
                time.sleep(0.01)
            startup = time.monotonic() - begun
        time.sleep(moments.uniform(0.0, 1.5 * startup))
        running.process.kill()
        running.process.communicate()
    assert Process(tmp_path, server, variant).summary()["skipped"] > 0
    assert sorted(ids(tmp_path)) == sorted(f"item {number}" for number in range(1000))
    assert len(done) == 1000
    assert set(done.values()) == {1}
    assert len(server.requests) > 1000  # some answers were lost between the server and the file, and asked for again


def test_the_first_ctrl_c_finishes_what_is_in_flight(tmp_path: Path, server: LocalServer, variant: str) -> None:
    write_input(tmp_path, 1000)
    server.delay(0.5, times=None)
    running = Process(tmp_path, server, variant, concurrency=4)
    while len(server.requests) < 4:
        time.sleep(0.01)
    running.process.send_signal(signal.SIGINT)
    summary = running.summary()
    assert summary["is_interrupted"]
    assert summary["done"] == len(ids(tmp_path)) == len(server.requests)


def test_the_second_ctrl_c_stops(tmp_path: Path, server: LocalServer, variant: str) -> None:
    write_input(tmp_path, 10)
    server.delay(60.0, times=None)
    running = Process(tmp_path, server, variant, concurrency=4)
    while len(server.requests) < 4:
        time.sleep(0.01)
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert running.process.poll() is None
    begun = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    code, _, err = running.ended()
    assert code != 0
    assert "KeyboardInterrupt" in err
    assert time.monotonic() - begun < 3.0


def test_a_full_disk_is_an_error_and_nothing_is_lost(tmp_path: Path, server: LocalServer) -> None:
    write_input(tmp_path, 50)
    done = executions(server)
    code, _, err = Process(tmp_path, server, "sync", file_size=5000).ended()
    assert code == 1
    assert "OSError: [Errno 27] File too large; what is in the output is complete" in err
    before = ids(tmp_path)
    assert 0 < len(before) < 50
    assert Process(tmp_path, server, "sync").summary()["skipped"] == len(before)
    assert sorted(ids(tmp_path)) == sorted(f"item {number}" for number in range(50))
    assert set(done.values()) == {1}


def test_a_second_process_on_the_same_output_is_refused(tmp_path: Path, server: LocalServer) -> None:
    write_input(tmp_path, 4)
    server.delay(2.0, times=None)
    running = Process(tmp_path, server, "sync")
    while not server.requests:
        time.sleep(0.01)
    with Client(server.api_key, server.base_url) as client, pytest.raises(RuntimeError, match="another batch"):
        client.run_batch(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert running.summary()["done"] == 4


def test_memory_does_not_grow_with_the_input(tmp_path: Path, server: LocalServer) -> None:
    peaks: list[int] = []
    for count in (1_000, 50_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        write_input(folder, count)
        Process(folder, server, "sync", stop_after=1).ended()
        with (folder / "out.jsonl").open("a") as output:
            for number in range(count):
                print(json.dumps({"id": f"item {number}", "response": {}}), file=output)
        summary = Process(folder, server, "sync").summary()
        assert summary["skipped"] == count
        peaks.append(summary["peak_memory"])
    assert peaks[1] - peaks[0] < 12 * 2**20
