"""A server that is killed in the middle of anything, and started again on its folder: real processes, kill -9."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pixigpt import Client, PixiGPTError
from pixigpt.testing import LocalServer

ROUNDS = 5
WRITERS = 4


@contextmanager
def served(folder: Path, *options: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "pixigpt.testing", "--port", "0", "--data-dir", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield process, re.findall(r"http://[^'\s]+", line)[0]
        finally:
            process.kill()


class Writer(threading.Thread):
    """Does all that changes something, over and over, until the server is gone; remembers what it was told."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(name=name)
        self.url = url
        self.messages: dict[str, list[str]] = defaultdict(list)
        self.doubtful: dict[str, list[str]] = {}
        self.assistants: list[str] = []
        self.completed: list[tuple[str, str]] = []

    def run(self) -> None:
        with Client("sk-local", self.url, max_retries=0) as client, suppress(PixiGPTError):
            while True:
                self.write(client)

    def write(self, client: Client) -> None:
        thread = client.create_thread().id
        for number in range(3):
            texts = [f"{self.name} {number} {place}" for place in range(5)]
            self.doubtful[thread] = texts
            client.create_messages_bulk(thread, [{"role": "user", "content": text} for text in texts])
            self.messages[thread] += texts
            del self.doubtful[thread]
        self.assistants.append(client.create_assistant(self.name, "Count.").id)
        run = client.create_run(thread, "asst_1")
        done = client.wait_for_run(thread, run.id)
        assert done.message is not None
        self.messages[thread].append(done.message.content[0].text.value)
        self.completed.append((thread, run.id))


def check(client: Client, writer: Writer) -> int:
    """Hold what is there against what a writer was told; return how many runs were cut."""
    known = {assistant.id for assistant in client.list_assistants()}
    assert known.issuperset(writer.assistants)
    for thread, run_id in writer.completed:
        assert client.get_run(thread, run_id).status == "completed"
    cut = 0
    for thread, told in writer.messages.items():
        found = [message.content[0].text.value for message in client.list_messages(thread, limit=100)][::-1]
        more = found[len(told) :]
        assert found[: len(told)] == told
        # What was on its way is there as a whole or not at all; or a run has ended that nobody has heard of.
        assert more in ([], writer.doubtful.get(thread, [])) or [text.startswith("You said") for text in more] == [True]
        cut += len(told) == 15 and not more
    return cut


def test_what_was_told_is_there_after_kill_9_in_the_middle_of_anything(tmp_path: Path) -> None:
    chance = random.Random(20)
    writers: list[Writer] = []
    for _ in range(ROUNDS):
        with served(tmp_path, "--run-seconds", "0.05") as (process, url):
            with Client("sk-local", url) as client:
                for writer in writers:
                    check(client, writer)
            new = [Writer(url, f"writer {len(writers) + number}") for number in range(WRITERS)]
            for writer in new:
                writer.start()
            new[0].join(0.4 + chance.random())
            os.kill(process.pid, signal.SIGKILL)
            for writer in new:
                writer.join()
            writers += new
    assert sum(len(writer.completed) for writer in writers) > ROUNDS
    assert sum(len(messages) for writer in writers for messages in writer.messages.values()) > 100


def test_a_run_that_kill_9_cuts_is_failed_and_its_thread_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalServer() as slow:
        slow.delay(60)
        monkeypatch.setenv("PIXIGPT_UPSTREAM_KEY", slow.api_key)
        options = ("--upstream", slow.base_url, "--upstream-model", "m")
        with served(tmp_path, *options) as (process, url), Client("sk-local", url) as client:
            thread = client.create_thread().id
            client.create_message(thread, "user", "Hello.")
            run = client.create_run(thread, "asst_1")
            while client.get_run(thread, run.id).status != "in_progress":
                pass
            os.kill(process.pid, signal.SIGKILL)
        with served(tmp_path, *options) as (_, url), Client("sk-local", url) as client:
            cut = client.get_run(thread, run.id)
            assert cut.status == "failed"
            assert "The server was stopped while the run was under way." in str(cut)
            done = client.wait_for_run(thread, client.create_run(thread, "asst_1").id)
            assert "You said: Hello." in str(done.message)


def test_a_request_that_kill_9_cuts_is_repeated_under_its_key_and_adds_nothing_twice(tmp_path: Path) -> None:
    """The work and the response under its key are one transaction: both are there, or neither."""
    for number in range(5):
        key = {"Idempotency-Key": f"key {number}"}
        with served(tmp_path) as (process, url), Client("sk-local", url, max_retries=0, headers=key) as client:
            killer = threading.Timer(0.002 * number, os.kill, (process.pid, signal.SIGKILL))
            killer.start()
            with suppress(PixiGPTError):
                client.create_thread()
            killer.join()
        with served(tmp_path) as (_, url), Client("sk-local", url) as client:
            client.with_options(headers=key).create_thread()
            assert len(client.list_threads()) == number + 1


def test_a_second_process_on_one_folder_says_so(tmp_path: Path) -> None:
    with served(tmp_path):
        command = [sys.executable, "-m", "pixigpt.testing", "--port", "0", "--data-dir", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"the folder {tmp_path} cannot be used: another server is using it\n"
