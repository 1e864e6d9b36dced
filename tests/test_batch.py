"""A batch from file to file: what it reads, what it writes, what it refuses, and that its output is its checkpoint."""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from pixigpt import AsyncClient, AuthenticationError, Client, Tool
from pixigpt.bulk import BatchProgress, BatchSummary
from pixigpt.bulk._checkpoint import Checkpoint
from pixigpt.bulk._interrupt import Interruption
from pixigpt.bulk._template import Template
from pixigpt.testing import LocalServer
from pixigpt_api.models import FunctionDefinition

Line = Mapping[str, Any]

pyarrow: Any = import_module("pyarrow")
parquet: Any = import_module("pyarrow.parquet")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_lines(path: str, *lines: object) -> str:
    Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def prompts(*names: str) -> list[Line]:
    return [{"id": name, "prompt": f"say {name}"} for name in names]


def lines(path: str = "out.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def answers(path: str = "out.jsonl") -> dict[str, str | None]:
    """Return the text of each id's last line; None for a failure."""
    found = {line["id"]: line.get("response") for line in lines(path)[1:]}
    return {name: response and response["choices"][0]["message"]["content"] for name, response in found.items()}


def keys(server: LocalServer) -> list[str]:
    return [request.headers["idempotency-key"] for request in server.requests]


def test_the_output_is_a_header_and_a_line_for_each_item(client: Client) -> None:
    write_lines("in.jsonl", *prompts("a", "b"))
    told: list[BatchProgress] = []
    summary = client.run_batch("in.jsonl", Path("out.jsonl"), price=(2.0, 10.0), on_progress=told.append)
    assert isinstance(summary, BatchSummary)
    assert (summary.total, summary.done, summary.failed, summary.skipped) == (2, 2, 0, 0)
    header, *items = lines()
    assert header.keys() == {"pixigpt_batch", "fingerprint"}
    assert header["pixigpt_batch"] == 1
    assert sorted(line["index"] for line in items) == [0, 1]
    assert answers() == {"a": "You said: say a", "b": "You said: say b"}
    assert all(line.keys() == {"id", "index", "response", "usage"} for line in items)
    assert summary.usage.total_tokens == sum(line["usage"]["total_tokens"] for line in items)
    cost = 2.0 * summary.usage.prompt_tokens + 10.0 * summary.usage.completion_tokens
    assert summary.cost == pytest.approx(cost / 1e6)
    assert [(each.done, each.total, each.left) for each in told] == [(0, 2, 2), (1, 2, 1), (2, 2, 0)]
    assert summary.rate == pytest.approx(2 / summary.elapsed)
    assert told[0].rate >= 0.0


def test_started_again_it_skips_what_is_there_and_repeats_failures_with_the_same_key(
    client: Client, server: LocalServer
) -> None:
    write_lines("in.jsonl", *prompts("a", "b", "c"))
    server.fail("/chat/completions", status=400)
    first = client.run_batch("in.jsonl", "out.jsonl", concurrency=1)
    assert (first.done, first.failed) == (2, 1)
    assert lines()[1]["error"].items() >= {"type": "BadRequestError", "status_code": 400, "attempts": 1}.items()
    assert lines()[1]["usage"] is None
    write_lines("in.jsonl", *prompts("a", "b", "c", "d"))  # it may grow
    second = client.run_batch("in.jsonl", "out.jsonl", concurrency=1)
    assert (second.total, second.done, second.failed, second.skipped) == (4, 2, 0, 2)
    assert answers() == {name: f"You said: say {name}" for name in "abcd"}
    assert keys(server)[3] == keys(server)[0]
    assert len(set(keys(server))) == 4
    third = client.run_batch("in.jsonl", "out.jsonl")
    assert (third.done, third.skipped, third.rate, len(server.requests)) == (0, 4, 0.0, 5)


@pytest.mark.parametrize("torn", ['{"id": "b", "ind', '{"id": "b", "response": 5}', '{"pixi'])
def test_a_torn_last_line_is_cut_off(client: Client, torn: str) -> None:
    write_lines("in.jsonl", *prompts("a"))
    client.run_batch("in.jsonl", "out.jsonl")
    whole = Path("out.jsonl").read_text()
    Path("out.jsonl").write_text(whole[:5] if torn == '{"pixi' else whole + torn)
    write_lines("in.jsonl", *prompts("a", "b"))
    client.run_batch("in.jsonl", "out.jsonl")
    assert answers() == {"a": "You said: say a", "b": "You said: say b"}


def test_a_long_torn_line_is_cut_off() -> None:
    with Checkpoint("out.jsonl", "f", resume=True) as checkpoint:
        checkpoint.append({"id": "a", "response": {}})
    whole = Path("out.jsonl").read_bytes()
    Path("out.jsonl").write_bytes(whole + b"x" * 200_000)
    with Checkpoint("out.jsonl", "f", resume=True) as checkpoint:
        assert list(checkpoint.items()) == [("a", True)]
    assert Path("out.jsonl").read_bytes() == whole


CONVERSATION = [{"role": "system", "content": "Brief."}, {"role": "user", "content": "Hi"}]
JSONL: list[tuple[Line, dict[str, Any], dict[str, Any]]] = [
    ({"id": "a", "prompt": "Hi"}, {"system": "Brief."}, {"messages": CONVERSATION}),
    ({"id": 7, "messages": CONVERSATION, "temperature": 1.5}, {"temperature": 0.5}, {"temperature": 1.5}),
    (
        {
            "custom_id": "a",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "m", "messages": CONVERSATION},
        },
        {},
        {"model": "m", "messages": CONVERSATION},
    ),
    (
        {"custom_id": "a", "body": {"messages": CONVERSATION, "max_completion_tokens": 9, "stream": False}},
        {},
        {"max_tokens": 9, "messages": CONVERSATION},
    ),
    (
        {"id": "a", "question": "Hi", "n": 2},
        {"prompt_column": "question", "system": "Brief."},
        {"messages": CONVERSATION},
    ),
    (
        {"key": "a", "text": "H", "n": 1},
        {"id_column": "key", "template": "{text}i", "system": "Brief."},
        {"messages": CONVERSATION},
    ),
    ({"key": "a", "prompt": "Hi"}, {"id_column": "key", "system": "Brief."}, {"messages": CONVERSATION}),
]


@pytest.mark.parametrize(("line", "options", "sent"), JSONL)
def test_the_lines_of_jsonl_may_have_several_forms(
    client: Client, server: LocalServer, line: Line, options: dict[str, Any], sent: dict[str, Any]
) -> None:
    Path("in.jsonl").write_text("\ufeff\n\ufeff" + json.dumps(line) + "\n\n")
    summary = client.run_batch("in.jsonl", "out.jsonl", **options)
    assert (summary.done, list(answers())) == (1, [str(line.get("id", line.get("custom_id", "a")))])
    (request,) = server.requests
    assert isinstance(request.body, dict)
    assert request.body.items() >= sent.items()


def test_a_lines_extra_fields_are_added_to_the_clients(client: Client, server: LocalServer) -> None:
    write_lines("in.jsonl", {"custom_id": "a", "body": {"model": "m", "messages": CONVERSATION}})
    client.with_options(extra_body={"top_p": 0.5}).run_batch("in.jsonl", "out.jsonl")
    assert isinstance(server.requests[0].body, dict)
    assert server.requests[0].body.items() >= {"top_p": 0.5, "model": "m"}.items()


def test_csv_rows_are_prompts_by_column_or_template(client: Client) -> None:
    with Path("in.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["word", "language"], ['a "b",\nc', "French"], ["x" * 140_000, "Greek"]])
    client.run_batch("in.csv", "out.jsonl", template="{word} in {language}, {{please}}")
    assert answers() == {
        "0": 'You said: a "b",\nc in French, {please}',
        "1": f"You said: {'x' * 140_000} in Greek, {{please}}",
    }
    client.run_batch("in.csv", "named.jsonl", prompt_column="word", id_column="language", template="{prompt}!")
    Path("numbers.csv").write_text("0,00\na,b\n")
    client.run_batch("numbers.csv", "numbers.jsonl", template="{0} {00:>2}")
    assert answers("numbers.jsonl") == {"0": "You said: a  b"}
    assert answers("named.jsonl") == {"French": 'You said: a "b",\nc!', "Greek": f"You said: {'x' * 140_000}!"}


def test_parquet_rows_are_prompts_or_conversations(client: Client) -> None:
    table = pyarrow.table({"prompt": [f"p{number}" for number in range(2000)], "other": range(2000)})
    parquet.write_table(table.slice(0, 3), "in.parquet", row_group_size=2)
    client.run_batch("in.parquet", "out.jsonl")
    assert answers() == {"0": "You said: p0", "1": "You said: p1", "2": "You said: p2"}
    asked = {"messages": [CONVERSATION, None], "prompt": [None, "p"], "temperature": [None, 0.5], "key": [5, 6]}
    parquet.write_table(pyarrow.table(asked), "in.parquet")
    client.run_batch("in.parquet", "chats.jsonl", id_column="key")
    assert answers("chats.jsonl") == {"5": "You said: Hi", "6": "You said: p"}


def test_without_pyarrow_a_parquet_file_says_what_to_install(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"pixigpt\[parquet\]"):
        client.run_batch("in.parquet", "out.jsonl")


BAD_INPUTS: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "in.jsonl",
        '{"id": "a", "prompt": "x"}\n\n{"id": "a", "prompt": "y"}\n',
        {},
        "line 3: the id 'a' is there twice: line 1",
    ),
    ("in.jsonl", '{"prompt": "x"}\n', {}, "line 1: it has no 'id'"),
    ("in.jsonl", '{"id": "a", "prompt": "x"}\n', {"id_column": "key"}, "line 1: it has no 'key'"),
    ("in.jsonl", '{"id": null, "prompt": "x"}\n', {}, "line 1: it has no 'id'"),
    ("in.jsonl", '{"id": true, "prompt": "x"}\n', {}, "line 1: an id must be"),
    ("in.jsonl", '{"id": "a"}\n', {}, "line 1: it needs either a prompt or messages"),
    ("in.jsonl", '{"id": "a", "prompt": "x"}\n{"id": "b", "pro', {}, "line 2 is not JSON"),
    ("in.jsonl", "[]\n", {}, "line 1 must be a JSON object"),
    ("in.parquet", "[]\n", {}, "in.parquet is not Parquet: "),
    ("in.jsonl", '{"id": "a", "messages": [{"content": "x"}]}\n', {}, "line 1: messages"),
    ("in.jsonl", '{"id": "a", "messages": "x"}\n', {"system": "s"}, "line 1: messages must be a list"),
    ("in.jsonl", '{"id": "a", "prompt": "\\ud800"}\n', {}, "line 1: a prompt must be a text that UTF-8 can hold"),
    ("in.jsonl", '{"id": "a", "prompt": "x", "temperature": NaN}\n', {}, "line 1: an argument cannot be sent"),
    (
        "in.jsonl",
        '{"custom_id": "a", "body": {"messages": [{"role": "user", "content": "x"}], "top_p": NaN}}\n',
        {},
        "line 1: an argument cannot be sent",
    ),
    ("in.jsonl", '{"id": "a", "prompt": "x", "temperature": "hot"}\n', {}, "line 1: .*temperature"),
    ("in.jsonl", '{"id": "a", "prompt": "x"}\n', {"prompt_column": "text"}, "line 1: it has no 'text'"),
    ("in.jsonl", '{"id": "a", "text": 5}\n', {"prompt_column": "text"}, "line 1: 'text' must be a text"),
    ("in.jsonl", '{"id": "a", "text": "x"}\n', {"template": "{word}"}, "line 1: template: there is no column 'word'"),
    ("in.jsonl", '{"id": "a", "text": null}\n', {"prompt_column": "text"}, "line 1: its 'text' is null"),
    ("in.jsonl", '{"id": "a", "text": null}\n', {"template": "{text}"}, "line 1: template: the column 'text' is null"),
    ("in.jsonl", '{"body": {}}\n', {}, "line 1: it has no 'custom_id'"),
    ("in.jsonl", '{"custom_id": "a", "body": []}\n', {}, "line 1: a line with a custom_id has"),
    ("in.jsonl", '{"custom_id": "a", "url": "/v1/embeddings", "body": {}}\n', {}, "line 1: only POST /v1/chat"),
    ("in.jsonl", '{"custom_id": "a", "body": {"stream": true}}\n', {}, "line 1: a batch cannot stream"),
    ("in.csv", "prompt\nx\ny,z\n", {}, "line 3 has more fields"),
    ("in.csv", "prompt,other\nx,1\n", {"id_column": "key"}, "line 2: it has no 'key'"),
    ("in.csv", 'prompt\n"x', {}, "in.csv, line 2 is malformed"),
    ("in.csv", "prompt\n\udcff\n", {}, "in.csv is not UTF-8: .*0xff"),
    ("in.csv", "text\nx\n", {}, "line 2: it has no 'prompt'; its columns are 'text'"),
    ("in.txt", "x", {}, "input must end in .jsonl"),
]


@pytest.mark.parametrize(("path", "content", "options", "text"), BAD_INPUTS)
def test_a_bad_input_is_a_value_error_before_anything_is_sent(
    path: str, content: str, options: dict[str, Any], text: str
) -> None:
    Path(path).write_text(content, "utf-8", "surrogateescape")
    with Client("sk-test", "http://127.0.0.1:1/v1") as client, pytest.raises(ValueError, match=text):
        client.run_batch(path, "out.jsonl", **options)
    assert not Path("out.jsonl").exists()


BAD_ARGUMENTS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"model": "m"}, TypeError, r"run_batch\(\) got an unexpected keyword argument 'model': pass assistant_id"),
    ({"temperature": "hot"}, TypeError, "temperature"),
    ({"concurrency": 0}, ValueError, "concurrency"),
    ({"prompt_column": ""}, ValueError, "prompt_column must not be empty"),
    ({"id_column": 5}, TypeError, "id_column must be the name of a column"),
    ({"price": 5}, TypeError, "price must be two numbers"),
    ({"price": (1, -1)}, ValueError, "price must be at least 0"),
    ({"template": 5}, TypeError, "template must be a str"),
    ({"template": "{"}, ValueError, "template is malformed"),
    ({"template": "{a.b}"}, ValueError, "template: {a.b} must be {column}"),
    ({"template": "{a:{b}}"}, ValueError, "template: {a:{b}} must be {column}"),
    ({"template": "{}"}, ValueError, "template: {} must be {column}"),
]


@pytest.mark.parametrize(("options", "error", "text"), BAD_ARGUMENTS)
def test_a_bad_argument_is_refused_before_a_file_is_made(
    options: dict[str, Any], error: type[Exception], text: str
) -> None:
    write_lines("in.jsonl", *prompts("a"))
    with Client("sk-test", "http://127.0.0.1:1/v1") as client, pytest.raises(error, match=text):
        client.run_batch("in.jsonl", "out.jsonl", **options)
    assert not Path("out.jsonl").exists()


def make_others(client: Client) -> None:
    client.run_batch("in.jsonl", "out.jsonl", temperature=0.1)


def make_version_2(_: Client) -> None:
    write_lines("out.jsonl", {"pixigpt_batch": 2, "fingerprint": "f"})


def make_copy(_: Client) -> None:
    Path("out.jsonl").hardlink_to("in.jsonl")


def make_other_lines(_: Client) -> None:
    write_lines("out.jsonl", *prompts("a"))


def make_broken(client: Client) -> None:
    client.run_batch("in.jsonl", "out.jsonl")
    with Path("out.jsonl").open("a") as file:
        file.write("{}\n")


def make_broken_json(client: Client) -> None:
    client.run_batch("in.jsonl", "out.jsonl")
    with Path("out.jsonl").open("a") as file:
        file.write("{oops\n")


def make_text(_: Client) -> None:
    Path("out.jsonl").write_text("a letter")


def make_folder(_: Client) -> None:
    Path("out.jsonl").mkdir()


def make_pipe(_: Client) -> None:
    os.mkfifo("out.jsonl")


BAD_OUTPUTS: list[tuple[Callable[[Client], None], dict[str, Any], type[Exception], str]] = [
    (make_others, {}, ValueError, "its fingerprint is [0-9a-f-]{36}, this batch's is [0-9a-f-]{36}"),
    (make_others, {"temperature": 0.1, "resume": False}, FileExistsError, "the output exists; .*'out.jsonl'"),
    (make_version_2, {}, ValueError, "is of version 2"),
    (make_copy, {}, ValueError, "input and output are the same file"),
    (make_other_lines, {}, ValueError, "is not the output of a batch: its first line is not a header"),
    (make_broken, {}, ValueError, "line 3 is not a line of a batch's output"),
    (make_broken_json, {}, ValueError, "line 3 is not a line of a batch's output"),
    (make_text, {}, ValueError, "is not the output of a batch"),
    (make_folder, {}, IsADirectoryError, "out.jsonl"),
    (make_pipe, {}, ValueError, "output must be a regular file"),
]


@pytest.mark.parametrize(("make", "options", "error", "text"), BAD_OUTPUTS)
def test_an_output_that_is_not_this_batchs_is_left_as_it_is(
    server: LocalServer, make: Callable[[Client], None], options: dict[str, Any], error: type[Exception], text: str
) -> None:
    write_lines("in.jsonl", *prompts("a"))
    with Client(server.api_key, server.base_url) as client:
        make(client)
        before = Path("out.jsonl").read_bytes() if Path("out.jsonl").is_file() else None
        server.reset()
        with pytest.raises(error, match=text):
            client.run_batch("in.jsonl", "out.jsonl", **options)
    assert server.requests == []
    assert before is None or Path("out.jsonl").read_bytes() == before


def test_a_bad_input_leaves_an_output_that_was_there(client: Client) -> None:
    write_lines("in.jsonl", *prompts("a"))
    client.run_batch("in.jsonl", "out.jsonl")
    write_lines("in.jsonl", *prompts("a", "a"))
    Path("empty.jsonl").touch()
    Path("link.jsonl").symlink_to("target.jsonl")
    for output in ("out.jsonl", "empty.jsonl", "link.jsonl"):
        with pytest.raises(ValueError, match="there twice"):
            client.run_batch("in.jsonl", output)
    assert answers() == {"a": "You said: say a"}
    assert Path("empty.jsonl").read_bytes() == b""
    assert Path("link.jsonl").is_symlink()
    assert not Path("target.jsonl").exists()


def test_an_input_that_cannot_be_read_twice_or_at_all_is_refused(client: Client) -> None:
    os.mkfifo("in.jsonl")
    with pytest.raises(ValueError, match="input must be a regular file"):
        client.run_batch("in.jsonl", "out.jsonl")
    with pytest.raises(FileNotFoundError, match=r"none\.jsonl"):
        client.run_batch("none.jsonl", "out.jsonl")
    write_lines("lines.jsonl")
    with pytest.raises(ValueError, match="the same file"):
        client.run_batch("lines.jsonl", "lines.jsonl")
    assert Path("lines.jsonl").read_bytes() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock, as the guide says")
def test_a_second_batch_on_one_output_is_refused(client: Client) -> None:
    write_lines("in.jsonl", *prompts("a"))
    with (
        Checkpoint("out.jsonl", "f", resume=True),
        pytest.raises(RuntimeError, match=r"another batch is writing to .*out"),
    ):
        client.run_batch("in.jsonl", "out.jsonl")
    Path("out.jsonl").unlink()
    assert client.run_batch("in.jsonl", "out.jsonl").done == 1


def test_what_a_full_disk_takes_in_part_is_cut_off(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lines("in.jsonl", *prompts(*"abcdefgh"))
    write, room = os.write, [900]

    def write_until_full(file: int, data: bytes) -> int:
        taken = min(len(data), room[0])
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        room[0] -= taken
        return write(file, data[:taken])

    with monkeypatch.context() as patch:
        patch.setattr("pixigpt.bulk._checkpoint.os.write", write_until_full)
        with pytest.raises(OSError, match="No space left on device; what is in the output is complete") as raised:
            client.run_batch("in.jsonl", "out.jsonl", concurrency=1)
    assert raised.value.filename == "out.jsonl"
    assert Path("out.jsonl").read_text().endswith("}\n")
    assert client.run_batch("in.jsonl", "out.jsonl").failed == 0
    assert answers().keys() == set("abcdefgh")


def test_what_ends_a_batch_leaves_the_output_complete(client: Client, server: LocalServer) -> None:
    write_lines("in.jsonl", *prompts("a", "b", "c"))
    server.delay(0.0, times=1)
    server.fail("/chat/completions", status=401)
    with pytest.raises(AuthenticationError):
        client.run_batch("in.jsonl", "out.jsonl", concurrency=1)
    assert answers() == {"a": "You said: say a"}
    assert client.run_batch("in.jsonl", "out.jsonl").skipped == 1


def test_text_that_utf_8_cannot_hold_is_escaped() -> None:
    with Checkpoint("out.jsonl", "f", resume=True) as checkpoint:
        checkpoint.append({"id": "\ud800é", "response": {}})
        checkpoint.append({"id": "é", "response": {}})
    assert [line.get("id") for line in lines()] == [None, "\ud800é", "é"]
    assert "é".encode() in Path("out.jsonl").read_bytes()


def test_an_id_may_be_one_that_utf_8_cannot_hold(client: Client) -> None:
    write_lines("in.jsonl", {"id": "\ud800", "prompt": "say a"})
    assert client.run_batch("in.jsonl", "out.jsonl").done == 1
    assert client.run_batch("in.jsonl", "out.jsonl").skipped == 1


def test_tools_are_part_of_the_fingerprint(client: Client) -> None:
    write_lines("in.jsonl", *prompts("a"))
    tools = [Tool(function=FunctionDefinition(name="f")), {"type": "function", "function": {"name": "g"}}]
    client.run_batch("in.jsonl", "out.jsonl", tools=tools)
    assert client.run_batch("in.jsonl", "out.jsonl", tools=list(tools)).skipped == 1
    with pytest.raises(ValueError, match="fingerprint"):
        client.run_batch("in.jsonl", "out.jsonl", tools=tools[:1])


def test_extra_body_is_part_of_the_fingerprint_so_that_two_models_share_no_output_and_no_key(
    client: Client, server: LocalServer
) -> None:
    write_lines("in.jsonl", *prompts("a"))
    small, large = (client.with_options(extra_body={"model": name}) for name in ("small", "large"))
    assert small.run_batch("in.jsonl", "out.jsonl").done == 1
    assert small.run_batch("in.jsonl", "out.jsonl").skipped == 1
    with pytest.raises(ValueError, match="fingerprint"):
        large.run_batch("in.jsonl", "out.jsonl")
    assert large.run_batch("in.jsonl", "large.jsonl").done == 1
    assert len(set(keys(server))) == 2


def test_the_key_is_not_in_the_output(server: LocalServer) -> None:
    write_lines("in.jsonl", *prompts("a"))
    server.reply(status=400, body={"error": {"message": f"no {server.api_key}"}})
    with Client(server.api_key, server.base_url) as client:
        assert client.run_batch("in.jsonl", "out.jsonl").failed == 1
    assert "no ***" in Path("out.jsonl").read_text()
    assert server.api_key not in Path("out.jsonl").read_text()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_on_progress_is_awaited(server: LocalServer, backend: str) -> None:
    write_lines("in.jsonl", *prompts("a", "b"))
    told: list[int] = []

    async def on_progress(progress: BatchProgress) -> None:
        await anyio.lowlevel.checkpoint()
        told.append(progress.done)

    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            await client.run_batch("in.jsonl", "out.jsonl", on_progress=on_progress)

    anyio.run(use, backend=backend)
    assert told == [0, 1, 2]
    with (
        Client(server.api_key, server.base_url) as client,
        pytest.raises(TypeError, match="on_progress is async: use AsyncClient"),
    ):
        client.run_batch("in.jsonl", "again.jsonl", on_progress=on_progress)
    assert not Path("again.jsonl").exists()


def test_a_bar_is_drawn_on_stderr_where_rich_is_there(
    client: Client, server: LocalServer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lines("in.jsonl", *prompts("a", "b"))
    server.fail("/chat/completions", status=400)
    client.run_batch("in.jsonl", "out.jsonl", progress=True, price=(1, 1))
    out, err = capfd.readouterr()
    assert out == ""
    assert "2/2" in err
    assert "1 failed, cost 0.00" in err
    monkeypatch.setitem(sys.modules, "rich.console", None)
    client.run_batch("in.jsonl", "out.jsonl", progress=True)
    assert capfd.readouterr() == ("", "")


def test_the_first_ctrl_c_is_heard_and_the_second_is_pythons() -> None:
    heard: list[str] = []
    with Interruption(lambda: heard.append("stop")) as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.has_come
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert heard == ["stop"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_template_names_whole_columns() -> None:
    assert Template("{a}, {{b}} and {c:>3}").fill({"a": 1, "c": "x", "d": 2}) == "1, {b} and   x"


def test_the_package_loads_nothing_of_bulk() -> None:
    code = "import sys, pixigpt; print([name for name in sys.modules if name.startswith('pixigpt.bulk')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
