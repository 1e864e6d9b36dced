"""`pixigpt ask` and `pixigpt chat`: what is sent, and what stands on stdout; an answer that breaks off is no answer."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.command import Done, Run

from pixigpt import ServerError
from pixigpt.testing import LocalServer

HELPFUL = {"role": "system", "content": "You are a helpful assistant."}


def sent(server: LocalServer) -> dict[str, Any]:
    """Return the body of the last chat completion."""
    body = [request.body for request in server.requests if request.path == "/chat/completions"][-1]
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize("options", [(), ("--no-stream",)])
def test_ask_prints_the_answer_alone(cli: Run, server: LocalServer, options: tuple[str, ...]) -> None:
    assert cli("ask", "Hello!", *options) == Done(0, b"You said: Hello!\n", "")
    assert sent(server)["messages"] == [HELPFUL, {"role": "user", "content": "Hello!"}]
    assert sent(server).get("stream", False) is not bool(options)
    assert cli("ask", "-", *options, stdin="Żółw?\n".encode()).out == "You said: Żółw?\n"


def test_a_flag_goes_before_the_environment_and_the_profile_in_saying_who_answers(
    cli: Run, server: LocalServer
) -> None:
    assistant = server.assistant_id
    cli("config", "set", "assistant", assistant)
    cases: list[tuple[list[str], dict[str, Any], tuple[str | None, list[str]]]] = [
        ([], {}, (assistant, [])),
        (["-s", "Be brief."], {}, (None, ["Be brief."])),
        (["-a", assistant, "-s", "Be brief."], {}, (assistant, ["Be brief."])),
        (["-a", assistant], {"PIXIGPT_ASSISTANT": "nobody"}, (assistant, [])),
        (["--profile", "default"], {"DEFAULT_ASSISTANT_ID": assistant}, (assistant, [])),
    ]
    for options, environment, expected in cases:
        assert cli("ask", "Hello!", *options, **environment).code == 0
        system = [each["content"] for each in sent(server)["messages"] if each["role"] == "system"]
        assert (sent(server).get("assistant_id"), system) == expected
    assert cli("ask", "Hello!", PIXIGPT_ASSISTANT="nobody").code == 4


@pytest.mark.parametrize("options", [(), ("--no-stream",)])
def test_an_answer_as_json_is_one_document_or_a_chunk_a_line(cli: Run, options: tuple[str, ...]) -> None:
    done = cli("ask", "Hello!", "--json", *options)
    assert (done.code, done.errors) == (0, "")
    completion = json.loads(done.out)
    assert completion["choices"][0]["message"]["content"] == "You said: Hello!"
    assert completion["usage"]["total_tokens"] > 0
    lines = [json.loads(line) for line in cli("ask", "Hello!", "--jsonl", *options).out.splitlines()]
    assert (len(lines) > 2) is not bool(options)
    assert {line["id"][:9] for line in lines} == {"chatcmpl_"}


def test_an_answer_that_is_cut_is_told_on_stderr(cli: Run, server: LocalServer) -> None:
    for options in ([], ["--no-stream"], ["--json"]):
        server.reply("Half an ans", finish_reason="length")
        done = cli("ask", "Hello!", *options)
        assert (done.code, done.errors) == (0, "The answer is cut: length.\n")
        assert "Half an ans" in done.out


@pytest.mark.parametrize(
    "arguments", [["ask"], ["ask", " "], ["ask", "-"], ["ask", "x", "-t", "y"], ["ask", "x", "-t", "y", "-s", "z"]]
)
def test_wrong_usage_of_ask_sends_nothing(cli: Run, server: LocalServer, arguments: list[str]) -> None:
    assert cli(*arguments).code == 2
    assert server.requests == []


def test_a_question_on_a_thread(cli: Run, server: LocalServer) -> None:
    thread = cli("threads", "new").out.strip()
    assert cli("ask", "My name is Ada.", "-t", thread, "-a", server.assistant_id, "--quiet").errors == ""
    done = cli("ask", "-", "-t", thread, PIXIGPT_ASSISTANT=server.assistant_id, stdin=b"My name?")
    assert done.out == "You said: My name? (Before that: My name is Ada.)\n"
    assert done.errors.splitlines()[-1] == "completed"
    done = cli("ask", "And?", "-t", thread, "-a", server.assistant_id, "--json", "--quiet")
    run = json.loads(done.out)
    assert (run["status"], run["thread_id"]) == ("completed", thread)
    done = cli("ask", "And?", "-t", thread, "-a", server.assistant_id, "--jsonl", "--quiet")
    assert [json.loads(line)["status"] for line in done.out.splitlines()][-1] == "completed"


def test_what_belongs_to_an_answer_is_told_on_stderr(cli: Run, server: LocalServer) -> None:
    thread = cli("threads", "new").out.strip()
    done = cli("ask", "/draw a cat", "-t", thread, "-a", server.assistant_id)
    assert re.search(r"^image: https?://\S+$", done.errors, re.MULTILINE)
    assert "image: " not in done.out
    done = cli("ask", "/search cats", "-t", thread, "-a", server.assistant_id)
    assert re.search(r"^source: .* https?://\S+$", done.errors, re.MULTILINE)


@pytest.mark.parametrize(("prompt", "code"), [("/fail", 1), ("/cancel", 1), ("/expire", 1)])
def test_a_run_that_does_not_complete(cli: Run, server: LocalServer, prompt: str, code: int) -> None:
    thread = cli("threads", "new").out.strip()
    done = cli("ask", prompt, "-t", thread, "-a", server.assistant_id, "--quiet")
    assert (done.code, done.out, done.errors.count("\n")) == (code, "", 1)
    assert cli("ask", "x", "-t", "nope", "-a", server.assistant_id).code == 4
    assert cli("ask", "x", "-t", thread, "-a", server.assistant_id, "--timeout", "0.1", "--quiet").code == 5


def test_a_stream_that_breaks_off_is_an_error(cli: Run, server: LocalServer) -> None:
    server.cut("/chat/completions", times=None)
    done = cli("ask", "Hello!", "--retries", "0")
    assert done.code == 1
    assert done.errors.count("\n") == 1
    assert done.errors.startswith("Error: POST /chat/completions: ")


def test_the_pieces_come_at_once(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[str] = []
    monkeypatch.setattr("pixigpt.cli._answer._Plain.add", lambda _, text: pieces.append(text))
    assert cli("ask", "One two three").code == 0
    assert len(pieces) > 3


def test_a_chat_from_a_pipe_answers_line_after_line(cli: Run, server: LocalServer) -> None:
    done = cli("chat", stdin=b"Hello!\n\nAnd?\n")
    assert done == Done(0, b"You said: Hello!\nYou said: And? (Before that: Hello!)\n", "")
    assert [each["content"] for each in sent(server)["messages"]] == [
        "You are a helpful assistant.",
        "Hello!",
        "You said: Hello!",
        "And?",
    ]
    assert "enable_thinking" not in sent(server)
    cli("chat", "--no-thinking", "-a", server.assistant_id, stdin=b"Hello!")
    assert (sent(server)["enable_thinking"], len(sent(server)["messages"])) == (False, 1)


def test_reasoning_goes_to_stderr(cli: Run) -> None:
    done = cli("chat", "--show-reasoning", stdin=b"Hello!\n")
    assert (done.out, done.errors) == ("You said: Hello!\n", "The last message has 1 words.\n\n")


def test_clear_begins_anew_and_a_wrong_command_is_not_sent(cli: Run) -> None:
    done = cli("chat", stdin=b"Hello!\n/clear\n/nope\n/save\nAnd?\n")
    assert done.out == "You said: Hello!\nYou said: And?\n"
    assert (
        done.errors.splitlines() == ["/clear begins anew, /save FILE saves. Ctrl-C stops an answer, Ctrl-D ends."] * 2
    )


def test_save_keeps_the_conversation(cli: Run, tmp_path: Path) -> None:
    done = cli("chat", "-s", "Be brief.", stdin=f"Hello!\n/save {tmp_path}/a b.md\n/save {tmp_path}/c.json\n".encode())
    assert done.errors.splitlines() == [f"The conversation is in {tmp_path}/{name}." for name in ("a b.md", "c.json")]
    assert (tmp_path / "a b.md").read_text() == (
        "**system:** Be brief.\n\n**user:** Hello!\n\n**assistant:** You said: Hello!\n"
    )
    messages = json.loads((tmp_path / "c.json").read_text())
    assert [each["role"] for each in messages] == ["system", "user", "assistant"]
    assert json.loads(cli("chat", "-s", "Be brief.", "--json", stdin=b"Hello!\n").out) == messages
    assert cli("chat", stdin=f"/save {tmp_path}/none/x\n".encode()).code == 1
    assert cli("chat", stdin=b"/save ~nobody-of-that-name/x\n").errors.endswith(": '~nobody-of-that-name/x'\n")


def test_an_answer_with_half_a_surrogate_pair_can_be_saved_and_sent_again(
    cli: Run, server: LocalServer, tmp_path: Path
) -> None:
    server.reply("a\ud800b")
    done = cli("chat", "-s", "Be brief.", stdin=f"Hello!\n/save {tmp_path}/a.md\nAnd?\n".encode())
    assert (done.code, done.out) == (0, "a?b\nYou said: And? (Before that: Hello!)\n")
    assert (tmp_path / "a.md").read_text(encoding="utf-8").endswith("**assistant:** a?b\n")


def test_a_pipes_chat_ends_with_its_first_failure_and_a_persons_goes_on(cli: Run, server: LocalServer) -> None:
    server.fail("/chat/completions", status=400)
    done = cli("chat", stdin=b"Hello!\nAnd?\n")
    assert (done.code, done.out) == (1, "")
    server.fail("/chat/completions", status=400)
    done = cli("chat", stdin=b"Hello!\nAnd?\n", terminal=True)
    assert done.code == 0
    assert "400 Bad Request" in done.errors
    assert "You said: And?\n" in done.out
    server.fail("/chat/completions", status=401)
    assert cli("chat", stdin=b"Hello!\nAnd?\n", terminal=True).code == 3


def test_the_timeout_is_for_each_answer(cli: Run, server: LocalServer) -> None:
    server.delay(1.0, "/chat/completions", times=2)
    assert cli("chat", "--timeout", "1.8", stdin=b"Hello!\nAnd?\n").code == 0
    server.delay(1, "/chat/completions")
    assert cli("chat", "--timeout", "0.1", stdin=b"Hello!\n").code == 5


def test_a_person_whose_answers_go_to_a_file_is_asked_on_stderr(cli: Run) -> None:
    done = cli("chat", stdin=b"Hello!\n", terminal_in=True)
    assert (done.code, done.out) == (0, "You said: Hello!\n")
    assert done.errors.splitlines()[1:] == ["> > "]


def test_only_the_first_choice_is_shown(cli: Run, server: LocalServer) -> None:
    message = {"role": "assistant", "content": "One."}
    choices = [{"index": at, "message": {**message, "content": f"{at}."}, "finish_reason": "stop"} for at in (0, 1)]
    server.reply(body={"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": choices})
    assert cli("ask", "Hello!").out == "0.\n"
    server.reply(" ")
    assert cli("ask", "Hello!", terminal=True).out.strip() == ""


def test_a_pipes_chat_is_interrupted(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    assert cli("chat").code == 130


def test_an_error_in_mid_stream_leaves_the_conversation_as_it_was(cli: Run, server: LocalServer) -> None:
    server.fail("/chat/completions", status=500, mid_stream=True)
    done = cli("chat", "--json", "--retries", "0", stdin=b"Hello!\nAnd?\n", terminal=True)
    assert done.code == 0
    assert ServerError.__name__ not in done.errors
    assert [each["content"] for each in json.loads(done.out.partition("[")[1] + done.out.partition("[")[2])][1:] == [
        "And?",
        "You said: And?",
    ]
