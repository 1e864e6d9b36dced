"""The local server over another server's model: what it asks, what it makes of the response, what it does of failures.

The upstream is a second local server, which says what a test tells it, or a scripted one where it must not know HTTP.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from support.scripted_server import Replies, ScriptedServer, ok, read_request, reply
from support.waiting import eventually

from pixigpt import (
    APIError,
    BadRequestError,
    Client,
    NotFoundError,
    RateLimitError,
    RunFailedError,
    ServerError,
)
from pixigpt.testing import LocalServer, _upstream

KEY = "sk-upstream-secret"
SYSTEM = {"role": "system", "content": "Be brief."}
HELLO = {"role": "user", "content": "Hello there!"}
TOOL = {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture(scope="module")
def session_upstream() -> Iterator[LocalServer]:
    with LocalServer(api_key=KEY) as server:
        yield server


@pytest.fixture
def upstream(session_upstream: LocalServer) -> LocalServer:
    session_upstream.reset()
    return session_upstream


@pytest.fixture(scope="module")
def session_front(session_upstream: LocalServer) -> Iterator[LocalServer]:
    url = session_upstream.base_url
    with LocalServer(upstream=url, upstream_key=KEY, upstream_model="big") as server:
        yield server


@pytest.fixture
def front(session_front: LocalServer, upstream: LocalServer) -> Iterator[LocalServer]:
    session_front.reset()
    yield session_front
    assert session_front.errors == []
    assert upstream.errors == []


@pytest.fixture
def client(front: LocalServer) -> Iterator[Client]:
    with Client(front.api_key, front.base_url, max_retries=0) as made:
        yield made


def sent(upstream: LocalServer) -> dict[str, Any]:
    body = upstream.requests[-1].body
    assert isinstance(body, dict)
    return body


def said(client: Client, **options: Any) -> Any:
    return client.create_chat_completion([SYSTEM, HELLO], **options).choices[0]


def embedded(client: Client) -> Any:
    return client.create_embedding("x")


def streamed(client: Client, **options: Any) -> Any:
    with client.stream_chat_completion([SYSTEM, HELLO], **options) as stream:
        return stream.completion().choices[0]


# ---- what is asked ----


def test_the_upstream_is_asked_what_was_asked(
    client: Client, upstream: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXIGPT_API_KEY", "sk-the-users-own")
    asking = client.with_options(extra_body={"top_p": 0.5, "response_format": {"type": "json_object"}, "model": "pixi"})
    with pytest.raises(BadRequestError, match="response_format: the local server does not implement"):
        asking.create_chat_completion([SYSTEM, HELLO], tools=[TOOL], temperature=0.3, max_tokens=50)
    assert sent(upstream) == {
        "messages": [SYSTEM, HELLO],
        "tools": [TOOL],
        "temperature": 0.3,
        "max_tokens": 50,
        "model": "big",
        "top_p": 0.5,
        "response_format": {"type": "json_object"},
    }
    assert upstream.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    upstream.reset()
    said(client, temperature=0, enable_thinking=True)
    assert sent(upstream) == {"messages": [SYSTEM, HELLO], "model": "big"}


def test_without_a_key_the_users_own_is_not_sent(upstream: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXIGPT_API_KEY", "sk-the-users-own")
    with (
        LocalServer(upstream=upstream.base_url, upstream_model="m") as front,
        Client(front.api_key, front.base_url) as client,
        pytest.raises(ServerError, match="The upstream refuses its key"),
    ):
        said(client)
    assert "sk-the-users-own" not in str([request.headers for request in upstream.requests])


def test_the_assistants_instructions_become_the_one_system_message(client: Client, upstream: LocalServer) -> None:
    assistant = client.create_assistant("Ada", "Count.").id
    client.create_chat_completion([HELLO], assistant_id=assistant)
    assert sent(upstream)["messages"] == [{"role": "system", "content": "Count."}, HELLO]
    client.create_chat_completion([SYSTEM, HELLO], assistant_id=assistant)
    assert sent(upstream)["messages"] == [{"role": "system", "content": "Count.\n\nBe brief."}, HELLO]


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_rule_does_not_implement_but_no_chunks_can_show_is_refused(front: LocalServer, stream: bool) -> None:
    body = {"messages": [SYSTEM, HELLO], "stream": stream, "n": 2}
    headers = {"Authorization": f"Bearer {front.api_key}"}
    response = httpx.post(f"{front.base_url}/chat/completions", json=body, headers=headers)
    assert response.status_code == 400


def test_the_model_is_the_first_that_the_upstream_lists_and_is_asked_for_once() -> None:
    listed = threading.Lock()
    asked: list[bytes] = []

    def upstream(connection: Any) -> None:
        while request := read_request(connection):
            with listed:
                asked.append(request)
            body: Any = {"choices": [{"message": {"content": "Hi."}}], "model": "x"}
            if request.startswith(b"GET /v1/models "):
                time.sleep(0.05)  # so that all others come meanwhile
                body = {"data": [{"id": "first"}, {"id": "second"}]}
            connection.sendall(ok(json.dumps(body).encode()))

    with (
        ScriptedServer(upstream) as server,
        LocalServer(upstream=server.base_url) as front,
        Client(front.api_key, front.base_url) as client,
        ThreadPoolExecutor(20) as threads,
    ):
        answers = list(threads.map(lambda _: client.create_chat_completion([SYSTEM, HELLO]), range(20)))
        assert {answer.model for answer in answers} == {"first"}
        assert {answer.usage.total_tokens for answer in answers} == {0}  # the upstream told none
        assert sum(request.startswith(b"GET") for request in asked) == 1
        assert sum(b'"model":"first"' in request.replace(b": ", b":") for request in asked) == 20


@pytest.mark.parametrize(
    ("models", "status", "message"),
    [
        (ok(b'{"data": []}'), 502, "lists no models"),
        (ok(b'{"data": null}'), 502, "lists no models"),
        (ok(b"[]"), 502, "lists no models"),
        (ok(b"<html>"), 502, "The upstream failed"),
        (reply(404, b'{"error": {"message": "No such page."}}'), 404, r"No such page\."),
        (reply(500, b"oops"), 500, "oops"),
    ],
)
def test_an_upstream_that_lists_no_models_is_an_error(models: bytes, status: int, message: str) -> None:
    with (
        ScriptedServer(Replies(models)) as server,
        LocalServer(upstream=server.base_url) as front,
        Client(front.api_key, front.base_url, max_retries=0) as client,
    ):
        for ask in (said, streamed, embedded):
            with pytest.raises(APIError, match=message) as caught:
                ask(client)
            assert caught.value.status_code == status


# ---- what is made of the response ----

CHOICES: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({"message": {"content": " Hi. \n"}}, "Hi.", None),
    ({"message": {"content": "Hi."}, "reasoning_content": " Hm. "}, "Hi.", "Hm."),
    ({"message": {"content": "Hi.", "reasoning_content": "Hm."}}, "Hi.", "Hm."),
    ({"message": {"content": "Hi.", "reasoning": "Hm."}}, "Hi.", "Hm."),
    ({"message": {"content": "<think>\nHm.\n</think>\n\nHi."}}, "Hi.", "Hm."),
    ({"message": {"content": "<THINKING>Hm.</Thinking>Hi."}}, "Hi.", "Hm."),
    ({"message": {"content": "<think>Hm."}}, "", "Hm."),
    ({"message": {"content": "1 < 2 <think"}}, "1 < 2 <think", None),
    ({"message": {"content": None}}, "", None),
    ({"message": {"content": ""}, "finish_reason": "length"}, "", None),
]


@pytest.mark.parametrize(("choice", "content", "reasoning"), CHOICES, ids=str)
def test_a_chain_of_thought_is_found_wherever_it_is(
    client: Client, upstream: LocalServer, choice: Any, content: str, reasoning: str | None
) -> None:
    choice = {"index": 0, "finish_reason": "stop", **choice, "message": {"role": "assistant", **choice["message"]}}
    completion = {"id": "x", "created": 1, "model": "m", "choices": [choice], "usage": None, "timings": {"a": 1}}
    upstream.reply(body=completion, times=4)  # for a stream it is a server that ignores `stream`
    for ask in (said, streamed):
        found = ask(client)
        assert (found.message.content, found.reasoning_content) == (content, reasoning)
        assert found.finish_reason == choice["finish_reason"]
        assert ask(client, enable_thinking=False).reasoning_content is None


def events(*choices: Any, **last: Any) -> bytes:
    chunks = [{"choices": [{"index": 0, **choice}]} for choice in choices]
    lines = [json.dumps(chunk) for chunk in [*chunks, *([last] if last else [])]]
    return b"".join(b"data: %s\n\n" % line.encode() for line in [*lines, "[DONE]"])


@pytest.mark.parametrize(
    "choices",
    [
        [{"delta": {"reasoning_content": "H"}}, {"delta": {"reasoning_content": "m."}}, {"delta": {"content": "Hi."}}],
        [{"delta": {"reasoning": " Hm."}}, {"delta": {"content": "\n\nHi."}}],
        [{"delta": {}, "reasoning_content": "Hm."}, {"delta": {"content": "Hi.\n"}}],
        [{"delta": {"content": piece}} for piece in "<think>\nHm.\n</think>\n\nHi."],
        [{"delta": {"content": piece}} for piece in ("<th", "ink>Hm", ".</", "think>H", "i.")],
        [{"delta": {"content": "<think>Hm.</think>Hi."}}],
        [{"delta": {"reasoning_content": "Hm.", "content": "Hi."}}, {}],
    ],
    ids=str,
)
def test_a_streamed_chain_of_thought_is_found_however_it_is_cut(
    client: Client, upstream: LocalServer, choices: Any
) -> None:
    upstream.reply(body=events(*choices, {"delta": {}, "finish_reason": "stop"}), times=None)
    found = streamed(client)
    assert (found.message.content, found.reasoning_content, found.finish_reason) == ("Hi.", "Hm.", "stop")
    hidden = streamed(client, enable_thinking=False)
    assert (hidden.message.content, hidden.reasoning_content) == ("Hi.", None)


def test_what_looked_like_a_tag_at_the_end_is_text(client: Client, upstream: LocalServer) -> None:
    upstream.reply(body=events({"delta": {"content": "1 <"}}, {"delta": {"content": "thin"}}))
    assert streamed(client).message.content == "1 <thin"
    upstream.reply(body=events({"delta": {"content": "<think>a</th"}}))
    assert streamed(client).reasoning_content == "a</th"


def test_a_stream_comes_as_the_upstreams_does(client: Client, upstream: LocalServer) -> None:
    upstream.reply("One two three.", reasoning="Because.")
    with client.stream_chat_completion([SYSTEM, HELLO]) as stream:
        assert list(stream.text()) == ["One", " two", " three."]
        whole = stream.completion()
    assert (whole.id[:9], whole.model, whole.choices[0].reasoning_content) == ("chatcmpl_", "big", "Because.")
    assert whole.usage.total_tokens > 0
    assert sent(upstream)["stream_options"] == {"include_usage": True}
    with client.stream_chat_completion([SYSTEM, HELLO], include_usage=False) as stream:
        assert [chunk.usage for chunk in stream if chunk.usage] == []


@pytest.mark.parametrize("ask", [said, streamed])
def test_tools_are_called_by_the_upstream(client: Client, upstream: LocalServer, ask: Any) -> None:
    upstream.reply(tool_calls=[("get_weather", {"city": "Paris"}), ("now", {})])
    found = ask(client, tools=[TOOL])
    assert (found.message.content, found.finish_reason) == (None, "tool_calls")
    calls = [(call.function.name, call.function.arguments) for call in found.message.tool_calls]
    assert calls == [("get_weather", '{"city": "Paris"}'), ("now", "{}")]
    result = {"role": "tool", "tool_call_id": found.message.tool_calls[0].id, "content": "Sunny."}
    after = client.create_chat_completion([SYSTEM, HELLO, found.message, result], tools=[TOOL])
    assert after.choices[0].message.content == "The tool answered: Sunny."


def test_embeddings_are_the_upstreams(client: Client, front: LocalServer, upstream: LocalServer) -> None:
    found = client.create_embedding(["A cat.", "A dog."])
    assert (len(found.data), found.data[1].index, found.usage.total_tokens) == (2, 1, 4)
    assert sent(upstream) == {"input": ["A cat.", "A dog."], "model": "big"}
    body = {"input": "A cat.", "encoding_format": "base64", "dimensions": 1024, "model": "small"}
    headers = {"Authorization": f"Bearer {front.api_key}"}
    response = httpx.post(f"{front.base_url}/embeddings", json=body, headers=headers)
    assert isinstance(response.json()["data"][0]["embedding"], str)
    assert sent(upstream) == {"input": "A cat.", "model": "small", "dimensions": 1024}


def test_all_else_is_as_without_an_upstream(client: Client, upstream: LocalServer) -> None:
    assert client.moderate_text("murder").category == "VIOLENT"
    assert client.rerank("cat", ["dog", "cat"]).results[0].document == "cat"
    assert client.extract_text("https://example.com/a-cat.png").result == "a cat"
    assert upstream.requests == []


# ---- threads and runs ----


def run_on(client: Client, front: LocalServer, thread: str, text: str) -> Any:
    client.create_message(thread, "user", text)
    return client.wait_for_run(thread, client.create_run(thread, front.assistant_id).id)


def test_a_thread_of_three_turns_is_remembered(client: Client, front: LocalServer, upstream: LocalServer) -> None:
    thread = client.create_thread().id
    for number, text in enumerate(["One.", "/fail", "/search Three."]):
        upstream.reply(f"Answer {number}.", reasoning="Because.")
        run = run_on(client, front, thread, text)
        assert (run.status, run.model) == ("completed", "big")
        assert (run.message.content[0].text.value, run.message.reasoning_content) == (f"Answer {number}.", "Because.")
        assert run.message.sources is None  # the rule's commands are not the upstream's
    roles_and_texts = [(message["role"], message["content"]) for message in sent(upstream)["messages"]]
    assert roles_and_texts == [
        ("system", "You are a helpful assistant."),
        ("user", "One."),
        ("assistant", "Answer 0."),
        ("user", "/fail"),
        ("assistant", "Answer 1."),
        ("user", "/search Three."),
    ]
    assert len(client.list_messages(thread)) == 6


def test_a_run_lasts_as_long_as_the_model_thinks(client: Client, front: LocalServer, upstream: LocalServer) -> None:
    upstream.delay(0.5)
    thread = client.create_thread().id
    started = time.monotonic()
    run = run_on(client, front, thread, "Hello.")
    assert time.monotonic() - started >= 0.5
    assert run.message.content[0].text.value == "You said: Hello."


def test_a_run_may_last_longer_than_a_silence_may(upstream: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_upstream, "_PATIENCE", 0.5)
    upstream.reply("a b c d e f g h i j", reasoning="k l m n o")
    upstream.delay(between_chunks=0.08)
    with (
        LocalServer(upstream=upstream.base_url, upstream_key=KEY, upstream_model="m") as front,
        Client(front.api_key, front.base_url) as client,
    ):
        started = time.monotonic()
        run = run_on(client, front, client.create_thread().id, "Hello.")
        assert time.monotonic() - started > 2 * 0.5
        assert run.message.content[0].text.value == "a b c d e f g h i j"


def test_a_run_whose_upstream_fails_is_failed_and_tells_why(
    client: Client, front: LocalServer, upstream: LocalServer
) -> None:
    thread = client.create_thread().id
    upstream.fail(status=503, times=3)
    assert run_on(client, front, thread, "Rides out three.").status == "completed"
    upstream.reply("The context is too small.", status=400)
    with pytest.raises(RunFailedError, match=r"the run ended as failed: The context is too small\.") as caught:
        run_on(client, front, thread, "Too long.")
    run = caught.value.run
    assert run is not None
    assert run.message is not None
    assert run.message.content[0].text.value == "The context is too small."
    assert [message.content[0].text.value for message in client.list_messages(thread, limit=1)] == ["Too long."]
    upstream.reply(body={"choices": []})
    with pytest.raises(RunFailedError) as caught:
        client.wait_for_run(thread, client.create_run(thread, front.assistant_id).id)
    assert "choices is empty" in str(caught.value.run)


def test_a_thread_that_is_deleted_ends_its_runs_upstream(
    client: Client, front: LocalServer, upstream: LocalServer
) -> None:
    upstream.delay(between_chunks=60)
    upstream.delay(60)
    thread = client.create_thread().id
    client.create_message(thread, "user", "Hello.")
    client.create_run(thread, front.assistant_id)
    assert eventually(lambda: upstream.in_flight == 1)
    client.delete_thread(thread)
    with pytest.raises(NotFoundError):
        client.get_thread(thread)
    assert client.list_threads() == []


def test_a_slow_upstream_blocks_nothing_else() -> None:
    gate = threading.Event()

    def slow(connection: Any) -> None:
        while request := read_request(connection):
            gate.wait(10)
            is_chat = b"/chat/" in request
            body = {"choices": [{"message": {"content": "Hi."}}]} if is_chat else {"data": [{"embedding": [1.0]}]}
            connection.sendall(ok(json.dumps(body).encode()))

    with (
        ScriptedServer(slow) as server,
        LocalServer(upstream=server.base_url, upstream_model="m") as front,
        Client(front.api_key, front.base_url, max_retries=0) as client,
        ThreadPoolExecutor(3) as threads,
    ):
        asking: tuple[Callable[[Client], Any], ...] = (said, streamed, embedded)
        waiting = [threads.submit(ask, client) for ask in asking]
        assert eventually(lambda: server.open == 3)
        for _ in range(5):
            client.create_thread()
        assert not any(each.done() for each in waiting)
        gate.set()
        assert all(each.result() for each in waiting)


# ---- failures ----


@pytest.mark.parametrize("ask", [said, streamed, embedded])
@pytest.mark.parametrize(("given", "told"), [(400, 400), (404, 404), (429, 429), (500, 500), (529, 529), (302, 502)])
def test_an_upstreams_error_passes_with_status_and_text(
    client: Client, upstream: LocalServer, ask: Any, given: int, told: int
) -> None:
    upstream.fail(status=given, retry_after=7)
    with pytest.raises(APIError, match="This failure was asked for") as caught:
        ask(client)
    assert caught.value.status_code == told
    assert len(upstream.requests) == 1  # the caller retries, not the server
    if isinstance(caught.value, RateLimitError):
        assert caught.value.retry_after == 7


def test_an_upstreams_wait_that_no_header_can_hold_is_left_out() -> None:
    busy = "HTTP/1.1 429 Busy\r\nRetry-After: \u0662\u0663\r\nContent-Length: 4\r\n\r\nBusy"
    with (
        ScriptedServer(Replies(busy.encode())) as server,
        LocalServer(upstream=server.base_url, upstream_model="m") as front,
        Client(front.api_key, front.base_url, max_retries=0) as client,
        pytest.raises(RateLimitError, match="Busy") as caught,
    ):
        said(client)
    assert caught.value.retry_after is None


def test_two_streams_under_one_key_are_both_whole(front: LocalServer, upstream: LocalServer) -> None:
    upstream.reply("One two three.", times=2)
    body = {"messages": [SYSTEM], "stream": True}
    headers = {"Authorization": f"Bearer {front.api_key}", "Idempotency-Key": "one"}
    url = f"{front.base_url}/chat/completions"
    upstream.delay(between_chunks=0.05, times=2)
    with ThreadPoolExecutor(2) as threads:
        got = list(threads.map(lambda _: httpx.post(url, json=body, headers=headers).text, range(2)))
    assert len(upstream.requests) == 2
    assert all(text.endswith("data: [DONE]\n\n") for text in got)
    assert httpx.post(url, json=body, headers=headers).text in got


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("ask", [said, streamed])
def test_a_key_that_the_upstream_refuses_is_a_502_and_stays_secret(
    client: Client, upstream: LocalServer, ask: Any, status: int
) -> None:
    body = {"error": {"message": f"Incorrect API key: {KEY}.", "type": "invalid_request_error"}}
    upstream.reply(status=status, body=body)
    with pytest.raises(ServerError, match="The upstream refuses its key") as caught:
        ask(client)
    assert (caught.value.status_code, KEY in str(caught.value)) == (502, False)
    upstream.reply(status=400, body=body)
    with pytest.raises(BadRequestError, match=r"Incorrect API key: \*\*\*") as caught_too:
        ask(client)
    assert KEY not in str(caught_too.value.body)


def test_the_upstreams_key_is_in_no_repr(front: LocalServer) -> None:
    assert KEY not in repr(vars(front))


@pytest.mark.parametrize("ask", [said, streamed])
@pytest.mark.parametrize(
    ("script", "message"),
    [
        (Replies(ok(b"<html>")), "The upstream failed"),
        (Replies(ok(b'{"choices": "x"}')), "The upstream failed"),
        (Replies(ok(b'{"choices": []}')), "he upstream"),
        (Replies(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), "The upstream failed: .*127.0.0.1"),
        (Replies(b"HTTP/1.1 999 Odd\r\nContent-Length: 1\r\n\r\n0"), "The upstream failed"),
        (lambda connection: connection.close(), "The upstream failed: no complete response"),
    ],
)
def test_an_upstream_that_sends_garbage_or_hangs_up_is_a_502(ask: Any, script: Any, message: str) -> None:
    def once(connection: Any) -> None:
        if isinstance(script, Replies):
            read_request(connection)
            connection.sendall(script.replies[0])
        else:
            script(connection)

    with (
        ScriptedServer(once) as server,
        LocalServer(upstream=server.base_url, upstream_model="m") as front,
        Client(front.api_key, front.base_url, max_retries=0) as client,
    ):
        with pytest.raises(ServerError, match=message) as caught:
            ask(client)
        assert caught.value.status_code == 502
        assert front.errors == []


def test_an_upstream_that_is_not_there_is_a_502() -> None:
    with (
        LocalServer(upstream="http://127.0.0.1:1/v1") as front,
        Client(front.api_key, front.base_url, max_retries=0) as client,
    ):
        for ask in (said, streamed):
            with pytest.raises(ServerError, match="The upstream failed: could not connect to ") as caught:
                ask(client)
            assert caught.value.status_code == 502


def test_an_upstream_that_is_silent_for_too_long_is_a_504(
    upstream: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_upstream, "_PATIENCE", 0.2)
    upstream.delay(5, times=2)
    with (
        LocalServer(upstream=upstream.base_url, upstream_key=KEY, upstream_model="m") as front,
        Client(front.api_key, front.base_url, max_retries=0) as client,
    ):
        for ask in (said, streamed):
            with pytest.raises(ServerError, match="in time") as caught:
                ask(client)
            assert caught.value.status_code == 504


def test_what_fails_in_mid_stream_is_the_last_event(client: Client, upstream: LocalServer) -> None:
    upstream.fail(status=503, mid_stream=True)
    with pytest.raises(ServerError, match="This failure was asked for") as caught:
        streamed(client)
    assert (caught.value.status_code, caught.value.mid_stream) == (503, True)
    upstream.cut(after_chunks=3)
    with pytest.raises(ServerError, match="The upstream failed") as caught:
        streamed(client)
    assert (caught.value.status_code, caught.value.mid_stream) == (502, True)


def test_what_cannot_be_sent_upstream_is_a_400(front: LocalServer) -> None:
    body = {"messages": [SYSTEM, {"role": "user", "content": None}]}
    headers = {"Authorization": f"Bearer {front.api_key}"}
    response = httpx.post(f"{front.base_url}/chat/completions", json=body, headers=headers)
    assert response.status_code == 400, response.text


# ---- leaving ----


def waits_after(head: bytes, came: threading.Event, left: threading.Event) -> Any:
    """Return a script that sends the head of a response and then tells when the other side has gone."""

    def script(connection: Any) -> None:
        read_request(connection)
        connection.sendall(head)
        came.set()
        if connection.recv(1) == b"":
            left.set()

    return script


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize("head", [b"", STREAM, STREAM + events({"delta": {"content": "Hi."}})[:-14]])
def test_a_client_that_leaves_a_stream_ends_the_upstreams(head: bytes) -> None:
    came, left = threading.Event(), threading.Event()
    with (
        ScriptedServer(waits_after(head, came, left)) as slow,
        LocalServer(upstream=slow.base_url, upstream_model="m") as server,
        httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {server.api_key}"}) as http,
    ):
        body = {"messages": [SYSTEM], "stream": True}
        if b"Hi." in head:
            with http.stream("POST", "/chat/completions", json=body) as response:
                texts = response.iter_text()
                while "Hi." not in next(texts):
                    pass
        else:
            with pytest.raises(httpx.ReadTimeout):
                http.post("/chat/completions", json=body, timeout=0.3)
        assert came.wait(5)
        assert left.wait(5)
        assert eventually(lambda: server.in_flight == 0)
        assert server.errors == []


def test_a_server_that_stops_ends_what_is_under_way_upstream() -> None:
    came, left = threading.Event(), threading.Event()
    with (
        ScriptedServer(waits_after(b"", came, left)) as slow,
        LocalServer(upstream=slow.base_url, upstream_model="m") as server,
    ):
        with Client(server.api_key, server.base_url, max_retries=0) as client:
            thread = client.create_thread().id
            run = client.create_run(thread, server.assistant_id)
            assert came.wait(5)
        server.stop()
        assert left.wait(5)
        server.start()
        with Client(server.api_key, server.base_url) as client:
            cut = client.get_run(thread, run.id)
        assert cut.status == "failed"
        assert "The server was stopped while the run was under way." in str(cut)
        assert server.errors == []


# ---- what a test asks for ----


def test_faults_and_replies_work_on_top(client: Client, front: LocalServer, upstream: LocalServer) -> None:
    front.reply("Planned.", reasoning="So.", times=3)
    assert said(client).message.content == "Planned."
    assert streamed(client).message.content == "Planned."
    thread = client.create_thread().id
    assert run_on(client, front, thread, "/fail").message.content[0].text.value == "Planned."
    assert upstream.requests == []
    front.fail("/chat/completions", status=502)
    with pytest.raises(ServerError):
        said(client)
    front.cut(after_chunks=3)
    with pytest.raises(Exception, match="no complete response"):
        streamed(client)
    front.ignore_stream()
    with client.stream_chat_completion([SYSTEM, HELLO]) as stream:
        assert stream.completion().choices[0].message.content == "You said: Hello there!"
        assert not stream.is_streamed


def test_a_retry_waits_for_the_first_attempts_response(front: LocalServer, upstream: LocalServer) -> None:
    upstream.delay(0.5)
    with Client(front.api_key, front.base_url, timeout=0.3) as client:
        assert said(client).message.content == "You said: Hello there!"
    assert len(upstream.requests) == 1
    assert len(front.requests) >= 2


def test_a_stream_is_replayed_once_it_was_whole(front: LocalServer, upstream: LocalServer) -> None:
    headers = {"Authorization": f"Bearer {front.api_key}", "Idempotency-Key": "one"}
    body = {"messages": [SYSTEM, HELLO], "stream": True}
    with httpx.Client(base_url=front.base_url, headers=headers) as http:
        upstream.cut(after_chunks=3)
        assert "error" in http.post("/chat/completions", json=body).text
        whole = http.post("/chat/completions", json=body).text
        assert whole.endswith("[DONE]\n\n")
        assert http.post("/chat/completions", json=body).text == whole
    assert len(upstream.requests) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"upstream_key": "k"}, "upstream_key and upstream_model need upstream"),
        ({"upstream_model": "m"}, "upstream_key and upstream_model need upstream"),
        ({"upstream": "nowhere"}, "base_url"),
        ({"upstream": "http://127.0.0.1:1", "upstream_key": "k\n"}, "api_key"),
    ],
)
def test_a_bad_upstream_is_told_at_once(given: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        LocalServer(**given)
