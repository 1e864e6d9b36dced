"""What every worker does: read a command, run its workload, measure, reply; a line of JSON each way."""

import asyncio
import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

KEY = "sk-bench"
HEADERS = {"Authorization": f"Bearer {KEY}"}
SYSTEM = "Be brief."
WARM_UP = 100
BATCH = 500

# Asks a question, parses the answer, gives back its text.
Ask = Callable[[str], str]
AsyncAsk = Callable[[str], Awaitable[str]]
# Asks a question, parses the answer's chunks as they come, gives back the text of each.
AsyncStream = Callable[[str], AsyncIterator[str | None]]
Measures = Mapping[str, float | str]


def has_none(*_: object) -> NoReturn:
    """Stands for a client that a subject lacks."""
    raise NotImplementedError("this subject has no such client")


@dataclass(frozen=True)
class Command:
    """What bench.py asks for; each workload reads the fields that it needs."""

    workload: str
    base_url: str = ""
    calls: int = 0
    in_flight: int = 0
    delay: float = 0.0
    seconds: float = 0.0
    chunks: int = 0


OwnWorkload = Callable[[Command], Measures]


@dataclass(frozen=True)
class Subject:
    """A client under test: how to open it, and the code that imports and constructs it."""

    distribution: str
    construct: str = ""
    open_sync: Callable[[str], AbstractContextManager[Ask]] = has_none
    open_async: Callable[[str, int], AbstractAsyncContextManager[AsyncAsk]] = has_none
    open_streams: Callable[[str, int], AbstractAsyncContextManager[AsyncStream]] = has_none
    own_workloads: Mapping[str, OwnWorkload] = field(default_factory=dict[str, OwnWorkload])


@dataclass
class Tally:
    """How long each call took, when it ended, and how many got another question's answer."""

    seconds: list[float] = field(default_factory=list[float])
    ends: list[float] = field(default_factory=list[float])
    mismatches: int = 0

    def add(self, started: float, ended: float, is_match: bool) -> None:
        """Count a call."""
        self.seconds.append(ended - started)
        self.ends.append(ended)
        self.mismatches += not is_match

    def percentile(self, percent: int) -> float:
        """Return milliseconds that so many percent of the calls took at most."""
        return 1000 * sorted(self.seconds)[(len(self.seconds) - 1) * percent // 100]

    def late_per_s(self) -> float:
        """Return throughput of the last quarter: a pool may become faster once its idle connections have expired."""
        first, last = len(self.ends) * 3 // 4, len(self.ends) - 1
        return (last - first) / (self.ends[last] - self.ends[first])


def messages(text: str) -> list[dict[str, str]]:
    """Return the conversation that asks a question."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def answer_in(body: Mapping[str, Any]) -> str:
    """Return the answer's text, from its parsed JSON."""
    content: str = body["choices"][0]["message"]["content"]
    return content


def ask_in_turn(ask: Ask, calls: int) -> int:
    """Ask one question after the other; how many answers did not match."""
    mismatches = 0
    for number in range(calls):
        text = f"question {number}"
        mismatches += ask(text) != text
    return mismatches


async def ask_at_once(ask: AsyncAsk, calls: int, in_flight: int, delay: float = 0.0) -> Tally:
    """Ask questions, a number of them at once."""
    tally = Tally()
    numbers = iter(range(calls))
    prefix = f"delay {delay:g} " if delay else ""

    async def work() -> None:
        for number in numbers:
            text = f"{prefix}question {number}"
            started = time.perf_counter()
            answer = await ask(text)
            tally.add(started, time.perf_counter(), answer == text)

    await asyncio.gather(*(work() for _ in range(in_flight)))
    return tally


def about(subject: Subject, _: Command) -> Measures:
    """Measure which version of the client this is."""
    return {"version": version(subject.distribution)}


def sync(subject: Subject, command: Command) -> Measures:
    """Measure CPU time of one synchronous call."""
    with subject.open_sync(command.base_url) as ask:
        ask_in_turn(ask, WARM_UP)
        gc.collect()
        started = time.process_time()
        mismatches = ask_in_turn(ask, command.calls)
        cpu = time.process_time() - started
    return {"cpu_ms": 1000 * cpu / command.calls, "mismatches": mismatches}


async def load(subject: Subject, command: Command) -> Measures:
    """Measure throughput and latency of a client whose connections are open."""
    async with subject.open_async(command.base_url, command.in_flight) as ask:
        await ask_at_once(ask, 2 * command.in_flight, command.in_flight)
        gc.collect()
        started, cpu = time.perf_counter(), time.process_time()
        tally = await ask_at_once(ask, command.calls, command.in_flight)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "calls_per_s": command.calls / wall,
        "late_per_s": tally.late_per_s(),
        "p50_ms": tally.percentile(50),
        "p99_ms": tally.percentile(99),
        "cpu_ms": 1000 * cpu / command.calls,
        "mismatches": tally.mismatches,
    }


async def burst(subject: Subject, command: Command) -> Measures:
    """Measure wall time of many calls at once by a client that has no connection yet."""
    async with subject.open_async(command.base_url, 1) as ask:  # warms the code up, not the connections
        await ask_at_once(ask, WARM_UP, 1)
    gc.collect()
    async with subject.open_async(command.base_url, command.calls) as ask:
        started, cpu = time.perf_counter(), time.process_time()
        tally = await ask_at_once(ask, command.calls, command.calls, command.delay)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {"wall_s": wall, "cpu_s": cpu, "mismatches": tally.mismatches}


def import_(subject: Subject, _: Command) -> Measures:
    """Measure wall time of a fresh interpreter that imports the client and constructs it."""
    command = [sys.executable, "-P", "-c", f"{subject.construct}\nimport sys; print(len(sys.modules))"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # the first run compiles
    started = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {"wall_ms": 1000 * (time.perf_counter() - started), "modules": int(done.stdout)}


def memory_sync(subject: Subject, command: Command) -> Measures:
    """Measure how memory grows from a tenth of the calls to all of them, one call after the other."""
    with subject.open_sync(command.base_url) as ask:
        ask_in_turn(ask, command.calls // 10)
        early = resident_kib()
        ask_in_turn(ask, command.calls - command.calls // 10)
        return growth(early, resident_kib())


async def memory_async(subject: Subject, command: Command) -> Measures:
    """Measure how memory grows from a tenth of the calls to all of them, many in flight."""
    early = 0.0
    batch = max(1, min(BATCH, command.calls // 10))
    async with subject.open_async(command.base_url, command.in_flight) as ask:
        for done in range(0, command.calls, batch):  # in batches, so that the tallies take no memory
            if done <= command.calls // 10:
                early = resident_kib()
            await ask_at_once(ask, min(batch, command.calls - done), command.in_flight)
        return growth(early, resident_kib())


async def streams(subject: Subject, command: Command) -> Measures:
    """Measure what a chunk costs in streams of many, and how long the first one takes from the server's hands."""
    async with subject.open_streams(command.base_url, command.in_flight) as stream:
        await read_at_once(stream, 2 * command.in_flight, command.in_flight, 100)
        gc.collect()
        started, cpu = time.perf_counter(), time.process_time()
        firsts, mismatches = await read_at_once(stream, command.calls, command.in_flight, command.chunks)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    chunks = command.calls * command.chunks
    return {
        "chunks_per_s": chunks / wall,
        "cpu_us": 1e6 * cpu / chunks,
        "first_us": sorted(firsts)[len(firsts) // 2],
        "mismatches": mismatches,
    }


async def read_at_once(stream: AsyncStream, calls: int, in_flight: int, chunks: int) -> tuple[list[float], int]:
    """Read streams, a number of them at once; return how long each one's first chunk took, and how many are wrong."""
    firsts: list[float] = []
    mismatches = 0
    numbers = iter(range(calls))

    async def work() -> None:
        nonlocal mismatches
        for number in numbers:
            question = f"stream {chunks} question {number}"
            first = last = None
            count = 0
            async for text in stream(question):
                if first is None:
                    firsts.append((time.perf_counter_ns() - int(text or 0)) / 1000)
                first, last, count = first or text, text, count + 1
            mismatches += (last, count) != (question, chunks)

    await asyncio.gather(*(work() for _ in range(in_flight)))
    return firsts, mismatches


async def memory_stream(subject: Subject, command: Command) -> Measures:
    """Measure how memory grows from a tenth of one stream's chunks to all of them."""
    early = late = 0.0
    async with subject.open_streams(command.base_url, 1) as stream:
        count = 0
        async for _ in stream(f"stream {command.chunks} question"):
            count += 1
            if count == command.chunks // 10:
                early = resident_kib()
            elif count == command.chunks - 2:
                late = resident_kib()
    return growth(early, late)


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


WORKLOADS: dict[str, Callable[[Subject, Command], Measures]] = {
    "about": about,
    "sync": sync,
    "load": lambda subject, command: asyncio.run(load(subject, command)),
    "burst": lambda subject, command: asyncio.run(burst(subject, command)),
    "import": import_,
    "memory_sync": memory_sync,
    "streams": lambda subject, command: asyncio.run(streams(subject, command)),
    "memory_stream": lambda subject, command: asyncio.run(memory_stream(subject, command)),
    "memory_async": lambda subject, command: asyncio.run(memory_async(subject, command)),
}


def serve(subject: Subject) -> None:
    """Obey commands until there are no more."""
    for line in sys.stdin:
        command = Command(**json.loads(line))
        own = subject.own_workloads.get(command.workload)
        measures = own(command) if own else WORKLOADS[command.workload](subject, command)
        print(json.dumps(measures), flush=True)
