"""What a test tells the local server to say, what it may ask about it, and what the server keeps."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
import uvicorn
from support.events import HELLO
from support.waiting import eventually

from pixigpt import APIResponseError, BadRequestError, Client, RateLimitError, RunFailedError, ServerError
from pixigpt.testing import LocalServer, ReceivedRequest
from pixigpt_api.models import Usage


def said(client: Client, server: LocalServer, content: str = "Hello!") -> Any:
    messages = [{"role": "user", "content": content}]
    return client.create_chat_completion(messages, assistant_id=server.assistant_id).choices[0]


def run_reply(client: Client, server: LocalServer, content: str = "Hello!") -> Any:
    thread = client.create_thread().id
    client.create_message(thread, "user", content)
    return client.wait_for_run(thread, client.create_run(thread, server.assistant_id).id).message


def test_replies_are_given_one_by_one_and_then_the_rule_again(client: Client, server: LocalServer) -> None:
    server.reply("One.")
    server.reply("Two.", reasoning="Because.", finish_reason="length", times=2)
    choices = [said(client, server) for _ in range(4)]
    assert [each.message.content for each in choices] == ["One.", "Two.", "Two.", "You said: Hello!"]
    assert [each.reasoning_content for each in choices[:2]] == [None, "Because."]
    assert [each.finish_reason for each in choices] == ["stop", "length", "length", "stop"]


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        {"prompt_tokens": 1, "completion_tokens": 2},
        Usage(1, 2, 3),
    ],
)
def test_a_reply_counts_its_tokens_unless_told(client: Client, server: LocalServer, usage: Any) -> None:
    server.reply("One two three.")
    server.reply("One two three.", usage=usage)
    server.reply("One two three.", usage={})
    for completion_tokens in (3, 2, 0):
        answer = client.create_chat_completion(HELLO, assistant_id=server.assistant_id)
        assert answer.usage.completion_tokens == completion_tokens
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + completion_tokens


def test_a_reply_may_call_functions_which_a_run_leaves_to_a_chat(client: Client, server: LocalServer) -> None:
    server.reply(tool_calls=[("get_weather", {"city": "Paris"}), ("broken", '{"city": ')])
    assert run_reply(client, server).content[0].text.value == "You said: Hello!"
    choice = said(client, server)
    assert (choice.message.content, choice.finish_reason) == (None, "tool_calls")
    calls = choice.message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", '{"city": "Paris"}'),
        ("broken", '{"city": '),
    ]
    assert len({call.id for call in calls}) == 2


def test_a_run_gets_a_reply_too(client: Client, server: LocalServer) -> None:
    server.reply("As planned.", reasoning="Because.")
    message = run_reply(client, server, "/fail")
    assert (message.content[0].text.value, message.reasoning_content) == ("As planned.", "Because.")
    server.reply(reasoning="Nothing to say.")
    assert run_reply(client, server).content[0].text.value == ""


def test_a_reply_may_wait_for_its_request(client: Client, server: LocalServer) -> None:
    def asks_for_paris(request: ReceivedRequest) -> bool:
        return "Paris" in str(request.body)

    server.reply("Sunny.", when=asks_for_paris)
    assert said(client, server).message.content == "You said: Hello!"
    assert said(client, server, "Paris?").message.content == "Sunny."


@pytest.mark.parametrize("body", [{"choices": []}, b"{", b"null", []])
def test_a_reply_may_be_the_whole_body(client: Client, server: LocalServer, body: object) -> None:
    server.reply(body=body)
    with pytest.raises(APIResponseError):
        said(client, server)


def test_a_reply_may_be_an_error(client: Client, server: LocalServer) -> None:
    server.reply("Slow down.", status=429)
    server.reply(status=400)
    server.reply(status=400, body={"error": {"message": "Mine.", "type": "my_error"}})
    with pytest.raises(RateLimitError, match=r"Slow down\."):
        said(client, server)
    with pytest.raises(BadRequestError, match="asked for"):
        said(client, server)
    thread = client.create_thread().id
    with pytest.raises(BadRequestError, match=r"Mine\.") as caught:
        client.create_run(thread, server.assistant_id)
    assert caught.value.type == "my_error"


def test_a_request_that_is_refused_uses_up_no_reply(client: Client, server: LocalServer) -> None:
    server.reply("One.", times=None)
    with pytest.raises(BadRequestError):
        client.create_chat_completion(HELLO)
    assert server.unused == ["reply(content='One.', status=200, times=None)"]
    assert [said(client, server).message.content for _ in range(2)] == ["One.", "One."]
    assert server.unused == []


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda server: server.reply(), "reply.. needs content"),
        (lambda server: server.reply("x", status=99), "status must be an HTTP status from 200 to 599, not 99"),
        (lambda server: server.reply("x", times=-1), "times must be at least 0"),
        (lambda server: server.reply(tool_calls=["now"]), "tool_calls must be pairs"),
        (lambda server: server.reply(tool_calls=[("now", 5)]), "tool_calls must be pairs"),
        (lambda server: server.reply(tool_calls=[("now", {}, 1)]), "tool_calls must be pairs"),
        (lambda server: server.reply(tool_calls=("now", {})), "tool_calls must be pairs"),
        (lambda server: server.reply(tool_calls=[("now", {"a": {1}})]), "tool_calls must be what JSON can hold"),
        (lambda server: server.reply(5), "content must be a str, not int"),
        (lambda server: server.reply("x", reasoning=5), "reasoning must be a str, not int"),
        (lambda server: server.reply("x", finish_reason=5), "finish_reason must be a str, not int"),
        (lambda server: server.reply(body={1}), "body must be what JSON can hold"),
        (lambda server: server.reply("x", when=5), "when must be a function, not int"),
        (lambda server: server.fail(when=anyio.sleep), "when must not be async"),
        (lambda server: server.reply("x", usage=5), "usage must be a Mapping, not int"),
        (lambda server: server.reply("x", usage={"prompt_tokens": "5"}), "usage: prompt_tokens must be"),
        (lambda server: server.fail(status=200), "status must be an HTTP status from 300 to 599, not 200"),
        (lambda _: LocalServer(max_stored=-1), "max_stored must be at least 0"),
        (lambda _: LocalServer(run_seconds=float("nan")), "run_seconds must be finite"),
        (lambda _: LocalServer(max_requests=-1), "max_requests must be at least 0"),
    ],
)
def test_a_mistake_is_told_in_plain_words(server: LocalServer, ask: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        ask(server)
    assert "Attribute" not in str(caught.value)
    assert server.unused == []


def test_a_request_that_is_delayed_takes_nothing_of_what_comes_after_a_reset(server: LocalServer) -> None:
    server.delay(30.0)
    messages = [{"role": "system", "content": "Hello!"}]
    with (
        Client(server.api_key, server.base_url, max_retries=0) as client,
        ThreadPoolExecutor() as pool,
    ):
        late = pool.submit(client.create_chat_completion, messages)
        assert eventually(lambda: server.unused == [])
        server.reset()
        server.reply("One.")
        with pytest.raises(ServerError, match="The server was reset"):
            late.result(5.0)
        assert client.create_chat_completion(messages).choices[0].message.content == "One."


def test_what_no_request_has_met_can_be_asked_for(client: Client, server: LocalServer) -> None:
    server.fail("/threads/*", status=503, times=2)
    server.fail(times=0)
    server.delay(0.1, "/rerank")
    server.cut("/embeddings", times=None)
    server.drip(0.2, "/assistants/?*")
    server.reply(body={})
    server.reply("", reasoning="r", finish_reason="stop", tool_calls=[("now", {})])
    server.fail("/chat/*", status=429, retry_after=2)
    server.cut(after_chunks=0)
    server.fail("/threads", status=503)
    client.create_thread()
    assert server.unused == [
        "fail('/threads/*', times=2, status=503)",
        "delay(0.1, '/rerank', times=1)",
        "cut('/embeddings', times=None)",
        "drip(0.2, '/assistants/?*', times=1)",
        "fail('/chat/*', times=1, status=429, retry_after=2)",
        "cut('*', times=1, after_chunks=0)",
        "reply(body={}, status=200, times=1)",
        "reply(content='', tool_calls=[('now', {})], reasoning='r', finish_reason='stop', status=200, times=1)",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "*",
        "/threads",
        "/threads/t",
        "/threads/*",
        "/threads/t/runs*",
        "/threads/t/runs/r",
        "/threads/*/messages/bulk",
        "/threads/[ab]/messages",
        "/threads/t?",
        "/t[!x]reads",
        "/*/completions",
        "*/bulk",
        "/*e*a*d*",
    ],
)
def test_a_fault_may_name_any_path_that_an_operation_has(server: LocalServer, path: str) -> None:
    server.fail(path)
    assert len(server.unused) == 1


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/thread", "'/threads'"),
        ("/v1/threads", "below the base URL, as '/threads'"),
        ("/threads/", "/threads"),
        ("/threads//messages", "messages"),
        ("/threads/a/b", "/threads"),
        ("/chat/completion?s", "/chat/completions"),
        ("/embeddings[", "/embeddings"),
        ("", "/"),
        ("/models*", "/"),
    ],
)
def test_a_fault_for_a_path_that_no_operation_has_is_a_value_error(server: LocalServer, path: str, hint: str) -> None:
    for ask in (server.fail, server.cut):
        with pytest.raises(ValueError, match="no operation has the path") as caught:
            ask(path)
        assert hint in str(caught.value)
    assert server.unused == []


def test_an_error_of_the_server_itself_is_a_500_with_a_traceback_on_the_log(
    client: Client, server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: ReceivedRequest) -> bool:
        raise KeyError("mine")

    server.reply("x", when=broken)
    with caplog.at_level(logging.ERROR, "pixigpt.testing"), pytest.raises(ServerError, match="KeyError") as caught:
        client.with_options(max_retries=0).create_chat_completion(HELLO, assistant_id=server.assistant_id)
    assert (caught.value.status_code, caught.value.code) == (500, "local_server_error")
    assert [type(error) for error in server.errors] == [KeyError]
    assert "in broken" in caplog.text
    server.reset()
    assert server.errors == []


def test_the_newest_requests_are_kept() -> None:
    with LocalServer(max_requests=3) as small, Client(small.api_key, small.base_url) as client:
        for thread in ("a", "b", "c", "d"):
            small.fail(f"/threads/{thread}", status=404)
            with pytest.raises(Exception, match="asked for"):
                client.get_thread(thread)
        assert [request.path for request in small.requests] == ["/threads/b", "/threads/c", "/threads/d"]
    with LocalServer(max_requests=0) as none, Client(none.api_key, none.base_url) as client:
        client.list_threads()
        assert none.requests == []


def test_what_is_stored_has_a_limit_that_says_so() -> None:
    with LocalServer(max_stored=6, run_seconds=0.4) as small, Client(small.api_key, small.base_url) as client:
        thread = client.create_thread().id  # beside the assistant, so four are left
        client.create_messages_bulk(thread, [{"role": "user", "content": "/fail"}] * 2)
        with pytest.raises(BadRequestError, match=r"stores at most 6 threads, .* higher max_stored") as caught:
            client.create_messages_bulk(thread, [{"role": "user", "content": "x"}] * 3)
        assert caught.value.code == "store_full"
        run = client.create_run(thread, small.assistant_id)  # counts for its message too, until it has failed
        with pytest.raises(BadRequestError, match="at most 6"):
            client.create_thread()
        with pytest.raises(RunFailedError):
            client.wait_for_run(thread, run.id)
        other = client.create_thread().id
        for _ in range(2):
            with pytest.raises(BadRequestError, match="at most 6"):
                client.create_assistant("A", "I")
            client.delete_thread(other)
            made = client.create_assistant("A", "I")
            client.delete_assistant(made.id)
            other = client.create_thread().id
        client.delete_thread(thread)
        client.create_messages_bulk(other, [{"role": "user", "content": "x"}] * 4)


def test_a_server_whose_thread_dies_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(*_: object, **__: object) -> None:
        raise LookupError("no loop today")

    monkeypatch.setattr(uvicorn.Server, "serve", dies)
    with pytest.raises(RuntimeError, match="died before it could serve") as caught:
        LocalServer().start()
    assert isinstance(caught.value.__cause__, LookupError)


USERS_TESTS = """
def test_that_uses_everything(pixigpt_client, pixigpt_server):
    pixigpt_server.reply("Hi!")
    pixigpt_server.fail("/threads", status=503)
    pixigpt_client.create_chat_completion([{"role": "system", "content": "x"}])
    pixigpt_client.create_thread()

def test_that_leaves_a_fault(pixigpt_client, pixigpt_server):
    pixigpt_server.fail("/threads", status=503)

def test_that_leaves_a_reply(pixigpt_server):
    pixigpt_server.reply("Hi!")

def test_whose_server_breaks(pixigpt_client, pixigpt_server):
    pixigpt_server.reply("Hi!", when=lambda request: 1 / 0, times=None)
    try:
        pixigpt_client.create_chat_completion([{"role": "system", "content": "x"}])
    except Exception:
        pass

def test_that_fails_for_its_own_reason(pixigpt_server):
    pixigpt_server.reply("Hi!")
    assert 1 == 2
"""


def test_the_fixtures_fail_a_test_that_left_something_unused_or_broke_the_server(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USERS_TESTS)
    done = pytester.runpytest_subprocess("-W", "error")
    done.assert_outcomes(passed=1, failed=4)
    done.stdout.fnmatch_lines_random(
        [
            "*no request has met fail('/threads', times=1, status=503)",
            "*no request has met reply(content='Hi!', status=200, times=1)",
            "*ZeroDivisionError*",
            "*the local server had an error of its own*",
            "*assert 1 == 2*",
        ]
    )


def test_the_command_prints_lines_that_a_shell_can_take() -> None:
    command = [sys.executable, "-m", "pixigpt.testing", "--port", "0", "--max-stored", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = "".join(process.stdout.readline() for _ in range(4))
        process.kill()
    shell = (
        f'set -e\n{lines}\necho "$PIXIGPT_API_KEY $DEFAULT_ASSISTANT_ID"\nenv | grep -c "^PIXIGPT_BASE_URL=http://127"'
    )
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout == "sk-local asst_1\n1\n"
