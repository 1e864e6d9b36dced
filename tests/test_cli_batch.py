"""`pixigpt batch`: answers go to a file, a bar and the summary to stderr; failures have an exit code of their own."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.command import Run
from support.waiting import eventually

from pixigpt.bulk import BatchProgress
from pixigpt.cli._batch import told
from pixigpt.testing import LocalServer
from pixigpt_api.models import Usage


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    lines = [json.dumps({"id": f"p{number}", "prompt": f"Prompt {number}"}) for number in range(5)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def answers(path: Path) -> dict[str, str]:
    """Return the text of each answer, by its id."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()][1:]
    return {line["id"]: line["response"]["choices"][0]["message"]["content"] for line in lines if "response" in line}


def test_answers_go_to_the_file_and_a_second_run_goes_on(cli: Run, prompts: Path, tmp_path: Path) -> None:
    output = tmp_path / "answers.jsonl"
    done = cli("batch", str(prompts), "-o", str(output), "--price", "1,2")
    assert (done.code, done.out) == (0, "")
    assert re.fullmatch(r"5 done, 0 failed, 0 skipped, [\d.,]+/s, \d+ tokens, 0\.\d{4}\n", done.errors)
    assert answers(output) == {f"p{number}": f"You said: Prompt {number}" for number in range(5)}
    assert cli("batch", str(prompts), "-o", str(output)).errors.startswith("0 done, 0 failed, 5 skipped")
    assert cli("batch", str(prompts), "-o", str(output), "--quiet").errors == ""
    refused = cli("batch", str(prompts), "-o", str(output), "--no-resume")
    hint = "leave out --no-resume to go on where it ends, delete it, or name another file"
    assert (refused.code, refused.errors) == (1, f"Error: {output} exists: {hint}\n")


def test_the_summary_as_json(cli: Run, prompts: Path, tmp_path: Path) -> None:
    for options in (["--json"], ["--jsonl"]):
        done = cli("batch", str(prompts), "-o", str(tmp_path / "answers.jsonl"), *options)
        assert done.errors == ""
        summary = json.loads(done.out)
        assert (summary["total"], summary["failed"], summary["cost"]) == (5, 0, None)
    assert summary["usage"]["total_tokens"] == 0  # all are skipped


def test_a_table_with_a_template(cli: Run, server: LocalServer, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("key,text\na,Hund\nb,Katze\n", encoding="utf-8")
    options = ["--id-column", "key", "--template", "Translate {text}", "-s", "Be brief.", "-j", "1", "--rpm", "6000"]
    assert cli("batch", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out"), *options).code == 0
    assert answers(tmp_path / "out") == {"a": "You said: Translate Hund", "b": "You said: Translate Katze"}
    body = server.requests[-1].body
    assert isinstance(body, dict)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert cli("batch", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out2"), "--column", "text").code == 0
    assert answers(tmp_path / "out2")["0"] == "You said: Hund"


def test_some_failures_end_with_6_and_are_repeated(
    cli: Run, server: LocalServer, prompts: Path, tmp_path: Path
) -> None:
    output = str(tmp_path / "answers.jsonl")
    server.fail("/chat/completions", status=400, times=2)
    done = cli("batch", str(prompts), "-o", output)
    assert (done.code, done.errors.split(", ")[:3]) == (6, ["3 done", "2 failed", "0 skipped"])
    assert cli("batch", str(prompts), "-o", output).code == 0
    server.fail("/chat/completions", status=401, times=None)
    assert cli("batch", str(prompts), "-o", str(tmp_path / "other")).code == 3
    server.reset()
    server.fail("/chat/completions", status=400, times=None)
    done = cli("batch", str(prompts), "-o", str(tmp_path / "third"), "--max-failures", "0")
    assert (done.code, done.errors.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["IN"], 2),
        (["none.jsonl", "-o", "OUT"], 2),
        (["IN", "-o", "OUT", "--price", "1"], 2),
        (["IN", "-o", "OUT", "--price", "a,b"], 2),
        (["IN", "-o", "OUT", "-j", "0"], 2),
        (["IN", "-o", "-"], 2),
        (["IN", "-o", "OUT", "--rpm", "0"], 2),
        (["BAD", "-o", "OUT"], 2),
        (["IN", "-o", "no/such/folder/OUT"], 1),
    ],
)
def test_a_wrong_argument_ends_the_batch_before_it_begins(
    cli: Run, server: LocalServer, prompts: Path, tmp_path: Path, arguments: list[str], code: int
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "y"}\n', encoding="utf-8")
    places = {"IN": str(prompts), "OUT": str(tmp_path / "out.jsonl"), "BAD": str(bad)}
    done = cli("batch", *(places.get(each, each) for each in arguments))
    assert (done.code, done.out) == (code, "")
    assert "a bug" not in done.errors
    assert server.requests == []


def test_the_bar_on_a_terminal(cli: Run, prompts: Path, tmp_path: Path) -> None:
    done = cli("batch", str(prompts), "-o", str(tmp_path / "out"), "--price", "1,2", terminal=True)
    assert re.search(r"5/5\x1b\[0m [\d.,]+/s, \d+ tokens, 0\.\d{4}", done.errors)
    done = cli("batch", str(prompts), "-o", str(tmp_path / "out"), "--quiet", terminal=True)
    assert done.errors == ""


def progress(**given: float | None) -> BatchProgress:
    usage = Usage(prompt_tokens=1000, completion_tokens=500, total_tokens=1500)
    fields: dict[str, Any] = {"done": 30, "failed": 0, "skipped": 0, "total": 100, "cost": None, "elapsed": 2.0}
    fields |= given
    return BatchProgress(usage=usage, **fields)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, ", 15.0/s, 1,500 tokens, 0:05 left"),
        ({"cost": 0.25}, ", 15.0/s, 1,500 tokens, 0.2500, 0:05 left"),
        ({"total": None}, ", 15.0/s, 1,500 tokens"),
        ({"done": 0}, ", 0.0/s, 1,500 tokens"),
        ({"total": 100_000}, ", 15.0/s, 1,500 tokens, 1:51:05 left"),
        ({"failed": 70}, ", 50.0/s, 1,500 tokens"),
    ],
)
def test_the_bar_tells_rate_tokens_cost_and_time_left_as_far_as_they_are_known(
    given: dict[str, float | None], text: str
) -> None:
    assert told(progress(**given)) == text


def test_an_output_that_is_in_use_is_no_bug(
    cli: Run, prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("another process is writing to it")

    monkeypatch.setattr("pixigpt.Client.run_batch", refuse)
    done = cli("batch", str(prompts), "-o", str(tmp_path / "out"))
    assert (done.code, done.errors) == (1, "Error: another process is writing to it\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_an_interrupt_keeps_what_is_there(server: LocalServer, tmp_path: Path, prompts: Path, cli: Run) -> None:
    server.delay(0.5, "/chat/completions", times=None)
    output = tmp_path / "answers.jsonl"
    command = [sys.executable, "-m", "pixigpt", "batch", str(prompts), "-o", str(output), "-j", "1"]
    environment = {"PIXIGPT_API_KEY": server.api_key, "PIXIGPT_BASE_URL": server.base_url, "PATH": ""}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert eventually(lambda: len(server.requests) == 2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors.startswith("2 done, 0 failed, 0 skipped")) == (130, True)
    server.reset()
    assert cli("batch", str(prompts), "-o", str(output)).errors.startswith("3 done, 0 failed, 2 skipped")
