"""What is measured: each workload with its clients, and the targets that this SDK sets itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.bench.report import Target
from scripts.environments import OURS, REQUIREMENTS

SYNC_CLIENTS = ("httpx", "pixigpt-0.1.5", "openai", OURS)
ASYNC_CLIENTS = ("httpx", "openai", "openai-aiohttp", "aiohttp", OURS)
STREAM_CLIENTS = ("httpx", "openai", "openai-aiohttp", OURS)
RUN_SECONDS = (0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True)
class Job:
    """A row of a workload's table: who does what."""

    client: str
    command: Mapping[str, object]


@dataclass(frozen=True)
class Workload:
    """One kind of work, and which of its measures are compared with the clients'."""

    title: str
    rounds: int
    jobs: Mapping[str, Job]
    compared: tuple[str, ...] = ()


def same_for(clients: tuple[str, ...], **command: object) -> dict[str, Job]:
    """Return the same command for each client."""
    return {client: Job(client, command) for client in clients}


WORKLOADS = {
    "sync": Workload(
        "one call after the other", 5, same_for(SYNC_CLIENTS, workload="sync", calls=500), compared=("cpu_ms",)
    ),
    "async_100": Workload(
        "100 in flight",
        3,
        same_for(ASYNC_CLIENTS, workload="load", calls=2000, in_flight=100),
        compared=("calls_per_s", "late_per_s", "p50_ms", "p99_ms", "cpu_ms"),
    ),
    "async_1000": Workload(
        "1,000 calls at once by a new client, each answered after 1 s",
        3,
        same_for(ASYNC_CLIENTS, workload="burst", calls=1000, delay=1.0),
        compared=("wall_s", "cpu_s"),
    ),
    "stream": Workload(
        "one stream after the other, of 5,000 chunks each",
        5,
        same_for(STREAM_CLIENTS, workload="streams", calls=4, chunks=5000, in_flight=1),
        compared=("chunks_per_s", "cpu_us", "first_us"),
    ),
    "stream_100": Workload(
        "100 streams at once, of 200 chunks each",
        3,
        same_for(STREAM_CLIENTS, workload="streams", calls=100, chunks=200, in_flight=100),
        compared=("chunks_per_s", "cpu_us"),
    ),
    "middleware": Workload(
        "one call after the other, with so much middleware",
        5,
        {name: Job(OURS, {"workload": f"middleware_{name}", "calls": 500}) for name in ("none", "one", "five")},
    ),
    "tools": Workload(
        "a chat completion that calls a tool, and the one with its result: by run_tools, and by hand",
        5,
        {name: Job(OURS, {"workload": f"tools_{name}", "calls": 500}) for name in ("by_hand", "run_tools")},
    ),
    "import": Workload(
        "a fresh interpreter imports and constructs a client",
        7,
        same_for(SYNC_CLIENTS, workload="import"),
        compared=("wall_ms", "modules"),
    ),
    "wait_for_run": Workload(
        "how late wait_for_run returns, 20 runs at once",
        1,
        {
            f"{kind}, {seconds:g} s": Job(OURS, {"workload": f"wait_{kind}", "seconds": seconds, "in_flight": 20})
            for kind in ("sync", "async")
            for seconds in RUN_SECONDS
        },
    ),
    "memory": Workload(
        "resident memory after a tenth of the calls, or of a stream's chunks, and after all; async with 100 in flight",
        1,
        {
            **{
                kind: Job(OURS, {"workload": f"memory_{kind}", "calls": 50_000, "in_flight": 100})
                for kind in ("sync", "async")
            },
            "stream": Job(OURS, {"workload": "memory_stream", "chunks": 100_000}),
        },
    ),
}

TARGETS = [
    Target("sync", "cpu_ms", 1.25, "httpx"),
    Target("sync", "cpu_ms", 0.8, "pixigpt-0.1.5"),
    Target("sync", "cpu_ms", 0.5, "openai"),
    Target("async_100", "calls_per_s", 4.0, "httpx", is_least=True),
    Target("async_100", "calls_per_s", 2.0, "openai", is_least=True),
    Target("async_100", "p99_ms", 0.15, "httpx"),
    Target("async_1000", "wall_s", 2.0),
    Target("async_1000", "wall_s", 0.5, "openai"),
    Target("async_1000", "mismatches", 0),
    Target("stream", "chunks_per_s", 3.0, "openai", is_least=True),
    Target("stream", "cpu_us", 1.5, "httpx"),
    Target("stream_100", "chunks_per_s", 3.0, "openai", is_least=True),
    Target("stream_100", "cpu_us", 1.5, "httpx"),
    Target("import", "wall_ms", 1.4, "httpx"),
    Target("import", "modules", 329),
    Target("wait_for_run", "lag_share", 1.0),
    Target("wait_for_run", "polls", 16),
    Target("memory", "growth_kib", 2048),
]

CLIENTS = tuple(REQUIREMENTS)
