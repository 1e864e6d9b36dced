"""A program that runs a batch, and prints its summary as JSON: what the tests of `make test-bulk` kill."""

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import anyio

from pixigpt import AsyncClient, Client
from pixigpt.bulk import BatchProgress, BatchSummary


def main(variant: str, api_key: str, base_url: str, options: dict[str, Any]) -> None:
    """Run the batch."""
    if file_size := options.pop("file_size", None):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    if stop_after := options.pop("stop_after", None):
        options["on_progress"] = lambda progress: leave(progress, stop_after)
    summary = (
        run_sync(api_key, base_url, options) if variant == "sync" else run_async(variant, api_key, base_url, options)
    )
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    told = {name: getattr(summary, name) for name in ("total", "done", "failed", "skipped", "is_interrupted")}
    print(json.dumps({**told, "peak_memory": 1024 * int(peak.split()[1])}))


def leave(progress: BatchProgress, after: int) -> None:
    """End the program once some items are done."""
    if progress.done >= after:
        sys.exit()


def run_sync(api_key: str, base_url: str, options: dict[str, Any]) -> BatchSummary:
    """Run it with the sync client."""
    with Client(api_key, base_url) as client:
        return client.run_batch("in.jsonl", "out.jsonl", **options)


def run_async(backend: str, api_key: str, base_url: str, options: dict[str, Any]) -> BatchSummary:
    """Run it with the async client."""

    async def run() -> BatchSummary:
        async with AsyncClient(api_key, base_url) as client:
            return await client.run_batch("in.jsonl", "out.jsonl", **options)

    return anyio.run(run, backend=backend)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))
