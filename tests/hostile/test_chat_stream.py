"""A streamed chat completion over a raw socket: whole or an error, and nothing left open. Each row is a promise."""

import gc
import gzip
import json
import socket
import threading
import time
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any, cast

import anyio
import httpx
import pytest
from anyio.from_thread import BlockingPortal
from support.clients import Against, Connect
from support.events import DONE, HEAD, HELLO, chunk, event, sends_events, streamed, whole
from support.pools import async_slots_of, open_files, slots_of, usage
from support.samples import COMPLETION, USAGE
from support.scripted_server import Replies, Script, ScriptedServer, ok, read_request, reply, reset_on_close, sends
from support.waiting import eventually, eventually_async

from pixigpt import (
    APIConnectionError,
    APIError,
    APIResponseError,
    APITimeoutError,
    AsyncClient,
    AuthenticationError,
    BadRequestError,
    Client,
    DeadlineExceededError,
    PixiGPTError,
    RateLimitError,
    ServerError,
    capture_responses,
    deadline,
)
from pixigpt._streams.chunk import text_of

WORDS = ("Par", "is", ".")


def texts(stream: Any) -> list[str]:
    return list(stream.text())


def test_words_come_and_their_connection_is_used_again(against: Against) -> None:
    client, server = against(Replies(whole(*WORDS)))
    for _ in range(3):
        with client.stream_chat_completion(HELLO) as stream:
            assert stream.snapshot is None
            assert texts(stream) == [*WORDS]
            assert (stream.status_code, stream.attempts, stream.request_id) == (200, 1, "r1")
            assert stream.headers["content-type"] == "text/event-stream"
            assert stream.is_streamed
            assert 0 < stream.first_chunk_after < 5
        answer = stream.completion()
        assert answer.to_dict()["choices"][0]["message"] == {"role": "assistant", "content": "Paris."}
        assert stream.usage is not None
        assert stream.usage.to_dict() == answer.usage.to_dict() == USAGE
        assert list(stream) == []
    assert server.connections == 1


def test_a_character_that_is_cut_between_chunks_comes_whole(against: Against) -> None:
    halves = [
        b'data: {"choices": [{"delta": {"content": "%b"}}]}\n\n' % half
        for half in (b"a\\ud83d", b"\\ude42", b"\\ud83d")
    ]
    client, _ = against(Replies(streamed(*halves, DONE)))
    with client.stream_chat_completion(HELLO) as stream:
        assert texts(stream) == ["a", "\U0001f642", "\ud83d"]
    assert stream.completion().choices[0].message.content == "a\U0001f642\ud83d"


def test_the_request_asks_for_a_stream_and_its_usage(against: Against) -> None:
    replies = Replies(whole("a"))
    client, _ = against(replies)
    for include_usage in (True, False):
        with client.stream_chat_completion(HELLO, temperature=1, include_usage=include_usage) as stream:
            stream.completion()
    first, second = (json.loads(each[each.index(b'{"messages') :]) for each in replies.requests)
    assert first == {"messages": HELLO, "temperature": 1, "stream": True, "stream_options": {"include_usage": True}}
    assert second == {"messages": HELLO, "temperature": 1, "stream": True}
    assert replies.headers("accept") == ["text/event-stream, application/json"] * 2
    assert replies.headers("accept-encoding") == ["identity"] * 2
    assert len(set(replies.headers("idempotency-key"))) == 2


def test_nothing_is_sent_before_the_block_and_a_bad_argument_is_told_before_it(against: Against) -> None:
    client, server = against(Replies(whole("a")))
    stream = client.stream_chat_completion(HELLO)
    assert (stream.snapshot, stream.usage) == (None, None)
    for use in (stream.completion, lambda: list(stream), lambda: texts(stream), lambda: stream.is_streamed):
        with pytest.raises(RuntimeError, match=r"only inside its `(async )?with` block"):
            use()
    with pytest.raises(ValueError, match="messages must not be empty"):
        client.stream_chat_completion([])
    with pytest.raises(TypeError, match="include_usage must be a bool, not str"):
        client.stream_chat_completion(HELLO, include_usage=cast("Any", "no"))
    for name in ("stream", "stream_options"):
        with pytest.raises(ValueError, match=f"'{name}' is set by the call itself"):
            client.with_options(extra_body={name: False}).stream_chat_completion(HELLO)
    assert server.connections == 0
    with stream, pytest.raises(RuntimeError, match="only once"), stream:
        pass
    closed = client.stream_chat_completion(HELLO)
    closed.close()
    with pytest.raises(RuntimeError, match="closed before it was entered"), closed:
        pytest.fail("it must not be entered")
    assert server.connections == 1


def test_not_2xx_is_a_typed_error_on_entering(against: Against) -> None:
    client, _ = against(Replies(reply(400, b'{"error": {"message": "no"}}')))
    stream = client.stream_chat_completion(HELLO)
    with pytest.raises(BadRequestError, match="no") as caught, stream:
        pytest.fail("it must not be entered")
    assert not caught.value.mid_stream
    assert stream.snapshot is None
    with pytest.raises(BadRequestError):
        stream.completion()


FIRST = {"error": {"message": "overloaded", "type": "server_error", "code": 503}}


@pytest.mark.parametrize(
    "first",
    [
        sends(reply(503, b"", b"Connection: close")),
        sends(HEAD),
        sends(HEAD + b": a comment\n\nretry: 10\n\n"),
        sends(HEAD + b"data: {}"[:5]),
        sends(HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 100\r\n\r\n") + b": a comment\n\n"),
        sends_events(event(FIRST)),
        sends_events(event({"error": "no idea"}, b"event: error")),
        sends_events(b"event: error\ndata: no JSON\n\n"),
        sends(ok(b'{"id": ')[:-1]),
        sends(),
    ],
    ids=["503", "headers", "comments", "cut", "cut off", "503 in it", "error", "text", "cut JSON", "closed"],
)
def test_failures_before_the_first_event_are_retried(against: Against, first: Script) -> None:
    replies = Replies(whole(*WORDS))
    client, server = against(first, replies)
    with capture_responses() as responses, client.stream_chat_completion(HELLO) as stream:
        assert texts(stream) == [*WORDS]
        assert stream.attempts == 2
    assert server.connections == 2
    assert [(each.status_code, each.attempts) for each in responses] == [(200, 2)]


@pytest.mark.parametrize("code", [400, 429])
def test_an_error_as_the_first_event_is_retried_only_if_its_code_is(against: Against, code: int) -> None:
    client, server = against(Replies(streamed(event({"error": {"message": "no", "code": code}}))))
    with (
        capture_responses() as responses,
        pytest.raises(APIError) as caught,
        client.stream_chat_completion(HELLO),
    ):
        pytest.fail("it must not be entered")
    assert (caught.value.status_code, caught.value.attempts, caught.value.mid_stream) == (code, 1, True)
    assert server.connections == 1
    assert [each.status_code for each in responses] == [200]


def test_an_idempotency_key_is_that_of_all_attempts(against: Against) -> None:
    replies = Replies(streamed(event(FIRST)), whole("a"))
    client, _ = against(replies)
    with client.stream_chat_completion(HELLO) as stream:
        assert stream.completion().choices[0].message.content == "a"
    assert len(set(replies.headers("idempotency-key"))) == 1
    assert len(replies.requests) == 2


def resets(connection: socket.socket) -> None:
    sends_events(chunk("Par"), pause=0.05)(connection)
    reset_on_close(connection)


def waits(connection: socket.socket) -> None:
    """Send one word, and wait."""
    read_request(connection)
    connection.sendall(HEAD + chunk("Par"))
    connection.recv(1)


AFTER: dict[str, tuple[Script, type[PixiGPTError], str]] = {
    "closed": (sends_events(chunk("Par")), APIConnectionError, "the stream ended before the answer did"),
    "closed in an event": (sends_events(chunk("Par"), chunk("is")[:-9]), APIConnectionError, "ended before the answer"),
    "reset": (resets, APIConnectionError, "no complete response"),
    "cut off": (sends(streamed(chunk("Par"))[:-5]), APIConnectionError, "closed the connection"),
    "silent": (waits, APITimeoutError, "in time"),
    "an error": (sends_events(chunk("Par"), event(FIRST)), ServerError, "overloaded"),
    "no JSON": (sends_events(chunk("Par"), b"data: oops\n\n"), APIResponseError, "an event is not JSON"),
    "no object": (sends_events(chunk("Par"), event([1])), APIResponseError, "the chunk is list"),
    "no choices": (sends_events(chunk("Par"), event({"id": "c"})), APIResponseError, "choices is missing"),
    "wrong type": (sends_events(chunk("Par"), event({"choices": 1})), APIResponseError, "choices is int"),
}  # fmt: skip


@pytest.mark.parametrize(("script", "kind", "text"), AFTER.values(), ids=AFTER.keys())
def test_a_failure_after_the_first_event_is_never_retried(
    against: Against, script: Script, kind: type[PixiGPTError], text: str
) -> None:
    client, server = against(script, timeout=0.8)
    seen: list[str] = []
    with client.stream_chat_completion(HELLO) as stream, pytest.raises(kind, match=text) as caught:
        seen.extend(stream.text())  # which keeps what came before the failure
    assert (seen, caught.value.attempts, server.connections) == (["Par"], 1, 1)
    assert stream.snapshot is not None
    assert stream.snapshot.choices[0].message.content == "Par"
    for use in (stream.completion, lambda: list(stream)):
        with pytest.raises(kind, match=text):
            use()
    assert eventually(lambda: server.open == 0)


MID_STREAM: dict[str, tuple[bytes, type[APIError], int, str]] = {
    "type": (event({"error": {"message": "m", "type": "rate_limit_error"}}), RateLimitError, 429, "m"),
    "type and code": (event({"error": {"type": "authentication_error", "code": 403}}), AuthenticationError, 403, "403"),
    "bad request": (event({"error": {"message": "m", "type": "invalid_request_error"}}), BadRequestError, 400, "m"),
    "code": (event({"error": {"message": "m", "type": "x", "code": 400}}), BadRequestError, 400, "m"),
    "code of no class": (event({"error": {"message": "m", "code": 418}}), APIError, 418, "m"),
    "code that is no error's": (event({"error": {"message": "m", "code": 200}}), ServerError, 500, "m"),
    "code as text": (event({"error": {"message": "m", "code": "429"}}), ServerError, 500, "m"),
    "true": (event({"error": {"message": "m", "code": True}}), ServerError, 500, "m"),
    "nothing": (event({"error": {}, "message": "m"}, b"event: error"), ServerError, 500, "500"),
    "text": (event({"error": "m"}), ServerError, 500, "m"),
    "beside choices": (event({"error": {"message": "m", "code": 502}, "choices": []}), ServerError, 502, "m"),
    "event: error": (event({"message": "m", "code": 503}, b"event: error"), ServerError, 503, "m"),
    "event: error with text": (b"event: error\ndata: m\n\n", ServerError, 500, "m"),
    "a bare line": (b'error: {"code": 400, "message": "m"}\n\n', BadRequestError, 400, "m"),
    "a bare line at the end": (b'error: {"error": {"code": 501, "message": "m"}}', ServerError, 501, "m"),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "kind", "status", "message"), MID_STREAM.values(), ids=MID_STREAM.keys())
def test_an_error_in_mid_stream_is_a_typed_error(sent: bytes, kind: type[APIError], status: int, message: str) -> None:
    with (
        ScriptedServer(sends_events(chunk("Par"), sent)) as server,
        Client("sk-test", server.base_url) as client,
        client.stream_chat_completion(HELLO) as stream,
        pytest.raises(APIError) as caught,
    ):
        list(stream)
    error = caught.value
    assert (type(error), error.status_code, error.mid_stream, error.request_id) == (kind, status, True, "r1")
    assert message in error.message
    assert "in mid-stream: " in str(error)


def test_an_error_that_is_null_is_none(against: Against) -> None:
    null = event({"error": None, "choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]})
    client, _ = against(Replies(streamed(null)))
    with client.stream_chat_completion(HELLO) as stream:
        assert texts(stream) == ["a"]


def test_a_key_that_the_server_echoes_is_not_shown(against: Against) -> None:
    echo = {"error": {"message": "sk-test is bad", "code": 401}}
    client, _ = against(sends_events(event(echo)), sends_events(chunk("a"), b"data: sk-test\n\n"))
    with pytest.raises(AuthenticationError) as caught, client.stream_chat_completion(HELLO):
        pass
    with client.stream_chat_completion(HELLO) as stream, pytest.raises(APIResponseError) as shapeless:
        list(stream)
    for error in (caught.value, shapeless.value):
        assert "sk-test" not in f"{error} {vars(error)}"


ENDS: dict[str, tuple[bytes, str]] = {
    "[DONE]": (chunk("a") + chunk(finish_reason="length") + DONE, "length"),
    "[DONE] without finish_reason": (chunk("a") + DONE, "stop"),
    "[DONE] without a blank line": (chunk("a") + DONE[:-2], "stop"),
    "finish_reason without [DONE]": (chunk("a") + chunk(finish_reason="length"), "length"),
    "finish_reason and half of [DONE]": (chunk("a") + chunk(finish_reason="length") + DONE[:9], "length"),
    "without the last blank line": (chunk("a") + chunk(finish_reason="length")[:-2], "length"),
    "empty finish_reasons": (chunk("a", "") + DONE, "stop"),
    "another choice unfinished": (chunk("a", "length") + event({"choices": [{"index": 1}]}), "length"),
    "events after [DONE]": (chunk("a", "length") + DONE + chunk("b") + b"data: no JSON\n\n", "length"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "reason"), ENDS.values(), ids=ENDS.keys())
def test_what_ends_as_it_should_is_whole(body: bytes, reason: str) -> None:
    with (
        ScriptedServer(sends(HEAD + body)) as server,
        Client("sk-test", server.base_url) as client,
        client.stream_chat_completion(HELLO) as stream,
    ):
        choice = stream.completion().choices[0]
    assert (choice.message.content, choice.finish_reason) == ("a", reason)


@pytest.mark.parametrize("body", [DONE, event({"choices": [], "usage": USAGE}) + DONE], ids=["nothing", "usage"])
def test_a_stream_without_a_choice_is_an_error(against: Against, body: bytes) -> None:
    client, _ = against(Replies(streamed(body)))
    with pytest.raises(APIResponseError, match="no chunk had a choice"), client.stream_chat_completion(HELLO) as stream:
        list(stream)


def test_json_in_place_of_a_stream_is_one_chunk(against: Against) -> None:
    replies = Replies(ok(json.dumps(COMPLETION).encode()))
    client, _ = against(replies)
    with client.stream_chat_completion(HELLO) as stream:
        assert not stream.is_streamed
        (only,) = list(stream)
    assert only.choices[0].delta is not None
    assert only.choices[0].delta.tool_calls is not None
    assert only.object_ == "chat.completion.chunk"
    assert stream.completion().to_dict() == client.create_chat_completion(HELLO).to_dict()
    assert len(replies.requests) == 2
    with client.stream_chat_completion(HELLO) as stream:
        assert next(iter(stream)) == only
    assert stream.completion().usage.to_dict() == COMPLETION["usage"]
    with client.stream_chat_completion(HELLO) as stream:
        pass
    with pytest.raises(RuntimeError, match="closed before all of it was read"):
        stream.completion()


NO_STREAM: dict[str, tuple[bytes, str]] = {
    "a web page": (reply(200, b"<!doctype html>", b"Content-Type: text/html"), "the body is a web page"),
    "text": (reply(200, b"data: {}", b"Content-Type: text/plain"), "the content type is 'text/plain'"),
    "JSON lines": (reply(200, b"{}", b"Content-Type: application/x-ndjson"), "the content type is"),
    "text/event-streams": (reply(200, b"{}", b"Content-Type: text/event-streams"), "the content type is"),
    "nothing": (reply(204, b"", b"Content-Type: text/plain"), "the content type is"),
    "JSON of another shape": (reply(200, b'{"id": 1}', b"Content-Type: application/json; a=b"), "the result's"),
    "no JSON": (reply(200, b"data: {}", b"Content-Type: application/json"), "the body is not JSON"),
}


@pytest.mark.parametrize(("response", "text"), NO_STREAM.values(), ids=NO_STREAM.keys())
def test_another_2xx_is_an_error_and_not_retried(response: bytes, text: str) -> None:
    with (
        ScriptedServer(Replies(response)) as server,
        Client("sk-test", server.base_url) as client,
        capture_responses() as responses,
        pytest.raises(APIResponseError, match=text) as caught,
        client.stream_chat_completion(HELLO),
    ):
        pytest.fail("it must not be entered")
    assert (caught.value.attempts, len(responses)) == (1, 1)


def test_the_content_type_may_have_parameters_and_be_missing(against: Against) -> None:
    body = chunk("é", "stop")
    for lines in ([b"Content-Type: Text/Event-Stream ; charset=latin-1"], []):
        client, _ = against(Replies(reply(200, body, *lines)))
        with client.stream_chat_completion(HELLO) as stream:
            assert texts(stream) == ["é"]


def test_gzip_is_inflated_piece_by_piece(against: Against) -> None:
    zipped = gzip.compress(chunk("Par") + chunk("is", "stop") + DONE)
    head = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    client, _ = against(
        sends(head + zipped[:5], *(zipped[at : at + 7] for at in range(5, len(zipped), 7)), pause=0.01), timeout=0.5
    )
    with client.stream_chat_completion(HELLO) as stream:
        assert texts(stream) == ["Par", "is"]


def lingers(connection: socket.socket) -> None:
    """Send a whole stream but for the end of its body, and wait."""
    read_request(connection)
    connection.sendall(whole("a").removesuffix(b"0\r\n\r\n"))
    connection.settimeout(5)
    connection.recv(1)


def floods(connection: socket.socket) -> None:
    """Never stop after `[DONE]`."""
    read_request(connection)
    connection.sendall(HEAD + chunk("a") + DONE)
    while True:
        connection.sendall(b":" * 65536)


def ends_late(connection: socket.socket) -> None:
    """Send the end of the body soon after `[DONE]`."""
    while read_request(connection):
        connection.sendall(whole("a").removesuffix(b"0\r\n\r\n"))
        time.sleep(0.01)
        connection.sendall(b"0\r\n\r\n")


@pytest.mark.parametrize("script", [lingers, floods], ids=["silent", "flood"])
def test_a_server_that_lingers_after_done_is_left(against: Against, script: Script) -> None:
    client, server = against(script)
    started = time.monotonic()
    with client.stream_chat_completion(HELLO) as stream:
        assert texts(stream) == ["a"]
    assert time.monotonic() - started < 2
    assert stream.completion().choices[0].message.content == "a"
    assert eventually(lambda: server.open == 0)


def test_a_body_that_ends_soon_after_done_leaves_the_connection_usable(
    against: Against, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pixigpt._streams.chat_flow._LONGEST_DRAIN", 5)  # a busy machine's 10 ms may be more than 50
    client, server = against(ends_late)
    for _ in range(3):
        with client.stream_chat_completion(HELLO) as stream:
            assert texts(stream) == ["a"]
    assert server.connections == 1


def drips(connection: socket.socket) -> None:
    """Send comments and an event byte by byte, each soon enough."""
    read_request(connection)
    connection.sendall(HEAD)
    for byte in b": a\n" * 3 + chunk("a", "stop")[:20]:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)
    connection.sendall(chunk("a", "stop")[20:])


def test_any_byte_ends_a_silence(against: Against) -> None:
    client, _ = against(drips, timeout=0.3)
    with client.stream_chat_completion(HELLO) as stream:
        assert texts(stream) == ["a"]


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b": a\n\n"], ids=["nothing", "headers", "a comment"])
def test_silence_before_the_first_event_is_a_timeout(against: Against, sent: bytes) -> None:
    def silent(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(sent)
        connection.recv(1)

    client, server = against(silent, timeout=0.1, max_retries=1)
    with pytest.raises(APITimeoutError) as caught, client.stream_chat_completion(HELLO):
        pytest.fail("it must not be entered")
    assert (caught.value.attempts, server.connections) == (2, 2)
    assert eventually(lambda: server.open == 0)


def comments(connection: socket.socket) -> None:
    """Send a word, then comments without end."""
    read_request(connection)
    connection.sendall(HEAD + chunk("Par"))
    while True:
        connection.sendall(b": a\n\n")
        time.sleep(0.02)


def test_the_deadline_bounds_the_whole_stream(against: Against) -> None:
    client, server = against(comments, total_timeout=0.3)
    with client.stream_chat_completion(HELLO) as stream, pytest.raises(DeadlineExceededError):
        list(stream)
    assert eventually(lambda: server.open == 0)
    with pytest.raises(DeadlineExceededError):
        stream.completion()


def test_a_pause_of_the_users_counts_towards_the_deadline() -> None:
    with (
        ScriptedServer(comments) as server,
        Client("sk-test", server.base_url) as client,
        deadline(1),
        client.stream_chat_completion(HELLO) as stream,
    ):
        next(stream)
        time.sleep(1)
        with pytest.raises(DeadlineExceededError, match="while the response was being read"):
            next(stream)


@pytest.mark.parametrize(
    "body",
    [chunk("x" * 50) * 40, b"data: " + b"x" * 4000, b": " + b"x" * 4000],
    ids=["many events", "one event", "a comment"],
)
def test_a_stream_that_is_too_large_is_an_error(against: Against, body: bytes) -> None:
    client, server = against(sends(HEAD + chunk("Par"), body, pause=0.05), max_response_bytes=2000)
    with client.stream_chat_completion(HELLO) as stream, pytest.raises(APIResponseError, match="max_response_bytes"):
        list(stream)
    assert eventually(lambda: server.open == 0)


@pytest.mark.parametrize("script", [waits, sends(whole(*WORDS), pause=0.1)], ids=["waiting", "all there"])
def test_leaving_early_closes_the_socket_and_frees_the_slot(
    against: Against, portal: BlockingPortal | None, script: Script
) -> None:
    client, server = against(script)
    with client.stream_chat_completion(HELLO) as stream:
        for _ in stream:
            break
    assert eventually(lambda: server.open == 0)
    with pytest.raises(LookupError), client.stream_chat_completion(HELLO) as stream:
        raise LookupError(next(iter(stream)).id)
    assert eventually(lambda: server.open == 0)
    with client.stream_chat_completion(HELLO) as stream:
        stream.close()
        for use in (stream.completion, lambda: list(stream)):
            with pytest.raises(RuntimeError, match="closed before all of it was read"):
                use()
    assert usage(slots_of(client, portal)) == (0, 0, 0)


def test_a_dropped_stream_warns_closes_its_socket_and_frees_its_slot() -> None:
    with ScriptedServer(waits) as server, Client("sk-test", server.base_url) as client:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            client.stream_chat_completion(HELLO).__enter__()
            gc.collect()
        assert [(each.category, "<ChatCompletionStream 200> was dropped" in str(each.message)) for each in caught] == [
            (ResourceWarning, True)
        ]
        assert usage(slots_of(client)) == (0, 0, 0)
        assert eventually(lambda: server.open == 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("drops", ["in the loop", "in a thread"])
def test_a_dropped_async_stream_warns_closes_its_socket_and_frees_its_slot(backend: str, drops: str) -> None:
    async def use(base_url: str, server: ScriptedServer) -> None:
        limits = httpx.Limits(max_connections=1)
        async with AsyncClient("sk-test", base_url, limits=limits) as client:
            streams = [client.stream_chat_completion(HELLO)]
            await streams[0].__aenter__()
            files = open_files()
            if drops == "in the loop":
                streams.clear()
            else:
                await anyio.to_thread.run_sync(streams.clear)
            gc.collect()
            assert await eventually_async(lambda: server.open == 0)
            assert usage(await async_slots_of(client)) == (0, 0, 0)
            assert open_files() < files
            async with client.stream_chat_completion(HELLO) as again:  # there is but one slot
                assert await anext(again)

    with ScriptedServer(waits) as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        anyio.run(use, server.base_url, server, backend=backend)
    assert ["was dropped while it was open" in str(each.message) for each in caught] == [True]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("way", ["through a proxy", "injected"])
def test_a_dropped_async_stream_on_other_connections_warns(backend: str, way: str) -> None:
    """Through a proxy it hangs up too; of an injected client's connections only that client knows."""

    async def use(server: ScriptedServer) -> None:
        async with AsyncExitStack() as stack:
            options: dict[str, Any] = {"proxy": server.base_url.removesuffix("/v1")}
            if way == "injected":
                options = {"http_client": await stack.enter_async_context(httpx.AsyncClient(trust_env=False))}
            client = await stack.enter_async_context(AsyncClient("sk-test", server.base_url, **options))
            await client.stream_chat_completion(HELLO).__aenter__()
            gc.collect()
            if way == "through a proxy":
                assert await eventually_async(lambda: server.open == 0)
                assert usage(await async_slots_of(client)) == (0, 0, 0)

    with ScriptedServer(waits) as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        anyio.run(use, server, backend=backend)
        gc.collect()
    assert "was dropped while it was open" in str(caught[0].message)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_dropped_async_stream_closes_the_connections_that_have_expired_meanwhile(backend: str) -> None:
    async def use(server: ScriptedServer) -> None:
        async with AsyncClient("sk-test", server.base_url, limits=httpx.Limits(keepalive_expiry=0.01)) as client:
            stream = client.stream_chat_completion(HELLO)
            await stream.__aenter__()
            await client.list_threads()
            await anyio.sleep(0.02)
            with pytest.warns(ResourceWarning, match="was dropped"):
                del stream
            assert usage(await async_slots_of(client)) == (0, 0, 0)
            assert await eventually_async(lambda: server.open == 0)

    with ScriptedServer(waits, Replies(ok(b'{"object": "list", "data": []}'))) as server:
        anyio.run(use, server, backend=backend)


def test_streams_come_through_a_proxy(connect: Connect) -> None:
    with ScriptedServer(Replies(whole(*WORDS))) as proxy:
        client = connect("sk-test", "http://127.0.0.1:9/v1", proxy=proxy.base_url.removesuffix("/v1"))
        for _ in range(2):
            with client.stream_chat_completion(HELLO) as stream:
                assert texts(stream) == [*WORDS]
        assert proxy.connections == 1
    with ScriptedServer(waits) as proxy:
        client = connect("sk-test", "http://127.0.0.1:9/v1", proxy=proxy.base_url.removesuffix("/v1"))
        with client.stream_chat_completion(HELLO) as stream:
            next(iter(stream))
        assert eventually(lambda: proxy.open == 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_stream_that_is_dropped_after_its_loop_hangs_up(backend: str) -> None:
    kept: list[Any] = []

    async def use(base_url: str) -> None:
        client = AsyncClient("sk-test", base_url)
        kept.append(client.stream_chat_completion(HELLO))
        await kept[0].__aenter__()
        await client.aclose()

    with ScriptedServer(waits) as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        anyio.run(use, server.base_url, backend=backend)
        assert server.open == 1
        kept.clear()
        gc.collect()
        assert "was dropped while it was open" in str(caught[0].message)
        assert eventually(lambda: server.open == 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_is_cancelled_in_a_stream_leaves_nothing_open(backend: str) -> None:
    async def use(base_url: str, server: ScriptedServer) -> None:
        async with AsyncClient("sk-test", base_url, timeout=None) as client:
            stream = client.stream_chat_completion(HELLO)
            with anyio.move_on_after(0.2) as scope:
                async with stream:
                    async for _ in stream.text():
                        pass
            assert scope.cancelled_caught
            assert usage(await async_slots_of(client)) == (0, 0, 0)
            assert await eventually_async(lambda: server.open == 0)
            with pytest.raises(RuntimeError, match="closed before all of it was read"):
                await stream.completion()

    with ScriptedServer(waits) as server:
        anyio.run(use, server.base_url, server, backend=backend)


def test_a_slow_reader_of_a_fast_server_holds_little() -> None:
    sent = 0

    def fast(connection: socket.socket) -> None:
        nonlocal sent
        read_request(connection)
        connection.sendall(HEAD)
        connection.settimeout(0.5)  # until it is full
        events = chunk("x" * 1000) * 60
        while True:
            sent += connection.send(events)

    with ScriptedServer(fast) as server:
        for backend in ("sync", "asyncio", "trio"):
            sent = 0
            _reads_slowly(server.base_url, backend)
            assert sent < 20 * 2**20  # what two sockets hold, and not the gigabytes of a second


def _reads_slowly(base_url: str, backend: str) -> None:
    """Read a few chunks in a second, and hold less than a few MB of what the server has sent."""
    tracemalloc.start()
    try:
        if backend == "sync":
            with Client("sk-test", base_url) as client, client.stream_chat_completion(HELLO) as stream:
                for _ in range(5):
                    next(stream)
                    time.sleep(0.1)
        else:
            anyio.run(_reads_slowly_async, base_url, backend=backend)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


async def _reads_slowly_async(base_url: str) -> None:
    async with AsyncClient("sk-test", base_url) as client, client.stream_chat_completion(HELLO) as stream:
        for _ in range(5):
            await anext(stream)
            await anyio.sleep(0.1)


def test_a_mock_streams_too(connect: Connect) -> None:
    body = chunk("a") + chunk("b", "stop") + DONE
    headers = {"content-type": "text/event-stream"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=body))
    with connect("sk-test", transport=transport).stream_chat_completion(HELLO) as stream:
        assert texts(stream) == ["a", "b"]
    assert stream.completion().choices[0].message.content == "ab"


def test_an_injected_client_streams_too() -> None:
    limits = httpx.Limits(max_connections=1)
    with (
        ScriptedServer(Replies(whole(*WORDS))) as server,
        httpx.Client(limits=limits, timeout=5) as http,
        Client("sk-test", server.base_url, http_client=http) as client,
    ):
        for _ in range(2):
            with client.stream_chat_completion(HELLO) as stream:
                assert texts(stream) == [*WORDS]
        with client.stream_chat_completion(HELLO) as stream:
            next(stream)
        with client.stream_chat_completion(HELLO) as stream:
            assert stream.completion().choices[0].message.content == "Paris."


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_injected_async_client_streams_too(backend: str) -> None:
    async def use(base_url: str) -> None:
        limits = httpx.Limits(max_connections=1)
        async with (
            httpx.AsyncClient(limits=limits, timeout=5) as http,
            AsyncClient("sk-test", base_url, http_client=http) as client,
        ):
            for _ in range(2):
                async with client.stream_chat_completion(HELLO) as stream:
                    assert [text async for text in stream.text()] == [*WORDS]
            async with client.stream_chat_completion(HELLO) as stream:
                await anext(stream)
            async with client.stream_chat_completion(HELLO) as stream:
                assert (await stream.completion()).choices[0].message.content == "Paris."

    with ScriptedServer(Replies(whole(*WORDS))) as server:
        anyio.run(use, server.base_url, backend=backend)


def test_other_threads_stream_while_one_waits() -> None:
    over = threading.Event()

    def holds(connection: socket.socket) -> None:
        sends_events(chunk("a"))(connection)
        over.wait(5)

    def ends_early(stream: Any) -> None:
        with pytest.raises(APIConnectionError):
            next(stream)

    with (
        ScriptedServer(holds, Replies(whole("b"))) as server,
        Client("sk-test", server.base_url) as client,
        client.stream_chat_completion(HELLO) as stream,
        ThreadPoolExecutor(1) as threads,
    ):
        assert text_of(next(stream)) == "a"
        waiting = threads.submit(ends_early, stream)
        with client.stream_chat_completion(HELLO) as other:
            assert texts(other) == ["b"]
        assert not waiting.done()
        over.set()
        waiting.result()


def test_a_second_reader_is_refused_and_the_first_reads_on(against: Against) -> None:
    over = threading.Event()

    def holds(connection: socket.socket) -> None:
        sends_events(chunk("a"))(connection)
        over.wait(5)
        connection.sendall(chunk("b", "stop") + DONE)

    client, _ = against(holds)
    with client.stream_chat_completion(HELLO) as stream, ThreadPoolExecutor(1) as threads:
        assert text_of(next(stream)) == "a"
        waiting = threads.submit(texts, stream)
        time.sleep(0.2)
        with pytest.raises(RuntimeError, match="another task or thread is reading the stream"):
            next(stream)
        over.set()
        assert waiting.result() == ["b"]
