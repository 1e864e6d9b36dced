"""`ask`: four calls with one end, of which nothing happens twice under one key, and whose errors name the thread."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.clients import FAST, Against
from support.samples import ASSISTANT_MESSAGE, MESSAGE, RUN, THREAD
from support.scripted_server import Replies, ok, silent

from pixigpt import (
    APIConnectionError,
    APIResponseError,
    Client,
    ConflictError,
    DeadlineExceededError,
    NotFoundError,
    PixiGPTError,
    Reply,
    Run,
    RunError,
    RunFailedError,
    RunTimeoutError,
    ServerError,
    deadline,
)
from pixigpt.testing import LocalServer
from pixigpt_api.models import ThreadMessage


def paths(server: LocalServer) -> list[str]:
    return [f"{request.method} {request.path.split('/')[-1]}" for request in server.requests]


def test_a_question_gets_a_reply(client: Client, server: LocalServer) -> None:
    seen: list[str] = []

    def note(run: Run) -> None:
        seen.append(run.status)

    reply = client.ask(
        server.assistant_id, "My name is Ada.", enable_thinking=True, temperature=0.5, max_tokens=4000, on_update=note
    )
    assert (reply.text, str(reply), reply._repr_markdown_()) == ("You said: My name is Ada.",) * 3
    assert reply.reasoning_content == "The last message has 4 words."
    assert (reply.sources, reply.media, reply.code) == ([], [], [])
    assert (reply.run.status, reply.message, reply.run.thread_id) == ("completed", reply.run.message, reply.thread_id)
    assert repr(reply) == f"Reply('You said: My name is Ada.', thread_id='{reply.thread_id}')"
    assert seen[-1] == "completed"
    assert paths(server)[:3] == ["POST threads", "POST messages", "POST runs"]
    assert server.requests[2].body == {
        "assistant_id": server.assistant_id,
        "enable_thinking": True,
        "temperature": 0.5,
        "max_tokens": 4000,
    }
    again = client.ask(server.assistant_id, "Who am I?", thread_id=reply.thread_id, enable_thinking=False)
    assert (again.thread_id, again.reasoning_content) == (reply.thread_id, None)
    assert again.text == "You said: Who am I? (Before that: My name is Ada.)"
    assert len(client.list_threads()) == 1
    frozen: Any = reply
    with pytest.raises(AttributeError):
        frozen.text = "changed"


def test_what_the_assistant_found_is_in_the_reply() -> None:
    run = Run.from_dict({**RUN, "message": ASSISTANT_MESSAGE})
    reply = Reply.of("t", run, ThreadMessage.from_dict(ASSISTANT_MESSAGE))
    assert (len(reply.sources), len(reply.media), len(reply.code)) == (1, 1, 1)
    assert reply.reasoning_content == "Because."


@pytest.mark.parametrize("step", ["threads", "messages", "runs", "poll"])
def test_repeated_after_a_crash_it_adds_nothing_twice(client: Client, server: LocalServer, step: str) -> None:
    pattern = {"threads": "/threads", "messages": "/threads/*/messages", "runs": "/threads/*/runs"}
    server.cut(pattern.get(step, "/threads/*/runs/*"))  # the work is done, and the response is lost
    fragile = client.with_options(max_retries=0)
    with pytest.raises(APIConnectionError) as caught:
        fragile.ask(server.assistant_id, "Hello!", idempotency_key="order-17")
    assert (caught.value.thread_id is None) == (step == "threads")
    reply = client.ask(server.assistant_id, "Hello!", idempotency_key="order-17")
    assert caught.value.thread_id in (None, reply.thread_id)
    assert [thread.id for thread in client.list_threads()] == [reply.thread_id]
    said = [message.role for message in client.list_messages(reply.thread_id)]
    assert said == ["assistant", "user"]  # one question, one run's answer
    keys = {request.headers.get("idempotency-key") for request in server.requests if request.method == "POST"}
    assert keys == {"order-17-thread", "order-17-message", "order-17-run"}
    with pytest.raises(ConflictError):
        client.ask(server.assistant_id, "Something else", idempotency_key="order-17")


def test_without_a_key_each_call_has_its_own(client: Client, server: LocalServer) -> None:
    client.ask(server.assistant_id, "Hello!")
    keys = [request.headers["idempotency-key"] for request in server.requests if request.method == "POST"]
    assert len(set(keys)) == 3


def fails_with(kind: type[PixiGPTError], ask: Callable[[], object]) -> PixiGPTError:
    with pytest.raises(kind) as caught:
        ask()
    return caught.value


def test_every_error_has_the_thread(client: Client, server: LocalServer) -> None:
    ask = client.with_options(max_retries=0).ask
    server.fail("/threads")
    assert fails_with(ServerError, lambda: ask(server.assistant_id, "Hi")).thread_id is None
    for path in ("/threads/*/messages", "/threads/*/runs", "/threads/*/runs/*"):
        server.fail(path)
        error = fails_with(ServerError, lambda: ask(server.assistant_id, "Hi"))
        assert error.thread_id
        assert error.thread_id in str(error)
    failed = fails_with(RunFailedError, lambda: ask(server.assistant_id, "/fail"))
    assert isinstance(failed, RunError)
    assert failed.run is not None
    assert failed.thread_id == failed.run.thread_id
    assert fails_with(NotFoundError, lambda: ask(server.assistant_id, "Hi", thread_id="none")).thread_id == "none"
    assert fails_with(NotFoundError, lambda: ask("none", "Hi")).thread_id


def test_the_timeout_ends_all_four_calls(client: Client, server: LocalServer) -> None:
    for path in ("/threads", "/threads/*/messages", "/threads/*/runs", "/threads/*/runs/*"):
        server.delay(30, path)
        started = time.monotonic()
        error = fails_with(RunTimeoutError, lambda: client.ask(server.assistant_id, "Hi", timeout=0.6))
        assert time.monotonic() - started < 10
        assert (error.thread_id is None) == (path == "/threads")
        assert "0.6 s is over" in str(error)
        server.reset()


def test_a_deadline_ends_it(client: Client, server: LocalServer) -> None:
    server.delay(2, "/threads/*/messages", times=2)
    with deadline(0.6):
        assert fails_with(DeadlineExceededError, lambda: client.ask(server.assistant_id, "Hi")).thread_id
    short = client.with_options(total_timeout=0.6)
    assert fails_with(DeadlineExceededError, lambda: short.ask(server.assistant_id, "Hi", timeout=None)).thread_id


def test_total_timeout_bounds_the_sum(client: Client, server: LocalServer) -> None:
    server.delay(0.1, times=3)  # each call alone is fast enough
    short = client.with_options(total_timeout=0.25)
    fails_with(DeadlineExceededError, lambda: short.ask(server.assistant_id, "Hi"))


def json_of(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


def test_a_completed_run_without_a_message_is_an_error(against: Against) -> None:
    run = {**RUN, "message": None}
    client, _ = against(Replies(*[ok(json_of(each)) for each in (THREAD, MESSAGE, run, run)]))
    error = fails_with(APIResponseError, lambda: client.ask("a", "Hi"))
    assert error.message == "the completed run has no message"
    assert (error.thread_id, error.method, error.path) == ("thread_1", "GET", "/threads/thread_1/runs/run_1")


UNUSABLE = ["", " ", ".", "..", "x" * 1001, "\ud800"]


@pytest.mark.parametrize("given", UNUSABLE)
def test_a_thread_whose_id_is_unusable_is_the_servers_error(against: Against, given: str) -> None:
    client, server = against(replies := Replies(ok(json_of({**THREAD, "id": given}))))
    error = fails_with(APIResponseError, lambda: client.ask("a", "Hi"))
    assert "the response has an unusable id: " in error.message
    assert (error.thread_id, error.method, error.path, error.attempts) == (None, "POST", "/threads", 1)
    assert error.url == f"{server.base_url}/threads"
    assert len(replies.requests) == 1


@pytest.mark.parametrize("given", UNUSABLE)
def test_a_run_whose_id_is_unusable_is_the_servers_error(against: Against, given: str) -> None:
    client, _ = against(Replies(*[ok(json_of(each)) for each in (THREAD, MESSAGE, {**RUN, "id": given})]))
    error = fails_with(APIResponseError, lambda: client.ask("a", "Hi"))
    assert isinstance(error, APIResponseError)
    assert "the response has an unusable id: " in error.message
    assert (error.thread_id, error.method, error.path) == ("thread_1", "POST", "/threads/thread_1/runs")
    assert error.excerpt.startswith('{"id":')


def test_a_slash_in_an_id_stays_in_its_segment(against: Against) -> None:
    thread, run = {**THREAD, "id": "a/../b"}, {**RUN, "id": "c?d", "message": ASSISTANT_MESSAGE}
    client, _ = against(replies := Replies(*[ok(json_of(each)) for each in (thread, MESSAGE, run, run)]))
    assert client.ask("a", "Hi").thread_id == "a/../b"
    assert replies.requests[-1].startswith(b"GET /v1/threads/a%2F..%2Fb/runs/c%3Fd HTTP/1.1")


def test_a_run_that_does_not_end_in_time_is_in_the_error(against: Against) -> None:
    run = {**RUN, "status": "in_progress", "message": None}
    client, _ = against(Replies(*[ok(json_of(each)) for each in (THREAD, MESSAGE, run)]))
    error = fails_with(RunTimeoutError, lambda: client.ask("a", "Hi", timeout=1.5))
    assert isinstance(error, RunTimeoutError)
    assert error.run is not None
    assert "the run is still 'in_progress', and the timeout of 1.5 s is over" in str(error)


def test_a_server_that_hangs_is_left(against: Against) -> None:
    client, _ = against(silent, retry=FAST)
    started = time.monotonic()
    fails_with(RunTimeoutError, lambda: client.ask("a", "Hi", timeout=0.2))
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "says"),
    [
        (("a", ""), {}, ValueError, "content must not be empty"),
        (("a", " \n"), {}, ValueError, "content must not be empty"),
        (("a", 5), {}, TypeError, "content must be a str"),
        (("", "Hi"), {}, ValueError, "assistant_id must not be empty"),
        (("a", "Hi"), {"thread_id": ""}, ValueError, "thread_id must not be empty"),
        (("a", "Hi"), {"thread_id": 5}, TypeError, "thread_id"),
        (("a", "Hi"), {"timeout": 0}, ValueError, "timeout must be above 0"),
        (("a", "Hi"), {"poll_interval": -1}, ValueError, "poll_interval must be above 0"),
        (("a", "Hi"), {"on_update": 5}, TypeError, "on_update must be a function"),
        (("a", "Hi"), {"max_tokens": "5"}, TypeError, "max_tokens"),
        (("a", "Hi"), {"idempotency_key": ""}, ValueError, "idempotency_key must not be empty"),
        (("a", "Hi"), {"idempotency_key": "a\nb"}, ValueError, "idempotency_key must be printable ASCII"),
        (("a", "Hi"), {"idempotency_key": 5}, TypeError, "idempotency_key must be a str"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_sent(
    client: Client, server: LocalServer, arguments: Any, options: Any, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        client.ask(*arguments, **options)
    assert not server.requests
