"""Many runs at once over a slow model, and many messages in a folder: each in its place, in bounded memory."""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pixigpt import Client
from pixigpt.testing import LocalServer

RUNS = 200
MESSAGES = 100_000
MOST_GROWTH = 20 * 2**20  # bytes; 2 MiB were measured, and the messages are 20 times that on disk


def test_two_hundred_runs_at_once_over_a_slow_upstream_are_each_answered_in_their_thread() -> None:
    with (
        LocalServer() as slow,
        LocalServer(upstream=slow.base_url, upstream_key=slow.api_key, upstream_model="m") as server,
        Client(server.api_key, server.base_url) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        slow.delay(5, times=None)

        def start(_: int) -> tuple[str, str]:
            thread = client.create_thread().id
            client.create_message(thread, "user", f"I am {thread}.")
            return thread, client.create_run(thread, server.assistant_id).id

        started = time.monotonic()
        runs = list(pool.map(start, range(RUNS)))
        done = list(pool.map(lambda each: client.wait_for_run(*each), runs))
        elapsed = time.monotonic() - started
    texts = [run.message.content[0].text.value for run in done if run.message]
    assert texts == [f"You said: I am {thread}." for thread, _ in runs]
    assert elapsed < RUNS * 5 / 10  # one after the other would take 1,000 s


def test_memory_stays_where_it_is_with_a_hundred_thousand_messages_in_a_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pixigpt.testing", "--port", "0", "--data-dir", str(tmp_path)]
    command += ["--max-stored", str(2 * MESSAGES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = re.findall(r"http://[^'\s]+", process.stdout.readline())[0]
        with Client("sk-local", url) as client:
            bulk = [
                {"role": "user", "content": f"Message {number}, of about a hundred characters. " * 2}
                for number in range(500)
            ]
            threads = [client.create_thread().id for _ in range(20)]
            client.create_messages_bulk(threads[0], bulk)
            before = resident(process.pid)
            for number in range(MESSAGES // len(bulk) - 1):
                client.create_messages_bulk(threads[number % len(threads)], bulk)
            after = resident(process.pid)
            assert len(client.list_messages(threads[-1], limit=20)) == 20
        process.terminate()
    assert after - before < MOST_GROWTH


def resident(process_id: int) -> int:
    """Return the bytes that a process has in memory."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(process_id)], capture_output=True, text=True, check=True)
    return int(told.stdout) * 1024
