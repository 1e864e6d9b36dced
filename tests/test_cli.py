"""The command line: what each command prints, as text and as JSON, and the exit code of each kind of failure."""

import inspect
import io
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command import Done, Run
from support.scripted_server import ScriptedServer, reply, sends

import pixigpt.cli._threads
from pixigpt import Client
from pixigpt.cli._main import program, run
from pixigpt.cli._markdown import GrowingMarkdown
from pixigpt.testing import LocalServer
from pixigpt.testing import __main__ as local_server

KEY = "sk-local"


@pytest.fixture
def thread_id(server: LocalServer) -> Iterator[str]:
    with Client(server.api_key, server.base_url) as client:
        thread = client.create_thread()
        client.create_message(thread.id, "user", "My name is Ada.")
        yield thread.id


def documents(done: Done) -> Any:
    assert (done.code, done.errors) == (0, "")
    return json.loads(done.out)


def lines(done: Done) -> list[Any]:
    assert (done.code, done.errors) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


def test_threads_are_created_listed_and_deleted(cli: Run) -> None:
    new = cli("threads", "new").out.strip()
    assert new.startswith("thread_")
    created = documents(cli("threads", "show", new, "--json"))["created_at"]
    (line,) = cli("threads", "list").out.splitlines()
    assert re.fullmatch(rf"{new}\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line)
    assert documents(cli("threads", "list", "--json")) == [{"id": new, "object": "thread", "created_at": created}]
    assert lines(cli("--jsonl", "threads", "list")) == documents(cli("--json", "threads", "list"))
    assert cli("threads", "delete", new) == Done(0, b"", f"{new} is deleted.\n")
    assert cli("threads", "delete", cli("threads", "new").out.strip(), "--quiet") == Done(0, b"", "")
    other = cli("threads", "new").out.strip()
    assert documents(cli("threads", "delete", other, "--json")) == {"id": other, "deleted": True}
    assert cli("threads", "list") == Done(0, b"", "")
    assert documents(cli("threads", "new", "--json"))["object"] == "thread"


def test_a_thread_is_shown_with_its_messages(cli: Run, thread_id: str) -> None:
    assert cli("threads", "show", thread_id).out.splitlines()[1:] == ["user: My name is Ada."]
    shown = documents(cli("threads", "show", thread_id, "--json"))
    assert shown["id"] == thread_id
    assert [message["content"][0]["text"]["value"] for message in shown["messages"]] == ["My name is Ada."]
    assert "user:\nMy name is Ada.\n" in cli("threads", "show", thread_id, terminal=True).out


def test_assistants_are_created_listed_shown_updated_and_deleted(cli: Run, server: LocalServer) -> None:
    new = cli("assistants", "create", "Geo\tgrapher", "You know\nevery capital.", "--tools-config", "{}").out.strip()
    assert cli("assistants", "list").out.splitlines()[1] == f"{new}\tGeo grapher\tYou know every capital."
    assert [each["id"] for each in lines(cli("assistants", "list", "--jsonl"))] == [server.assistant_id, new]
    shown = cli("assistants", "show", new).out
    assert "name: Geo grapher\ninstructions: You know every capital.\ntools: {}\n" in shown
    assert cli("assistants", "update", new, "Historian", "You know every king.").out == f"{new}\n"
    assert documents(cli("assistants", "show", new, "--json"))["name"] == "Historian"
    assert cli("assistants", "delete", new).code == 0
    assert cli("assistants", "show", new).code == 4


def test_a_run_is_shown_as_it_stands_and_waited_for(cli: Run, server: LocalServer, thread_id: str) -> None:
    with Client(server.api_key, server.base_url) as client:
        run = client.create_run(thread_id, server.assistant_id)
    assert "status: queued\n" in cli("runs", "show", thread_id, run.id).out
    done = cli("runs", "wait", thread_id, run.id)
    assert (done.code, done.out) == (0, "You said: My name is Ada.\n")
    assert done.errors.splitlines()[-1] == "completed"
    assert "answer: You said: My name is Ada.\n" in cli("runs", "show", thread_id, run.id).out
    assert documents(cli("runs", "wait", thread_id, run.id, "--json", "--quiet"))["status"] == "completed"
    assert [each["status"] for each in lines(cli("runs", "wait", thread_id, run.id, "--jsonl", "--quiet"))] == [
        "completed"
    ]


def test_embed_rerank_and_moderate(cli: Run, tmp_path: Path) -> None:
    vectors = [json.loads(line) for line in cli("embed", "a cat", "a dog").out.splitlines()]
    found = documents(cli("embed", "a cat", "a dog", "--json"))
    assert vectors == [each["embedding"] for each in found["data"]]
    assert [each["embedding"] for each in lines(cli("embed", "a cat", "a dog", "--jsonl"))] == vectors
    assert re.search(r"\[-?0\.\d{4}, .*, \.\.\. 1,024 in all\]", cli("embed", "a cat", terminal=True).out)
    (tmp_path / "texts").write_text("A dog barks.\n\nA cat purrs.\n", encoding="utf-8")
    ranked = cli("rerank", "Which cat purrs?", str(tmp_path / "texts")).out.splitlines()
    assert ranked[0].endswith("\tA cat purrs.")
    assert len(ranked) == 2
    (only,) = lines(cli("rerank", "Which cat?", "-", "--top", "1", "--jsonl", stdin=b"A dog.\nA cat.\n"))
    assert (only["index"], only["document"]) == (1, "A cat.")
    assert documents(cli("rerank", "Which cat?", "-", "--json", stdin=b"A cat.\n"))["object"] == "list"
    given = "\ufeffA cat.\r\nA\x0cB\u2028C\x85D"  # as Windows writes it, with what Unicode calls line breaks
    (tmp_path / "texts").write_bytes(given.encode())
    for arguments in (["-"], [str(tmp_path / "texts")]):
        found = documents(cli("rerank", "A cat.", *arguments, "--json", stdin=given.encode()))
        assert [each["document"] for each in found["results"]] == ["A cat.", "A\x0cB\u2028C\x85D"]
    assert cli("moderate", "Hello!").out == "category: SAFE\nscore: 1.0000\n"
    assert documents(cli("moderate", "Hello!", "--json"))["category"] == "SAFE"


def test_pictures_and_videos(cli: Run) -> None:
    url = "https://example.com/cat-hat.png"
    assert cli("image", url).out == "An image of cat hat.\n"
    assert cli("image", url, "What is it?").out == "You asked about an image of cat hat: What is it?\n"
    assert cli("tags", url).out == "cat, hat\n"
    assert cli("ocr", url, terminal=True).out.strip() == "cat hat"
    assert cli("video", "https://example.com/cat.mp4").out == "A video of cat.\n"
    assert documents(cli("ocr", url, "--json"))["result"] == "cat hat"


@pytest.mark.parametrize(
    ("status", "code"), [(400, 1), (401, 3), (403, 3), (404, 4), (409, 1), (422, 1), (429, 5), (500, 1), (520, 1)]
)
def test_each_status_has_its_exit_code_and_one_line(cli: Run, server: LocalServer, status: int, code: int) -> None:
    server.fail("/threads", status=status)
    done = cli("threads", "list", "--retries", "0")
    assert (done.code, done.out) == (code, "")
    assert re.fullmatch(rf"Error: GET /threads: {status}\b.* \[request req_\d+\] \(1 attempt .*\)\n", done.errors)


def test_a_deadline_and_a_refused_connection(cli: Run, server: LocalServer, thread_id: str) -> None:
    server.delay(1, "/threads")
    done = cli("--timeout", "0.05", "threads", "list")
    assert done.code == 5
    assert done.errors.count("\n") == 1
    with Client(server.api_key, server.base_url) as client:
        run = client.create_run(thread_id, server.assistant_id)
    assert cli("runs", "wait", thread_id, run.id, PIXIGPT_TIMEOUT="0.05").code == 5
    done = cli("threads", "list", "--base-url", "http://127.0.0.1:1/v1", PIXIGPT_RETRIES="1")
    assert done.code == 1
    assert "Error: GET /threads: could not connect to 127.0.0.1:1" in done.errors
    assert "2 attempts" in done.errors


def test_the_timeout_bounds_the_whole_command(cli: Run, server: LocalServer, thread_id: str) -> None:
    server.delay(0.15, "/threads/*", times=2)
    assert cli("threads", "show", thread_id, "--timeout", "0.2").code == 5


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["threads"],
        ["threads", "list", "extra"],
        ["threads", "list", "--nope"],
        ["threads", "list", "--json", "--jsonl"],
        ["threads", "list", "--timeout", "soon"],
        ["threads", "list", "--timeout", "0"],
        ["threads", "list", "--timeout", "nan"],
        ["threads", "list", "--retries", "-1"],
        ["threads", "list", "--base-url", "example.com"],
        ["threads", "list", "--profile", "nope"],
        ["threads", "show", ""],
        ["threads", "show", "x", "--limit", "0"],
        ["rerank", "x", "no-such-file"],
        ["rerank", "x", "-"],
        ["embed"],
        ["call", "list_threads", "-o", "-"],
        ["completion", "tcsh"],
    ],
)
def test_wrong_usage_ends_with_2_and_nothing_is_sent(cli: Run, server: LocalServer, arguments: list[str]) -> None:
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.errors
    assert server.requests == []


@pytest.mark.parametrize(("variable", "value"), [("PIXIGPT_TIMEOUT", "soon"), ("PIXIGPT_RETRIES", "1.5")])
def test_a_variable_that_is_no_number_is_named(cli: Run, variable: str, value: str) -> None:
    given: dict[str, Any] = {variable: value}
    done = cli("threads", "list", **given)
    assert done.code == 2
    assert f"{variable} must be a number, not '{value}'" in done.errors


def test_without_a_key_it_says_how_to_give_one(cli: Run) -> None:
    done = cli("threads", "list", PIXIGPT_API_KEY="")
    assert (done.code, done.out) == (3, "")
    assert done.errors == ("Error: there is no API key: set PIXIGPT_API_KEY, or run `pixigpt config set api_key`\n")


def test_a_bug_is_one_line_and_debug_shows_more(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("of the test")

    monkeypatch.setattr(pixigpt.cli._threads, "print_list", fail)
    done = cli("threads", "list")
    assert done == Done(1, b"", "Error: ZeroDivisionError: of the test (a bug; --debug shows where)\n")
    done = cli("threads", "list", "--debug")
    assert done.code == 1
    assert "Traceback" in done.errors
    assert "GET /threads: 200, attempt 1" in done.errors


def test_debug_shows_no_key_and_ends_with_the_command(cli: Run, server: LocalServer) -> None:
    server.fail("/threads", status=401)
    done = cli("threads", "list", "--debug")
    assert "Traceback" in done.errors
    assert KEY not in done.errors + done.out
    assert logging.getLogger("pixigpt").level != logging.DEBUG
    assert cli("threads", "list").errors == ""


def test_a_bug_in_a_thread_is_one_line_and_the_answer_is_there(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("of the test")

    def add_slowly(growing: GrowingMarkdown, text: str) -> None:
        add(growing, text)
        time.sleep(0.15)  # it draws every tenth of a second

    add = GrowingMarkdown.add
    monkeypatch.setattr(GrowingMarkdown, "add", add_slowly)
    monkeypatch.setattr(GrowingMarkdown, "_refresh", fail)
    done = cli("ask", "Hello!", terminal=True)
    assert (done.code, done.out) == (0, "You said: Hello!\n")
    assert "Error: ZeroDivisionError: of the test (a bug; --debug shows where)\n" in done.errors


def test_a_closed_pipe_is_no_error_wherever_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", buffering=1) as closed:
        monkeypatch.setattr("sys.stdout", closed)
        assert run(["--version"]) == 0


def test_it_runs_within_a_program_that_has_replaced_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr("sys.stdout", stdout)
    assert run(["--version"]) == 0
    assert stdout.getvalue() == f"pixigpt {pixigpt.__version__}\n"


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line(cli: Run) -> None:
    done = cli("config", "set", "base_url", "http://example.invalid/v1")
    text = "base_url sends the API key in clear text to example.invalid: use https://"
    assert done == Done(0, b"", f"Warning: {text}\n")


def test_texts_of_others_move_no_cursor_on_a_terminal(cli: Run) -> None:
    cli("assistants", "create", "\x1b]0;evil\x07name", "\x1b[2Jtext")
    shown = cli("assistants", "list", terminal=True).out + cli("assistants", "list").out
    assert "name" in shown
    assert not any(each in shown for each in ("\x1b]", "\x1b[2J", "\x07"))


def test_an_error_of_others_moves_no_cursor(cli: Run) -> None:
    body = json.dumps({"error": {"message": "\x1b[2Jno\x07 way"}}).encode()
    with ScriptedServer(sends(reply(400, body))) as scripted:
        done = cli("threads", "list", "--base-url", scripted.base_url)
    assert "400 Bad Request: [2Jno way" in done.errors
    assert "\x1b" not in done.errors


def test_json_holds_any_text(cli: Run) -> None:
    listed = {"object": "list", "data": [{"id": "\ud800", "object": "thread", "created_at": 10**18}]}
    with ScriptedServer(sends(reply(200, json.dumps(listed).encode(), b"Content-Type: application/json"))) as scripted:
        assert documents(cli("threads", "list", "--json", "--base-url", scripted.base_url)) == listed["data"]
        done = cli("threads", "list", "--base-url", scripted.base_url)
    assert (done.code, done.out) == (0, "?\t1000000000000000000\n")


def test_help_and_version(cli: Run) -> None:
    assert cli("--version").out == f"pixigpt {pixigpt.__version__}\n"
    shown = cli("--help").out
    assert "Global options" in shown
    assert "--base-url" in shown
    assert "pixigpt --help" in cli("threads", "list", "--help").out
    assert "--base-url" not in cli("threads", "--help").out


def test_every_command_has_a_help_that_tells_its_arguments(cli: Run) -> None:
    for name in program.commands:
        assert cli(name, "--help").code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_completes_commands(cli: Run, shell: str) -> None:
    assert f"{shell}_complete" in cli("completion", shell).out
    word = "thr" if shell == "fish" else "1"  # fish tells the word itself, the others its number
    begun: dict[str, Any] = {"_PIXIGPT_COMPLETE": f"{shell}_complete", "COMP_WORDS": "pixigpt thr", "COMP_CWORD": word}
    assert "threads" in cli(**begun).out


@pytest.mark.parametrize(
    ("words", "completed"),
    [("threads li", "list"), ("call get_ru", "get_run"), ("--profile wo", "work"), ("config get api", "api_key")],
)
def test_completion_of_arguments(cli: Run, words: str, completed: str) -> None:
    cli("config", "set", "--profile", "work", "retries", "1")
    begun: dict[str, Any] = {
        "_PIXIGPT_COMPLETE": "bash_complete",
        "COMP_WORDS": f"pixigpt {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    assert cli(**begun).out.split(",")[1].split() == [completed]


def test_serve_takes_the_options_of_the_local_server(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[dict[str, object]] = []

    def serve(**options: object) -> int:
        served.append(options)
        return 1

    parameters = inspect.signature(local_server.serve).parameters
    monkeypatch.setattr(local_server, "serve", serve)
    assert cli("serve").code == 1
    arguments = ["--host=::1", "--port=0", "--run-seconds=1.5", "--max-stored=9", "--upstream=http://127.0.0.1:1/v1"]
    assert cli("serve", *arguments, "--upstream-model=tiny", "--data-dir=d").code == 1
    given = {"host": "::1", "port": 0, "run_seconds": 1.5, "max_stored": 9, "upstream": "http://127.0.0.1:1/v1"}
    assert served == [{}, {**given, "upstream_model": "tiny", "data_dir": "d"}]
    assert {*served[1]} == {*parameters}
    assert cli("serve", "--port", "x").code == cli("serve", "--port", "70000").code == 2
