"""What a call costs, as a ratio to bare httpx in the same run: a table, and the same as JSON with --json FILE."""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import anyio
import httpx

from pixigpt import AsyncClient, Client

SERVER = Path(__file__).with_name("bench_server.py")
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}]
HEADERS = {"Authorization": "Bearer sk-bench"}
IMPORTS = {
    "httpx": "import httpx; httpx.Client().close()",
    "pixigpt": "import pixigpt; pixigpt.Client('sk-bench').close()",
}

# Seconds of each repetition, by rival.
Timings = dict[str, list[float]]


def sync_cpu_per_call(base_url: str, rounds: int, calls: int) -> Timings:
    """CPU seconds of one synchronous chat completion, the rivals taking turns."""
    timings: Timings = {"httpx": [], "pixigpt": []}
    with Client("sk-bench", base_url) as ours, httpx.Client(headers=HEADERS) as bare:
        rivals: dict[str, Callable[[], object]] = {
            "httpx": lambda: bare.post(f"{base_url}/chat/completions", json={"messages": MESSAGES}).json(),
            "pixigpt": lambda: ours.create_chat_completion(MESSAGES),
        }
        for _ in range(rounds):
            for name, call in rivals.items():
                started = time.process_time()
                for _ in range(calls):
                    call()
                timings[name].append((time.process_time() - started) / calls)
    return timings


async def async_seconds_per_call(base_url: str, rounds: int, calls: int, in_flight: int) -> Timings:
    """Wall seconds per asynchronous chat completion with many in flight, the rivals taking turns."""
    timings: Timings = {"httpx": [], "pixigpt": []}
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with (
        AsyncClient("sk-bench", base_url) as ours,
        httpx.AsyncClient(headers=HEADERS, limits=limits, timeout=60) as bare,
    ):

        async def post() -> object:
            answer = await bare.post(f"{base_url}/chat/completions", json={"messages": MESSAGES})
            return answer.json()

        for _ in range(rounds):
            started = time.perf_counter()
            await in_turns(post, calls, in_flight)
            timings["httpx"].append((time.perf_counter() - started) / calls)
            started = time.perf_counter()
            await in_turns(lambda: ours.create_chat_completion(MESSAGES), calls, in_flight)
            timings["pixigpt"].append((time.perf_counter() - started) / calls)
    return timings


async def in_turns(call: Callable[[], object], calls: int, in_flight: int) -> None:
    """Make the calls, a number of them at once."""
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            result = call()
            if asyncio.iscoroutine(result):
                await result

    async with anyio.create_task_group() as tasks:
        for _ in range(in_flight):
            tasks.start_soon(work)


def import_seconds(rounds: int) -> Timings:
    """Wall seconds of a fresh interpreter that imports and constructs, the rivals taking turns."""
    timings: Timings = {name: [] for name in IMPORTS}
    for _ in range(rounds):
        for name, code in IMPORTS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            timings[name].append(time.perf_counter() - started)
    return timings


def report(title: str, timings: Timings) -> dict[str, float]:
    """Print the medians in milliseconds, and the ratio to bare httpx."""
    medians = {name: statistics.median(values) * 1000 for name, values in timings.items()}
    ratio = statistics.median(a / b for a, b in zip(timings["pixigpt"], timings["httpx"], strict=True))
    print(f"{title:<46} {medians['httpx']:>9.3f} {medians['pixigpt']:>9.3f} {ratio:>7.2f}")
    return {**medians, "ratio": ratio}


def measure(base_url: str, rounds: int, calls: int) -> dict[str, dict[str, float]]:
    """Take all measurements, printing each."""
    print(f"{'milliseconds, medians':<46} {'httpx':>9} {'pixigpt':>9} {'ratio':>7}")
    in_flight = async_seconds_per_call(base_url, rounds, calls, in_flight=100)
    return {
        "sync": report("CPU per call, sync", sync_cpu_per_call(base_url, rounds, calls)),
        "async_100": report("wall per call, async, 100 in flight", asyncio.run(in_flight)),
        "import": report("wall of import and construct, new process", import_seconds(rounds)),
    }


def main() -> None:
    """Measure all, against a server in another process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each measurement (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=500, help="calls in each (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    with subprocess.Popen([sys.executable, SERVER], stdout=subprocess.PIPE, text=True) as server:
        base_url = cast("IO[str]", server.stdout).readline().strip()
        try:
            figures = measure(base_url, options.rounds, options.calls)
        finally:
            server.terminate()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
