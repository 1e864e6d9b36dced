"""What a stream costs: each chunk of long ones, and how long the first one takes."""

import asyncio
import gc
import time

from _subject import AsyncStream, Command, Measures, Subject


async def streams(subject: Subject, command: Command) -> Measures:
    """Measure what a chunk costs in streams of many, and how long the first one takes from the server's hands."""
    async with subject.open_streams(command) as stream:
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
