"""What this SDK sets itself to reach, of what is measured."""

from scripts.bench.report import Target
from scripts.bench.workloads import FAST

TARGETS = [
    Target("sync", "cpu_ms", 0.6, "httpx"),
    Target("sync", "cpu_ms", 0.22, "openai"),
    Target("sync", "cpu_ms", 0.45, "httpx", ours=FAST),
    Target("sync_new", "cpu_ms", 0.6, "httpx"),
    Target("tls", "cpu_ms", 0.6, "httpx"),
    Target("tls_new", "cpu_ms", 0.6, "httpx"),
    Target("request_1_kB", "cpu_ms", 0.6, "httpx"),
    Target("request_100_kB", "copies", 2.5),
    Target("request_10_MB", "copies", 2.1),
    Target("response_10_MB", "cpu_ms", 1.3, "httpx"),
    Target("response_10_MB", "peak_bodies", 4.0),
    Target("response_10_MB_async", "cpu_ms", 1.3, "httpx"),
    Target("response_10_MB_async", "peak_bodies", 4.0),
    Target("async_100", "calls_per_s", 0.48, "aiohttp", is_least=True),
    Target("async_100", "calls_per_s", 0.7, "aiohttp", is_least=True, ours=FAST),
    Target("async_100", "calls_per_s", 3.8, "openai-aiohttp", is_least=True),
    Target("async_100", "p99_ms", 2.0, "aiohttp"),
    Target("async_1000", "wall_s", 1.4),
    Target("async_1000", "mismatches", 0),
    Target("stream", "chunks_per_s", 3.0, "openai", is_least=True),
    Target("stream", "cpu_us", 1.5, "httpx"),
    Target("stream_100", "chunks_per_s", 3.0, "openai", is_least=True),
    Target("stream_100", "cpu_us", 1.5, "httpx"),
    Target("import", "wall_ms", 1.2, "httpx"),
    Target("import", "modules", 324),
    Target("wait_for_run", "lag_share", 1.0),
    Target("wait_for_run", "polls", 16),
    Target("memory", "growth_kib", 2048),
    Target("idle_memory", "kib", 40),
]
