"""Measure what many calls cost beside plain ones: CPU for each item, memory over 100,000 of them, 1,000 in flight.

Each measurement has a process of its own; the server is the benchmark's. Exits with 1 if a target is missed.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pixigpt import AsyncClient, Client
from scripts.bench.__main__ import allow_open_files, server

KEY = "sk-bench"
IN_FLIGHT = 1_000
ITEMS, FEW = 100_000, 10_000

Figures = dict[str, float]


def prompts(count: int) -> Iterator[str]:
    """Yield short prompts, none kept."""
    return (f"number {number}" for number in range(count))


def messages(prompt: str) -> list[dict[str, object]]:
    """Return what a plain call of a prompt sends."""
    return [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": prompt}]


def peak_memory() -> float:
    """Return the most MiB that this process has had."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def measured(calls: Callable[[], int]) -> Figures:
    """Return what some calls cost."""
    cpu, begun = time.process_time(), time.perf_counter()
    count = calls()
    seconds = time.perf_counter() - begun
    return {
        "cpu_us": 1e6 * (time.process_time() - cpu) / count,
        "per_second": count / seconds,
        "peak_mib": peak_memory(),
    }


def plain_sync(base_url: str, count: int) -> Figures:
    """Measure one call after the other."""
    with Client(KEY, base_url) as client:

        def calls() -> int:
            for prompt in prompts(count):
                client.create_chat_completion(messages(prompt))
            return count

        return measured(calls)


def map_sync(base_url: str, count: int) -> Figures:
    """Measure the sync client's items, 32 in flight."""
    with Client(KEY, base_url) as client:
        return measured(lambda: sum(item.error is None for item in client.map_chat_completions(prompts(count))))


def gather_async(base_url: str, count: int) -> Figures:
    """Measure gather over ready-made calls, as many in flight as the pool has connections."""

    async def calls() -> int:
        async with AsyncClient(KEY, base_url, timeout=None) as client:
            await asyncio.gather(*(client.create_chat_completion(messages(prompt)) for prompt in prompts(count)))
        return count

    return measured(lambda: asyncio.run(calls()))


def map_async(base_url: str, count: int) -> Figures:
    """Measure the async client's items, 1,000 in flight."""

    async def calls() -> int:
        done = 0
        async with AsyncClient(KEY, base_url, timeout=None) as client:
            async for item in client.map_chat_completions(prompts(count), concurrency=IN_FLIGHT):
                done += item.error is None
        return done

    return measured(lambda: asyncio.run(calls()))


MEASUREMENTS = {each.__name__: each for each in (plain_sync, map_sync, gather_async, map_async)}


def run(name: str, base_url: str, count: int) -> Figures:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "scripts.bench.bulk", name, base_url, str(count)]
    figures: Figures = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    print(f"{name:>12} {count:>7,}: " + ", ".join(f"{key} {value:,.1f}" for key, value in figures.items()), flush=True)
    return figures


def compared(base_url: str) -> list[tuple[str, float, str, float]]:
    """Measure everything; return what each target is about, the value, and its bound."""
    plain, few, many = (
        run("plain_sync", base_url, FEW),
        run("map_sync", base_url, FEW),
        run("map_sync", base_url, ITEMS),
    )
    gathered, mapped = run("gather_async", base_url, 2 * FEW), run("map_async", base_url, 2 * FEW)
    few_async, many_async = run("map_async", base_url, FEW), run("map_async", base_url, ITEMS)
    return [
        ("CPU of an item / of a plain call", many["cpu_us"] / plain["cpu_us"], "<=", 1.3),
        ("MiB more for 100,000 items than for 10,000", many["peak_mib"] - few["peak_mib"], "<=", 5.0),
        ("the same, async", many_async["peak_mib"] - few_async["peak_mib"], "<=", 5.0),
        ("rate with 1,000 in flight / of gather", mapped["per_second"] / gathered["per_second"], ">=", 0.85),
    ]


def main() -> int:
    """Print each target; return how many are missed."""
    allow_open_files()
    with server() as given:
        targets = compared(str(given["base_url"]))
    missed = 0
    for title, value, sign, bound in targets:
        is_met = value <= bound if sign == "<=" else value >= bound
        missed += not is_met
        print(f"{'met' if is_met else 'MISSED':>6}  {title}: {value:.2f} {sign} {bound:g}")
    return missed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(MEASUREMENTS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))))
    else:
        sys.exit(main())
