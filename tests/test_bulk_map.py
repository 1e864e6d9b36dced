"""Many calls at once: what `map_chat_completions` and `map_embeddings` give, and what leaving them ends."""

import gc
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import aclosing, closing, suppress
from typing import Any

import anyio
import httpcore
import pytest
from anyio.from_thread import BlockingPortal
from support.clients import Against, Connect
from support.pools import slots_of, usage
from support.scripted_server import Replies, ScriptedServer, ok, read_request, reply, silent
from support.waiting import eventually, eventually_async

from pixigpt import (
    AsyncClient,
    AuthenticationError,
    BadRequestError,
    Client,
    ClientClosedError,
    DeadlineExceededError,
    RateLimitError,
    RetryPolicy,
    capture_responses,
    deadline,
)
from pixigpt._transport.abort import Abort, AbortedError
from pixigpt._transport.backend import Deadline
from pixigpt._transport.connection import DirectConnection
from pixigpt._transport.routes import Route
from pixigpt._transport.urls import Origin
from pixigpt.middleware import CallRequest, CallResponse
from pixigpt.testing import LocalServer

COMPLETION = b"""{"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0,
"message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}]}"""


def is_idle(items: Any) -> bool:
    engine = getattr(items, "iterator", items)._plan.engine
    return bool(engine.is_starving and engine.in_flight == 0)


def said(text: str) -> str:
    return f"You said: {text}"


def test_each_item_is_its_own_requests_in_order(client: Client, server: LocalServer) -> None:
    server.delay(0.2, times=1)  # the first one is late
    items = list(client.map_chat_completions((f"number {number}" for number in range(40)), concurrency=8))
    assert [item.index for item in items] == list(range(40))
    assert [item.text for item in items] == [said(f"number {number}") for number in range(40)]
    assert {(item.attempts, item.error, item.id) for item in items} == {(1, None, None)}


def test_unordered_items_come_as_they_end(client: Client, server: LocalServer) -> None:
    server.delay(0.5, times=1)
    prompts = [f"number {number}" for number in range(8)]
    indexes = [item.index for item in client.map_chat_completions(prompts, concurrency=8, ordered=False)]
    assert sorted(indexes) == list(range(8))
    assert indexes != list(range(8))


def test_a_request_may_be_a_mapping_with_an_id_and_arguments_of_its_own(client: Client, server: LocalServer) -> None:
    conversation = [{"role": "system", "content": "Own."}, {"role": "user", "content": "two"}]
    requests: list[Any] = [
        "one",
        {"id": "b", "messages": conversation, "max_tokens": 5000},
        {"id": 3, "prompt": "three", "system": "Brief."},
        {"prompt": "four", "assistant_id": server.assistant_id},
    ]
    items = list(client.map_chat_completions(requests, concurrency=1, temperature=0.5))
    assert [item.id for item in items] == [None, "b", "3", None]
    assert [item.request for item in items] == requests
    bodies: list[Any] = [request.body for request in server.requests]
    assert [[message["role"] for message in body["messages"]] for body in bodies] == [["system", "user"]] * 3 + [
        ["user"]
    ]
    assert [body["messages"][0]["content"] for body in bodies[1:3]] == ["Own.", "Brief."]
    assert {body["temperature"] for body in bodies} == {0.5}
    assert bodies[1]["max_tokens"] == 5000


def test_one_failure_is_a_value_and_each_item_has_a_key_of_its_own(client: Client, server: LocalServer) -> None:
    server.fail("/chat/completions", status=400, times=1)
    items = list(client.map_chat_completions(["a", "b", "c"], concurrency=1))
    assert [type(item.error) for item in items] == [BadRequestError, type(None), type(None)]
    assert [item.text for item in items] == ["", said("b"), said("c")]
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 3


@pytest.mark.parametrize(
    ("status", "options", "error"),
    [(401, {}, AuthenticationError), (400, {"max_failures": 1}, BadRequestError)],
)
def test_what_ends_the_whole_is_raised_by_the_loop(
    client: Client, server: LocalServer, status: int, options: dict[str, Any], error: type[Exception]
) -> None:
    server.fail("/chat/completions", status=status, times=None)
    items = client.map_chat_completions((str(number) for number in range(10**9)), concurrency=2, **options)
    with pytest.raises(error):
        list(items)
    assert list(items) == []


def test_a_refused_item_is_repeated_with_its_key_when_the_gate_opens(against: Against) -> None:
    server = Replies(reply(429, b"", b"Retry-After: 0.2"), reply(503, b"", b"Retry-After: 0.2"), ok(COMPLETION))
    client, _ = against(server)
    items = list(client.map_chat_completions(["a", "b"], concurrency=1))
    assert [(item.text, item.attempts) for item in items] == [("Yes.", 3), ("Yes.", 1)]
    assert len(set(server.headers("idempotency-key")[:3])) == 1
    assert server.moments[2] - server.moments[0] >= 0.4


def test_a_refusal_until_after_an_items_end_is_its_error(against: Against) -> None:
    client, _ = against(Replies(reply(429, b"", b"Retry-After: 30")), total_timeout=5.0)
    (item,) = client.map_chat_completions(["a"])
    assert isinstance(item.error, RateLimitError)
    assert item.error.retry_after == 30.0


def test_a_deadline_around_the_loop_ends_it(client: Client, server: LocalServer) -> None:
    server.delay(5.0, times=None)
    with deadline(0.2), pytest.raises(DeadlineExceededError):
        list(client.map_chat_completions(["a"] * 10))
    with deadline(0.2), pytest.raises(DeadlineExceededError):
        list(client.map_embeddings(["a"] * 10))


BAD_CALLS: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda client: client.map_chat_completions("a prompt"), TypeError, "requests must be"),
    (lambda client: client.map_chat_completions(5), TypeError, "requests must be"),
    (lambda client: client.map_chat_completions(["a"], concurrency=0), ValueError, "concurrency must be above 0"),
    (lambda client: client.map_chat_completions(["a"], concurrency=1.5), TypeError, "concurrency must be an integer"),
    (lambda client: client.map_chat_completions(["a"], requests_per_minute=0), ValueError, "requests_per_minute"),
    (lambda client: client.map_chat_completions(["a"], max_failures=-1), ValueError, "max_failures"),
    (lambda client: client.map_chat_completions(["a"], temperature="hot"), TypeError, "temperature"),
    (lambda client: client.map_chat_completions(["a"], model="m"), TypeError, "pass assistant_id"),
    (lambda client: client.map_embeddings("a text"), TypeError, "texts must be"),
    (lambda client: client.map_embeddings(["a"], batch_size=0), ValueError, "batch_size must be above 0"),
    (lambda client: client.map_embeddings(["a"], model=5), TypeError, "model must be a str"),
]


@pytest.mark.parametrize(("call", "error", "text"), BAD_CALLS)
def test_a_bad_argument_is_refused_at_once(
    client: Client, server: LocalServer, call: Callable[[Client], object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        call(client)
    assert server.requests == []


BAD_REQUESTS: list[tuple[object, type[Exception], str]] = [
    (5, TypeError, "request 1: it must be a prompt or a mapping"),
    ({"prompt": 5}, TypeError, "request 1: a prompt must be a str"),
    ({"prompt": "a", "messages": [{"role": "user", "content": "a"}]}, ValueError, "either a prompt or messages"),
    ({}, ValueError, "request 1: it needs either a prompt or messages"),
    ({"prompt": "a", "id": ""}, ValueError, "an id must be"),
    ({"prompt": "a", "system": 5}, TypeError, "system must be a str"),
    ({"prompt": "a", "top_p": 1}, ValueError, "a request has no 'top_p'"),
    ({"messages": [{"content": "a"}]}, ValueError, "request 1: messages"),
    ({"messages": {"role": "user"}, "system": "s"}, TypeError, "request 1: messages must be a list, not dict"),
    ({"messages": ["a"], "system": "s"}, TypeError, r"request 1: messages\[0\] must be a dict"),
    ({"prompt": "a", "temperature": "hot"}, TypeError, "request 1: temperature"),
    ({"prompt": "a", "temperature": float("nan")}, ValueError, "request 1: an argument cannot be sent as JSON"),
    ("\ud800", ValueError, "request 1: a prompt must be a text that UTF-8 can hold"),
]


@pytest.mark.parametrize(("request_", "error", "text"), BAD_REQUESTS)
def test_a_bad_request_is_raised_by_the_loop(client: Client, request_: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        list(client.map_chat_completions(["a", request_], concurrency=1))


def test_a_text_that_is_none_is_named_by_its_place(client: Client) -> None:
    texts: list[Any] = ["a", "b", "c", None]
    with pytest.raises(TypeError, match=r"texts\[3\] must be a str, not NoneType"):
        list(client.map_embeddings(texts, batch_size=2))


def test_what_the_input_raises_is_raised_by_the_loop(client: Client) -> None:
    def prompts() -> Iterator[str]:
        yield "a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(client.map_chat_completions(prompts()))


def test_what_is_done_comes_before_what_the_input_raises(client: Client) -> None:
    def prompts() -> Iterator[str]:
        yield from "abc"
        raise ZeroDivisionError

    items: Any = client.map_chat_completions(prompts(), concurrency=1)
    texts = [next(items).text]
    for _ in "bc":
        assert eventually(lambda: is_idle(items))
        texts.append(next(items).text)
    assert texts == [said(text) for text in "abc"]
    with pytest.raises(ZeroDivisionError):
        next(items)


@pytest.mark.parametrize("place", ["input", "middleware"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_ends_the_program_leaves_by_the_loop(server: LocalServer, backend: str, place: str) -> None:
    ended: list[object] = []

    def may_exit(call: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
        if place == "middleware":
            raise SystemExit(3)
        return (yield call)

    def requests() -> Iterator[str]:
        yield "one"
        if place == "input":
            raise SystemExit(3)

    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url, middleware=[may_exit]) as client:
            try:
                async with client.map_chat_completions(requests(), concurrency=3) as items:
                    ended.extend([item.text async for item in items])
            except SystemExit as error:
                ended.append(error.code)
                raise

    with pytest.raises(SystemExit):
        anyio.run(use, backend=backend)
    assert ended == [3]


def test_the_input_is_read_as_the_items_are_taken(client: Client) -> None:
    read: list[int] = []

    def prompts() -> Iterator[str]:
        for number in range(10**9):
            read.append(number)
            yield f"number {number}"

    with closing(client.map_chat_completions(prompts(), concurrency=3)) as items:
        assert [next(items).index for _ in range(10)] == list(range(10))
        time.sleep(0.05)
        assert len(read) <= 10 + 2 * 3 + 1


def test_vectors_come_in_the_order_of_the_texts(client: Client, server: LocalServer) -> None:
    texts = [f"text {number}" for number in range(10)]
    with closing(client.map_embeddings(texts, batch_size=4, concurrency=2)) as vectors:
        found = list(vectors)
    assert found == [each.embedding for each in client.create_embedding(texts).data]
    bodies: list[Any] = [request.body for request in server.requests]
    assert sorted(len(body["input"]) for body in bodies) == [2, 4, 4, 10]


@pytest.mark.parametrize("body", [b'{"data": []}', b'{"data": [{"embedding": [1.0], "index": 7}]}'])
def test_vectors_of_other_texts_are_an_error(against: Against, body: bytes) -> None:
    client, _ = against(Replies(ok(body)))
    with pytest.raises(Exception, match="vectors for 1 texts"):
        list(client.map_embeddings(["a"]))


def test_a_failed_batch_of_texts_is_raised(client: Client, server: LocalServer) -> None:
    server.fail("/embeddings", status=400)
    with pytest.raises(BadRequestError):
        list(client.map_embeddings(["a"]))


def test_a_closed_client_ends_the_whole(client: Client) -> None:
    client.close()
    with pytest.raises(ClientClosedError):
        list(client.map_chat_completions(str(number) for number in range(10**9)))


def once_then_silent(connection: socket.socket) -> None:
    """Respond to the first request, then take another one and say nothing."""
    read_request(connection)
    connection.sendall(ok(COMPLETION))
    silent(connection)


def leave_by_break(items: Any) -> None:
    for _ in items:
        break


def leave_by_closing(items: Any) -> None:
    next(items)
    items.close()


def leave_by_an_error(items: Any) -> None:
    with suppress(ZeroDivisionError):
        for _ in items:
            raise ZeroDivisionError


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_closing, leave_by_an_error])
def test_leaving_early_ends_the_calls_in_flight(
    against: Against, portal: BlockingPortal | None, leave: Callable[[Any], None]
) -> None:
    client, server = against(once_then_silent, silent)
    leave(client.map_chat_completions((str(number) for number in range(10**9)), concurrency=4, ordered=False))
    gc.collect()  # the error's traceback is gone, and with it whatever held the iterator
    assert eventually(lambda: server.open <= 1, 2.0)  # the first connection may be idle again
    assert eventually(lambda: usage(slots_of(client, portal)).leased == 0)


@pytest.mark.parametrize("method", ["map_chat_completions", "map_embeddings"])
def test_closing_ends_the_loop_of_another_thread_or_task(client: Client, server: LocalServer, method: str) -> None:
    server.delay(30.0, times=None)
    items = getattr(client, method)(["a"] * 999, concurrency=2)
    found: list[object] = []
    reader = threading.Thread(target=lambda: found.extend(items), daemon=True)
    reader.start()
    assert eventually(lambda: len(server.requests) == 2)
    items.close()
    reader.join(5.0)
    assert (reader.is_alive(), found) == (False, [])


def test_several_threads_or_tasks_may_share_an_iterator(client: Client) -> None:
    items = client.map_chat_completions((str(number) for number in range(60)), concurrency=3)
    found: list[int] = []
    readers = [threading.Thread(target=lambda: found.extend(item.index for item in items), daemon=True) for _ in "abc"]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(10.0)
    assert [reader.is_alive() for reader in readers] == [False] * 3
    assert sorted(found) == list(range(60))


def test_while_a_thread_reads_the_input_another_waits() -> None:
    is_reading = threading.Event()
    found: list[int] = []

    def requests() -> Iterator[str]:
        is_reading.set()
        time.sleep(0.2)  # while the other thread comes for the next one
        yield "a"

    with ScriptedServer(Replies(ok(COMPLETION))) as server, Client("sk-test", server.base_url) as client:
        items = client.map_chat_completions(requests())
        readers = [threading.Thread(target=lambda: found.extend(item.index for item in items)) for _ in "ab"]
        for reader in readers:
            reader.start()
            assert is_reading.wait(5.0)
        for reader in readers:
            reader.join(10.0)
    assert found == [0]


def test_a_thread_that_waits_before_a_retry_does_not_send_once_the_loop_is_left() -> None:
    script = Replies(ok(COMPLETION), reply(500))
    with ScriptedServer(script) as server, Client("sk-test", server.base_url, retry=RetryPolicy(backoff=0.4)) as client:
        items = client.map_chat_completions(["a"] * 9, concurrency=1)
        next(items)
        assert eventually(lambda: len(script.requests) == 2)
        items.close()
        time.sleep(0.6)
        assert len(script.requests) == 2


def test_through_a_proxys_connection_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixigpt._transport.pool.is_httpcore_patched", lambda: True)
    with ScriptedServer(once_then_silent, silent) as server, Client("sk-test", server.base_url) as client:
        leave_by_closing(client.map_chat_completions(["a"] * 9, concurrency=4, ordered=False))
        assert eventually(lambda: server.open <= 1, 2.0)


def test_a_stop_starts_nothing_more_and_waits_for_what_is_in_flight_as_long_as_it_is_told(
    client: Client, server: LocalServer
) -> None:
    server.delay(0.1, times=1)
    server.delay(30.0, times=None)
    items = client.map_chat_completions(["a"] * 20, concurrency=2, ordered=False)
    next(items)
    items.stop(0.3)
    begun = time.monotonic()
    assert list(items) == []
    assert 0.2 < time.monotonic() - begun < 3.0
    assert len(server.requests) <= 3


def test_what_was_never_begun_is_stopped_closed_and_dropped(client: Client, server: LocalServer) -> None:
    items = client.map_chat_completions(["a"])
    items.stop(1.0)
    assert list(items) == []
    client.map_chat_completions(["a"]).close()
    del items
    client.map_chat_completions(["a"])
    gc.collect()
    assert server.requests == []


def test_an_abort_ends_a_connection_of_httpcores_that_has_no_socket_yet() -> None:
    deadline = Deadline()
    deadline.abort()
    with pytest.raises(httpcore.ReadTimeout, match="given up"):
        deadline.time_left(None, httpcore.ReadTimeout)


def test_what_an_abort_comes_too_early_for_is_refused() -> None:
    abort = Abort()
    abort.set()
    connection = DirectConnection(Route(None, "", None, None), Origin("http", "localhost", 1))
    with pytest.raises(AbortedError):
        abort.add(connection)
    connection.abort()  # it has no socket yet


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelling_the_task_that_iterates_ends_the_calls_in_flight(backend: str) -> None:
    async def use(server: ScriptedServer) -> None:
        async with AsyncClient("sk-test", server.base_url) as client:
            items = client.map_chat_completions(["a"] * 9, concurrency=4)
            with anyio.move_on_after(0.2) as scope:
                await anext(items)
            assert scope.cancelled_caught
            assert await eventually_async(lambda: server.open == 0)
            assert [item async for item in items] == []

    with ScriptedServer(silent) as server:
        anyio.run(use, server, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_input_may_be_async_and_is_read_on_while_items_are_awaited(server: LocalServer, backend: str) -> None:
    async def texts() -> AsyncIterator[str]:
        for number in range(10):
            await anyio.sleep(0.001)
            yield f"text {number}"

    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            async with aclosing(client.map_chat_completions(texts(), concurrency=3)) as items:
                assert [item.text async for item in items] == [said(f"text {number}") for number in range(10)]
            async with client.map_embeddings(texts(), batch_size=4) as vectors:
                assert len([vector async for vector in vectors]) == 10

    anyio.run(use, backend=backend)


def test_an_iterator_that_outlives_its_event_loop_is_dropped_in_silence(server: LocalServer) -> None:
    client = AsyncClient(server.api_key, server.base_url)
    items = client.map_chat_completions(["a"] * 9, concurrency=2)
    anyio.run(items.__anext__)
    del items
    gc.collect()
    anyio.run(client.aclose)


def test_the_blocks_around_the_call_hold_in_the_workers(client: Client) -> None:
    with capture_responses() as responses:
        list(client.map_chat_completions(["a"] * 5, concurrency=2))
    assert len(responses) == 5


def test_an_iterator_is_a_context_manager(client: Client) -> None:
    with client.map_chat_completions(["a", "b"]) as items:
        assert next(items).index == 0
    assert list(items) == []
    with client.map_embeddings(["a", "b"]) as vectors:
        assert len(next(vectors)) == 1024
    assert list(vectors) == []


def test_what_a_middleware_raises_leaves_the_loop(connect: Connect, server: LocalServer) -> None:
    def broken(request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
        yield request
        raise ZeroDivisionError

    client = connect(server.api_key, server.base_url, middleware=[broken])
    with pytest.raises(ZeroDivisionError):
        list(client.map_chat_completions(["a", "b"]))
