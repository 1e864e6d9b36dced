"""What is measured: each workload with its clients, a row each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.environments import OURS, REQUIREMENTS

FAST, FASTEST = f"{OURS}[speed]", f"{OURS}[speed] on uvloop"
SYNC = ("http.client", "httpx", "httpx2", "pixigpt-0.1.5", "openai", OURS, FAST)
ASYNC = ("httpx", "httpx2", "openai", "openai-aiohttp", "aiohttp", "aiohttp-pydantic", OURS, FAST, FASTEST)
STREAM = ("httpx", "openai", "openai-aiohttp", OURS, FAST)
COLD = ("httpx", "openai", "openai-aiohttp", "aiohttp", OURS, FAST)
BELOW = ("http.client", "httpx", OURS, FAST)  # what there is to compare connections with
RUN_SECONDS = (0.1, 0.3, 1.0, 3.0)
SIZES = {"1 kB": 1_000, "100 kB": 100_000, "10 MB": 10_000_000}
IN_FLIGHT = {1: 500, 10: 1000, 100: 2000, 1000: 4000}  # and how many calls tell what one costs
IDLE = (10, 100, 300, 1000)


@dataclass(frozen=True)
class Job:
    """A row of a workload's table: who does what."""

    client: str
    command: Mapping[str, Any]


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


def each(clients: tuple[str, ...], name: str, values: Mapping[int, int], **command: object) -> dict[str, Job]:
    """Return a row for each client and value of a field, with how many calls to make."""
    return {
        f"{client}, {value}": Job(client, {**command, name: value, "calls": calls})
        for client in clients
        for value, calls in values.items()
    }


WORKLOADS = {
    "sync": Workload("one call after the other", 11, same_for(SYNC, workload="sync", calls=250), ("cpu_ms",)),
    "sync_new": Workload(
        "a new connection for each call", 3, same_for(BELOW, workload="sync", calls=300, keeps=False), ("cpu_ms",)
    ),
    "tls": Workload(
        "1,000 calls on a kept TLS connection",
        3,
        same_for(BELOW, workload="sync", calls=1000, is_tls=True),
        ("cpu_ms",),
    ),
    "tls_new": Workload(
        "a new TLS connection for each call",
        3,
        same_for(BELOW, workload="sync", calls=100, is_tls=True, keeps=False),
        ("cpu_ms",),
    ),
    **{
        f"request_{name.replace(' ', '_')}": Workload(
            f"a request of {name}",
            3,
            same_for(BELOW, workload="request_body", calls=200 if size < 10**6 else 5, size=size),
            ("cpu_ms",),
        )
        for name, size in SIZES.items()
    },
    "response_10_MB": Workload(
        "a response of 10 MB: the embeddings of 500 texts",
        3,
        same_for(("httpx", "httpx2", OURS, FAST), workload="large_response", calls=2),
        ("cpu_ms", "peak_bodies"),
    ),
    "response_10_MB_async": Workload(
        "the same by the async client",
        3,
        same_for(("httpx", "httpx2", OURS, FAST), workload="large_response_async", calls=2),
        ("cpu_ms", "peak_bodies"),
    ),
    "async_100": Workload(
        "100 in flight",
        3,
        same_for(ASYNC, workload="load", calls=2000, in_flight=100),
        ("calls_per_s", "late_per_s", "p50_ms", "p99_ms", "cpu_ms"),
    ),
    "async_1000": Workload(
        "1,000 calls at once by a new client, each answered after 1 s",
        3,
        same_for(COLD, workload="burst", calls=1000, in_flight=1000, delay=1.0),
        ("wall_s", "cpu_s"),
    ),
    "stream": Workload(
        "one stream after the other, of 5,000 chunks each",
        5,
        same_for(STREAM, workload="streams", calls=4, chunks=5000, in_flight=1),
        ("chunks_per_s", "cpu_us", "first_us"),
    ),
    "stream_100": Workload(
        "100 streams at once, of 200 chunks each",
        3,
        same_for(STREAM, workload="streams", calls=100, chunks=200, in_flight=100),
        ("chunks_per_s", "cpu_us"),
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
    "in_flight": Workload(
        "CPU time of a call, by how many are in flight",
        3,
        each(("aiohttp", OURS, FAST), "in_flight", IN_FLIGHT, workload="load", idle=1000),  # which are kept
    ),
    "idle": Workload(
        "CPU time of a call, by how many connections are idle",
        3,
        each(("httpx", OURS), "idle", dict.fromkeys(IDLE, 200), workload="idle"),
    ),
    "import": Workload(
        "a fresh interpreter imports and constructs a client",
        7,
        same_for(SYNC[1:-1], workload="import"),
        ("wall_ms", "modules"),
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
    "idle_memory": Workload(
        "memory of an idle connection",
        1,  # for another round would use again what this one has left
        same_for(("httpx", "aiohttp", OURS), workload="idle_connections", idle=500),
    ),
}

CLIENTS = tuple(REQUIREMENTS)
