"""What memory a call takes: its peak, what stays after many, and what an idle connection holds."""

import asyncio
import gc
import resource
import sys
import time
import tracemalloc
from pathlib import Path

from _calls import ask_at_once, ask_in_turn
from _subject import Command, Measures, Subject

BATCH = 500
TEXTS = [f"text {number}" for number in range(500)]  # the server responds with 10 MB, whatever they are


def request_body(subject: Subject, command: Command) -> Measures:
    """Measure CPU time of a call with a large request, and how often its body is in memory at the peak."""
    with subject.open_sync(command) as ask:
        ask_in_turn(ask, 3, command.size)
        text = f"question 0 {'x' * command.size}"
        with_peak = Peak()
        with with_peak:
            ask(text)
        started = time.process_time()
        mismatches = ask_in_turn(ask, command.calls, command.size)
        cpu = time.process_time() - started
    copies = with_peak.bytes / command.size
    return {"cpu_ms": 1000 * cpu / command.calls, "copies": copies, "mismatches": mismatches}


def large_response(subject: Subject, command: Command) -> Measures:
    """Measure a call whose response is large: CPU time, and the peak in sizes of its body."""
    with subject.open_embed(command) as embed:
        embed(TEXTS)
        started = time.process_time()
        for _ in range(command.calls):
            embed(TEXTS)
        cpu = time.process_time() - started
        with Peak() as peak:
            numbers = embed(TEXTS)
    return {"cpu_ms": 1000 * cpu / command.calls, "peak_bodies": peak.bytes / command.embedded, "numbers": numbers}


async def large_response_async(subject: Subject, command: Command) -> Measures:
    """Measure the same of the async client."""
    async with subject.open_async_embed(command) as embed:
        await embed(TEXTS)
        started = time.process_time()
        for _ in range(command.calls):
            await embed(TEXTS)
        cpu = time.process_time() - started
        with Peak() as peak:
            numbers = await embed(TEXTS)
    return {"cpu_ms": 1000 * cpu / command.calls, "peak_bodies": peak.bytes / command.embedded, "numbers": numbers}


def memory_sync(subject: Subject, command: Command) -> Measures:
    """Measure how memory grows from a tenth of the calls to all of them, one call after the other."""
    with subject.open_sync(command) as ask:
        ask_in_turn(ask, command.calls // 10)
        early = resident_kib()
        ask_in_turn(ask, command.calls - command.calls // 10)
        return growth(early, resident_kib())


async def memory_async(subject: Subject, command: Command) -> Measures:
    """Measure how memory grows from a tenth of the calls to all of them, many in flight."""
    early = 0.0
    batch = max(1, min(BATCH, command.calls // 10))
    async with subject.open_async(command) as ask:
        for done in range(0, command.calls, batch):  # in batches, so that the tallies take no memory
            if done <= command.calls // 10:
                early = resident_kib()
            await ask_at_once(ask, min(batch, command.calls - done), command.in_flight)
        return growth(early, resident_kib())


async def memory_stream(subject: Subject, command: Command) -> Measures:
    """Measure how memory grows from a tenth of one stream's chunks to all of them."""
    early = late = 0.0
    async with subject.open_streams(command) as stream:
        count = 0
        async for _ in stream(f"stream {command.chunks} question"):
            count += 1
            if count == command.chunks // 10:
                early = resident_kib()
            elif count == command.chunks - 2:
                late = resident_kib()
    return growth(early, late)


async def idle_connections(subject: Subject, command: Command) -> Measures:
    """Measure the memory of an idle connection, in this process."""
    async with subject.open_async(command) as ask:
        await ask_at_once(ask, 100, 1)
        before = resident_kib()
        await ask_at_once(ask, command.idle, command.idle, delay=1.0)
        await asyncio.sleep(0.1)
        return {"kib": (resident_kib() - before) / command.idle}


class Peak:
    """Measures how much more memory Python's allocator had at the peak than when the block began."""

    bytes = 0

    def __enter__(self) -> "Peak":
        gc.collect()
        tracemalloc.start()
        self._before = tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = tracemalloc.get_traced_memory()[1] - self._before
        tracemalloc.stop()


def growth(early: float, late: float) -> Measures:
    """Return what is reported of memory."""
    return {"early_kib": early, "late_kib": late, "growth_kib": late - early}


def resident_kib() -> float:
    """Return the memory of this process; where the system does not tell, the most that it ever had."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "darwin" else peak
