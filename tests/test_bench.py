"""`make bench` compares like with like, and tells targets met from targets missed."""

import asyncio
import json

import pytest

from pixigpt_api.models import EmbeddingList
from scripts.bench.growth import plot_growth
from scripts.bench.report import Target, number, ratio, table, verdict
from scripts.bench.server import EMBEDDINGS, STREAM_END, Answering, delay_of, echoed, event, last_content, run_at
from scripts.environments import clean_environment

ROUNDS = {"httpx": {"cpu_ms": [1.0, 2.0, 4.0]}, "pixigpt": {"cpu_ms": [2.0, 2.0, 6.0]}}


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


def test_the_bench_compares_round_by_round() -> None:
    assert ratio(ROUNDS, "httpx", "cpu_ms") == 1.5  # not the ratio of the medians
    assert ratio(ROUNDS, "openai", "cpu_ms") is None
    assert table(ROUNDS, ["cpu_ms"]) == [
        "         cpu_ms  ours/it",
        "httpx         2     1.50",
        "pixigpt       2     1.00",
    ]
    alone = {"httpx": {"wall_s": [1.5, 1.5, 9.5], "mismatches": [0.0, 0.0, 1.0]}}
    assert table(alone, ["wall_s"])[1] == "httpx    1.50                    1"
    assert [number(value) for value in (1234.5, 12.34, 1.234, 0.1234, 3.0)] == ["1,234", "12.3", "1.23", "0.123", "3"]


def test_the_bench_tells_targets_met_and_missed() -> None:
    figures = {"sync": ROUNDS, "memory": {"sync": {"growth_kib": [1.0]}, "async": {"growth_kib": [3.0]}}}
    targets = [
        Target("sync", "cpu_ms", 1.5, "httpx"),
        Target("sync", "cpu_ms", 4, "httpx", is_least=True),
        Target("sync", "cpu_ms", 1),
        Target("memory", "growth_kib", 2),
        Target("import", "wall_ms", 1.4, "httpx"),
        Target("sync", "cpu_ms", 1, "pixigpt", ours="httpx"),
    ]
    assert [verdict(target, target.value(figures)) for target in targets] == [
        "PASS  sync: cpu_ms <= 1.5x httpx: 1.50",
        "miss  sync: cpu_ms >= 4x httpx: 1.50",
        "miss  sync: cpu_ms <= 1: 2",
        "miss  memory: growth_kib <= 2: 3",
        "  --  import: wall_ms <= 1.4x httpx: not measured",
        "PASS  httpx, sync: cpu_ms <= 1x pixigpt: 0.667",
    ]


def test_the_bench_gives_all_baselines_the_same_environment() -> None:
    given = {"PATH": "/bin", "https_proxy": "http://proxy", "PYTHONDONTWRITEBYTECODE": "1", "OPENAI_API_KEY": "sk"}
    assert clean_environment(given) == {"PATH": "/bin"}


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_the_benchs_server_reads_the_last_question(separators: tuple[str, str]) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"content": "delay 0.5 question 7", "role": "user"}]
    body = json.dumps({"messages": messages, "model": "bench"}, separators=separators).encode()
    assert last_content(body) == b"delay 0.5 question 7"
    assert (delay_of(last_content(body)), delay_of(b"question 7")) == (0.5, 0.0)
    assert last_content(b"") == b""
    assert echoed(b"question 7 " + b"x" * 1000) == b"question 7"


def test_the_benchs_vectors_are_10_mb_of_embeddings() -> None:
    decoded = EmbeddingList.from_dict(json.loads(EMBEDDINGS))
    assert [len(each.embedding) for each in decoded.data] == [1024] * 500
    assert 9e6 < len(EMBEDDINGS) < 13e6


def test_the_growth_of_each_client_is_a_line() -> None:
    medians = {"idle": {"httpx, 10": {"cpu_ms": 1.0}, "httpx, 100": {"cpu_ms": 4.0}, "pixigpt, 10": {"cpu_ms": 1.0}}}
    drawn = plot_growth(medians)
    assert drawn.count('fill="none"') == 2
    assert "idle connections" in drawn
    assert "in flight" not in drawn


def test_the_benchs_server_streams_each_chunk_in_an_http_chunk() -> None:
    size, _, rest = event("a").partition(b"\r\n")
    assert len(rest) == int(size, 16) + 2
    assert json.loads(rest.removeprefix(b"data: "))["choices"][0]["delta"]["content"] == "a"
    transport = Transport()
    answering = Answering()
    answering.transport = transport
    answering.stream(b"stream 40 question", 40)
    head, _, body = b"".join(transport.written).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body.count(b"data: {") == 40
    assert body.rindex(b"stream 40 question") < body.rindex(b"[DONE]")
    assert body.endswith(STREAM_END)


def test_the_benchs_server_counts_the_polls_of_a_run() -> None:
    begun, quick = run_at("/v1/threads/60/runs"), run_at("/v1/threads/0/runs")
    polled = [run_at(f"/v1/threads/60/runs/{begun['id']}") for _ in range(2)]
    assert [run["polls"] for run in (begun, *polled)] == [0, 1, 2]
    assert (polled[1]["id"], polled[1]["status"], quick["status"]) == (begun["id"], "in_progress", "completed")
