"""Send minutes of mixed traffic to a server with faults: nothing may be lost, doubled, mixed up or left over.

Tasks and threads take turns in four rounds; the two clients live through all of them. The server is another process.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import IO, cast

import anyio

from pixigpt import AsyncClient, Client, RetryPolicy
from scripts.soak.drivers import Tasks, Threads
from scripts.soak.ledger import Ledger, Page, faults_of
from scripts.soak.report import Level, report
from scripts.soak.tally import Tally
from scripts.soak.traffic import Traffic, text_of

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = 4
SHARE_OF_THREADS = 1 / 3
TIMEOUT = 8.0
STUBBORN = RetryPolicy(max_retries=100, max_backoff=0.1, retry_rate_limits=True, budget=None)  # for the last faults


class Server:
    """The other process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._to, self._back = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        self.place: dict[str, str] = json.loads(self._back.readline())

    def calm(self) -> dict[str, int]:
        """Have it behave; return what it has done until now."""
        self._to.write("calm\n")
        self._to.flush()
        done: dict[str, int] = json.loads(self._back.readline())
        return done


@contextmanager
def server(seed: int) -> Generator[Server, None, None]:
    """Run the server in a process of its own."""
    command = [sys.executable, "-m", "scripts.soak.server", str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield Server(process)
        finally:
            process.terminate()


def soak(options: argparse.Namespace, traffic: Traffic, place: Server) -> tuple[Level, Level]:
    """Run all rounds; return the levels half-way and at the end, with both clients still open."""
    levels: list[Level] = []
    round_seconds = options.seconds / ROUNDS
    key, base_url = place.place["key"], place.place["base_url"]
    async_client = AsyncClient(key, base_url, timeout=TIMEOUT)
    with Client(key, base_url, timeout=TIMEOUT) as client:
        tasks, threads = Tasks(async_client, traffic, options.tasks), Threads(client, traffic, options.threads)
        for number in range(1, ROUNDS + 1):
            anyio.run(tasks.run, round_seconds * (1 - SHARE_OF_THREADS), backend=options.backend)
            threads.run(round_seconds * SHARE_OF_THREADS)
            levels.append(Level.now())
            calls = traffic.tally.counts["calls"]
            print(f"round {number} of {ROUNDS}: {calls:,} calls so far, {levels[-1].mib:.1f} MiB", flush=True)
    traffic.tally.count("left over", len(tasks.loops), "event loops that have ended")
    anyio.run(async_client.aclose, backend=options.backend)
    return levels[ROUNDS // 2 - 1], levels[-1]


def audit(pages: dict[str, Page], place: Server, tally: Tally) -> None:
    """Compare what the server has, now that it is calm, with what it was sent."""
    with (
        Client(place.place["key"], place.place["base_url"], timeout=TIMEOUT, retry=STUBBORN) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        time.sleep(2)  # the server may still be at work on requests that it delays

        def check(thread_id: str) -> None:
            messages = client.list_messages(thread_id, 1_000_000)
            users = [text_of(message) for message in messages if message.role == "user"]
            for name, times in faults_of(pages[thread_id], users, len(messages) - len(users)).items():
                tally.count(name, times, thread_id)

        kept = [thread_id for thread_id, page in pages.items() if not page.is_deleted]
        list(pool.map(check, kept))
        tally.count("threads audited", len(kept))
        tally.count("messages audited", sum(len(pages[thread_id].kept) for thread_id in kept))


def parsed() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long (default: %(default)g)")
    parser.add_argument("--backend", choices=("asyncio", "trio"), default="asyncio", help="(default: %(default)s)")
    parser.add_argument("--tasks", type=int, default=200, help="calls in flight in tasks (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=50, help="calls in flight in threads (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what chance begins with")
    return parser.parse_args()


def main() -> int:
    """Soak, audit and report; return the exit status."""
    options = parsed()
    tally = Tally()
    tally.listen()
    print(f"{options.seconds:g} s on {options.backend} and in threads, --seed {options.seed}", flush=True)
    anyio.run(anyio.sleep, 0, backend=options.backend)  # what the backend opens once and keeps
    with Ledger() as ledger, server(options.seed) as place:
        before = Level.now()
        random = Random(options.seed)  # noqa: S311  # chance, no secrecy
        traffic = Traffic(ledger, tally, random, place.place["assistant_id"])
        started = time.monotonic()
        middle, end = soak(options, traffic, place)
        seconds, after = time.monotonic() - started, Level.now()
        tally.count("left over", max(0, after.threads - before.threads), "threads")
        done = place.calm()
        audit(ledger.pages(), place, tally)
    return report(tally, [before, middle, end, after], seconds, done)


if __name__ == "__main__":
    sys.exit(main())
