"""A response that is read as it comes, over a raw socket: whole or an error, and nothing left open."""

import gc
import gzip
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from support.clients import Against, Connect
from support.pools import slots_of, usage
from support.scripted_server import (
    EMPTY,
    Replies,
    Script,
    ScriptedServer,
    ok,
    read_request,
    reply,
    reset_on_close,
    sends,
    silent,
)
from support.waiting import eventually

from pixigpt import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    AsyncClient,
    Client,
    DeadlineExceededError,
    NotFoundError,
    PixiGPTError,
    RetryPolicy,
    ServerError,
    capture_responses,
    deadline,
)
from pixigpt.middleware import CallRequest, CallResponse
from pixigpt_api.api.pixigpt import get_thread, list_threads

LARGE = bytes(range(256)) * 4000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"


def test_a_large_response_comes_in_pieces_and_its_connection_is_used_again(against: Against) -> None:
    client, server = against(Replies(reply(200, LARGE, b"X-Request-Id: r1")))
    for _ in range(3):
        with client.stream_call(list_threads) as stream:
            pieces = list(stream)
            assert (stream.status_code, stream.request_id, stream.attempts) == (200, "r1", 1)
            assert stream.headers["content-length"] == str(len(LARGE))
        assert b"".join(pieces) == LARGE
        assert len(pieces) > 3
    assert server.connections == 1


def test_gzip_is_inflated_piece_by_piece(against: Against) -> None:
    zipped = reply(200, gzip.compress(LARGE), b"Content-Encoding: gzip")
    body = zipped.index(b"\r\n\r\n") + 4
    client, _ = against(sends(zipped[: body + 3], zipped[body + 3 :], pause=0.05))  # cut in gzip's own header
    with client.stream_call(list_threads) as stream:
        assert b"".join(stream) == LARGE


def test_nothing_is_sent_before_the_block_and_an_argument_is_checked_before_it(against: Against) -> None:
    client, server = against(Replies(ok(EMPTY)))
    stream = client.stream_call(list_threads)
    assert server.connections == 0
    with pytest.raises(RuntimeError, match=r"only inside its `(async )?with` block"):
        assert stream.status_code
    with pytest.raises(ValueError, match="thread_id must not be empty"):
        client.stream_call(get_thread, "")
    with stream, pytest.raises(RuntimeError, match="only once"), stream:
        pass


def test_a_stream_that_was_left_or_has_failed_is_not_taken_for_an_empty_one(against: Against, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"before")
    client, _ = against(Replies(ok(EMPTY)))
    with client.stream_call(list_threads) as unread:
        pass
    client, _ = against(Replies(reply(200, LARGE)))
    with client.stream_call(list_threads) as half:
        next(iter(half))
    for use in (lambda: list(unread), lambda: unread.save(path), lambda: list(half), lambda: half.save(path)):
        with pytest.raises(RuntimeError, match="closed before all of it was read"):
            use()
    client, _ = against(Replies(ok(EMPTY)))
    with client.stream_call(list_threads) as stream:
        assert list(stream) == [EMPTY]
    assert list(stream) == []
    client, _ = against(sends(HEAD + b"0123456789"))
    with client.stream_call(list_threads) as stream:
        for use in (lambda: list(stream), lambda: list(stream), lambda: stream.save(path)):
            with pytest.raises(APIConnectionError):
                use()
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(
    "first",
    [
        sends(reply(503, b"", b"Connection: close")),
        sends(reply(500, b"{}", b"Connection: close")),
        sends(b"HTTP/1.1 200 OK\r\nContent-"),
        sends(HEAD),  # the headers alone
        sends(),
    ],
    ids=["503", "500", "cut in the headers", "cut before the first byte", "closed"],
)
def test_failures_before_the_first_byte_are_retried(against: Against, first: Script) -> None:
    client, server = against(first, Replies(ok(EMPTY)))
    with capture_responses() as responses, client.stream_call(list_threads) as stream:
        assert b"".join(stream) == EMPTY
        assert stream.attempts == 2
    assert server.connections == 2
    assert [each.attempts for each in responses] == [2]


def test_an_error_status_is_a_typed_error_on_entering(against: Against) -> None:
    client, _ = against(Replies(reply(404, b'{"error": {"message": "gone"}}')))
    with pytest.raises(NotFoundError, match="gone"), client.stream_call(get_thread, "t"):
        pytest.fail("it must not be entered")
    client, _ = against(Replies(reply(500)))
    with pytest.raises(ServerError) as caught, client.stream_call(list_threads):
        pytest.fail("it must not be entered")
    assert caught.value.attempts == 4


def resets_in_the_body(connection: socket.socket) -> None:
    sends(HEAD + b"0123456789", pause=0.05)(connection)
    reset_on_close(connection)


@pytest.mark.parametrize("script", [sends(HEAD + b"0123456789"), resets_in_the_body], ids=["cut off", "reset"])
def test_a_failure_after_the_first_byte_is_never_retried(against: Against, script: Script, tmp_path: Path) -> None:
    client, server = against(script)
    path = tmp_path / "kept"
    path.write_bytes(b"before")
    with client.stream_call(list_threads) as stream, pytest.raises(APIConnectionError) as caught:
        stream.save(path)
    assert caught.value.attempts == server.connections == 1
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
    assert path.read_bytes() == b"before"
    assert eventually(lambda: server.open == 0)


def waits(connection: socket.socket) -> None:
    """Send half a body, and wait."""
    read_request(connection)
    connection.sendall(HEAD + b"0123456789")
    connection.recv(1)


def drips(connection: socket.socket) -> None:
    """Send a body byte by byte, each soon enough."""
    read_request(connection)
    connection.sendall(HEAD)
    for _ in range(20):
        connection.sendall(b"x")
        time.sleep(0.03)


def waits_unbounded(connection: socket.socket) -> None:
    """Send half of a body that the connection's end ends, and wait."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n0123456789")
    connection.recv(1)


@pytest.mark.parametrize("script", [waits, waits_unbounded])
def test_a_read_during_which_the_stream_is_closed_ends_at_once(against: Against, script: Script) -> None:
    client, server = against(script, timeout=5)
    with client.stream_call(list_threads) as stream:
        closing = threading.Timer(0.1, stream.close)
        closing.start()
        started = time.monotonic()
        with pytest.raises(RuntimeError, match="closed before all of it was read"):
            list(stream)
        closing.join()
    assert time.monotonic() - started < 4
    assert eventually(lambda: server.open == 0)


def waits_after_the_head(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(HEAD)
    connection.recv(1)


def enter_and_close(stream: Any, has_begun: Callable[[], bool]) -> None:
    """Enter a stream that another thread closes meanwhile, which in an event loop's thread is another task."""

    def close() -> None:
        eventually(has_begun)
        time.sleep(0.1)
        stream.close()

    closing = threading.Thread(target=close)
    closing.start()
    started = time.monotonic()
    with pytest.raises(RuntimeError, match="closed before all of it was read"), stream:
        pytest.fail("it must not be entered")
    assert time.monotonic() - started < 4
    closing.join()


@pytest.mark.parametrize("script", [silent, waits_after_the_head])
def test_a_stream_that_is_closed_before_it_is_open_ends_at_once(against: Against, script: Script) -> None:
    client, server = against(script, timeout=5)
    enter_and_close(client.stream_call(list_threads), lambda: server.connections == 1)
    assert eventually(lambda: server.open == 0)
    assert server.connections == 1  # it is not retried


def test_a_stream_that_is_closed_before_it_is_open_is_not_sent_again_by_a_fallback(against: Against) -> None:
    def falls_back(request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
        try:
            return (yield request)
        except APIConnectionError:
            return (yield request)

    client, server = against(silent, timeout=5, middleware=[falls_back])
    enter_and_close(client.stream_call(list_threads), lambda: server.connections == 1)
    assert eventually(lambda: server.open == 0)
    assert server.connections == 1


def test_a_stream_that_is_closed_in_the_pause_before_a_retry_is_not_sent_again(against: Against) -> None:
    replies = Replies(reply(500))
    client, _ = against(replies, retry=RetryPolicy(backoff=8.0))
    enter_and_close(client.stream_call(list_threads), lambda: len(replies.requests) == 1)
    assert len(replies.requests) == 1


def test_a_stream_that_another_thread_closes_while_it_waits_for_a_connection_is_not_sent() -> None:
    failures: list[BaseException] = []

    def enter() -> None:
        try:
            waiting.__enter__()
        except RuntimeError as failure:
            failures.append(failure)

    replies = Replies(ok(EMPTY))
    with (
        ScriptedServer(replies) as server,
        Client("sk-test", server.base_url, limits=httpx.Limits(max_connections=1)) as client,
    ):
        waiting = client.stream_call(list_threads)
        thread = threading.Thread(target=enter)
        with client.stream_call(list_threads):
            thread.start()
            assert eventually(lambda: usage(slots_of(client)) == (1, 0, 1))
            waiting.close()
        thread.join()
        assert "closed before all of it was read" in str(failures)
        assert len(replies.requests) == 1
        assert client.list_threads() == []


def test_a_second_reader_is_refused_and_the_first_reads_on(against: Against) -> None:
    over = threading.Event()

    def holds(connection: socket.socket) -> None:
        sends(HEAD, b"0123456789")(connection)
        over.wait(5)
        connection.sendall(b"0123456789")

    client, _ = against(holds)
    with client.stream_call(list_threads) as stream, ThreadPoolExecutor(1) as threads:
        assert next(stream) == b"0123456789"
        waiting = threads.submit(b"".join, stream)
        time.sleep(0.2)
        with pytest.raises(RuntimeError, match="another task or thread is reading the stream"):
            next(stream)
        over.set()
        assert waiting.result() == b"0123456789"


def test_silence_is_a_timeout_but_slowness_is_not(against: Against) -> None:
    client, server = against(waits, timeout=0.2)
    with client.stream_call(list_threads) as stream, pytest.raises(APITimeoutError):
        list(stream)
    assert eventually(lambda: server.open == 0)
    client, _ = against(drips, timeout=0.3)
    with client.stream_call(list_threads) as stream:
        assert b"".join(stream) == b"x" * 20


def test_silence_before_the_headers_is_a_timeout_too(against: Against) -> None:
    client, server = against(silent, timeout=0.1, max_retries=0)
    with pytest.raises(APITimeoutError), client.stream_call(list_threads):
        pytest.fail("it must not be entered")
    assert eventually(lambda: server.open == 0)


def test_the_deadline_bounds_it_all_the_users_own_pauses_too(against: Against) -> None:
    client, server = against(drips, total_timeout=0.2)
    with client.stream_call(list_threads) as stream, pytest.raises(DeadlineExceededError):
        list(stream)
    assert eventually(lambda: server.open == 0)


def test_a_pause_beyond_the_deadline_is_seen_at_the_next_read() -> None:
    with (
        ScriptedServer(Replies(reply(200, LARGE))) as server,
        Client("sk-test", server.base_url) as client,
        deadline(1),
        client.stream_call(list_threads) as stream,
    ):
        assert repr(stream) == "<ResponseStream 200>"
        next(stream)
        time.sleep(1)
        with pytest.raises(DeadlineExceededError, match="while the response was being read"):
            next(stream)


def test_a_response_that_is_too_large_is_an_error(against: Against) -> None:
    client, server = against(Replies(reply(200, LARGE)), max_response_bytes=100_000)
    with client.stream_call(list_threads) as stream, pytest.raises(APIResponseError, match="max_response_bytes"):
        list(stream)
    assert eventually(lambda: server.open == 0)
    with client.with_options(max_response_bytes=None).stream_call(list_threads) as stream:
        assert b"".join(stream) == LARGE


@pytest.mark.parametrize(
    ("encoding", "sends"), [(b"br", "not asked for"), (b"gzip", "not gzip")], ids=["unknown", "wrong"]
)
def test_a_body_that_cannot_be_decoded_is_an_error(against: Against, encoding: bytes, sends: str) -> None:
    client, _ = against(Replies(reply(200, b"plain", b"Content-Encoding: " + encoding)))
    with client.stream_call(list_threads) as stream, pytest.raises(APIResponseError, match=sends):
        list(stream)


def test_leaving_early_closes_the_connection(against: Against) -> None:
    client, server = against(waits)
    with client.stream_call(list_threads) as stream:
        for _ in stream:
            break
    assert eventually(lambda: server.open == 0)
    with pytest.raises(LookupError), client.stream_call(list_threads):
        raise LookupError
    assert eventually(lambda: server.open == 0)


def test_what_is_half_read_is_not_saved_as_all(against: Against, tmp_path: Path) -> None:
    client, _ = against(Replies(reply(200, LARGE)))
    with client.stream_call(list_threads) as stream:
        next(iter(stream))
        with pytest.raises(RuntimeError, match="has been read already"):
            stream.save(tmp_path / "half")
    with client.stream_call(list_threads) as stream, pytest.raises(FileNotFoundError):
        stream.save(tmp_path / "none" / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_not_replaced_by_one(against: Against, tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder", tmp_path / "pipe"  # a pipe stands for /dev/null, which root would lose
    folder.mkdir()
    os.mkfifo(pipe)
    client, _ = against(Replies(reply(200, LARGE)))
    with client.stream_call(list_threads) as stream:
        with pytest.raises(IsADirectoryError, match="folder"):
            stream.save(folder)
        with pytest.raises(OSError, match="not a regular file"):
            stream.save(pipe)
        stream.save(tmp_path / "file")
    assert pipe.is_fifo()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder", "pipe"]


def test_a_stream_that_is_dropped_while_open_warns_and_closes() -> None:
    with ScriptedServer(waits) as server, Client("sk-test", server.base_url) as client:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            client.stream_call(list_threads).__enter__()
            gc.collect()
        assert [each.category for each in caught] == [ResourceWarning]
        assert eventually(lambda: server.open == 0)


def test_an_async_stream_that_is_dropped_while_open_warns() -> None:
    async def use(base_url: str) -> None:
        async with AsyncClient("sk-test", base_url) as client:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                stream = client.stream_call(list_threads)
                await stream.__aenter__()
                driver = stream._driver
                del stream
                gc.collect()
            assert "<AsyncResponseStream 200> was dropped" in str(caught[0].message)
            await driver.aclose()

    with ScriptedServer(waits) as server:
        anyio.run(use, server.base_url)
        assert eventually(lambda: server.open == 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_is_cancelled_in_a_stream_leaves_nothing_open(backend: str) -> None:
    async def use(base_url: str) -> None:
        async with AsyncClient("sk-test", base_url, timeout=None) as client:
            with anyio.move_on_after(0.2) as scope:
                async with client.stream_call(list_threads) as stream:
                    async for _ in stream:
                        pass
            assert scope.cancelled_caught
            with anyio.move_on_after(0.2) as scope:
                await client.list_threads()

    with ScriptedServer(waits) as server:
        anyio.run(use, server.base_url, backend=backend)
        assert eventually(lambda: server.open == 0)


def test_a_transport_that_has_read_the_response_is_streamed_all_the_same(connect: Connect) -> None:
    import httpx

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=EMPTY))
    client = connect(transport=transport)
    with client.stream_call(list_threads) as stream:
        assert list(stream) == [EMPTY]
        assert stream.status_code == 200
    small = client.with_options(max_response_bytes=3)
    with small.stream_call(list_threads) as stream, pytest.raises(PixiGPTError, match="max_response_bytes"):
        list(stream)
