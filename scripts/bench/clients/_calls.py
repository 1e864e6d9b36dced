"""What a call costs: CPU and wall time of calls in turn, of calls at once, and of a new client's first ones."""

import asyncio
import gc
import time
from dataclasses import dataclass, field

from _subject import Ask, AsyncAsk, Command, Measures, Subject

WARM_UP = 100


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


def ask_in_turn(ask: Ask, calls: int, size: int = 0) -> int:
    """Ask one question after the other, each padded to a size; how many answers did not match."""
    mismatches = 0
    for number in range(calls):
        text = f"question {number}"
        mismatches += ask(f"{text} {'x' * size}" if size else text) != text
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


def sync(subject: Subject, command: Command) -> Measures:
    """Measure CPU time of one synchronous call."""
    with subject.open_sync(command) as ask:
        return cpu_in_turn(ask, command)


def cpu_in_turn(ask: Ask, command: Command) -> Measures:
    """Measure CPU time of one question, asked one after the other."""
    ask_in_turn(ask, min(WARM_UP, command.calls), command.size)
    gc.collect()
    started = time.process_time()
    mismatches = ask_in_turn(ask, command.calls, command.size)
    cpu = time.process_time() - started
    return {"cpu_ms": 1000 * cpu / command.calls, "mismatches": mismatches}


async def load(subject: Subject, command: Command) -> Measures:
    """Measure throughput and latency of a client whose connections are open."""
    async with subject.open_async(command) as ask:
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
    async with subject.open_async(command) as ask:  # warms the code up, not the connections
        await ask_at_once(ask, WARM_UP, 1)
    gc.collect()
    async with subject.open_async(command) as ask:
        started, cpu = time.perf_counter(), time.process_time()
        tally = await ask_at_once(ask, command.calls, command.calls, command.delay)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {"wall_s": wall, "cpu_s": cpu, "mismatches": tally.mismatches}


async def idle(subject: Subject, command: Command) -> Measures:
    """Measure CPU time of one call while many connections are idle."""
    async with subject.open_async(command) as ask:
        await ask_at_once(ask, command.idle, command.idle, delay=0.5)
        gc.collect()
        cpu = time.process_time()
        tally = await ask_at_once(ask, command.calls, 1)
        cpu = time.process_time() - cpu
    return {"cpu_ms": 1000 * cpu / command.calls, "mismatches": tally.mismatches}
