"""Timeouts, total_timeout and deadline() end a call when they say, whatever the server does with the time."""

import asyncio
import contextvars
import gc
import itertools
import socket
import threading
import time
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from support.clients import FAST, Connect
from support.scripted_server import EMPTY, Script, ScriptedServer, headers_only, read_request, responds, sends, silent

from pixigpt import (
    APITimeoutError,
    AsyncClient,
    Client,
    DeadlineExceededError,
    RunTimeoutError,
    capture_responses,
    deadline,
)
from pixigpt._capture import is_capturing
from pixigpt._clock import block_end
from pixigpt._transport import resolver
from pixigpt._transport.event_loop import time_limit
from pixigpt.testing import LocalServer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


def drips(*parts: bytes) -> Script:
    """Send some parts, then a byte per 50 ms, as long as anyone listens."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        for part in itertools.chain(parts, itertools.repeat(b"x")):
            connection.sendall(part)
            time.sleep(0.05)

    return script


def never_reads(connection: socket.socket) -> None:
    """Leave the request where it is."""
    time.sleep(1.5)
    connection.recv(1)


SLOW: dict[str, Script] = {
    "sends nothing": silent,
    "goes silent after the headers": headers_only,
    "goes silent in the body": sends(HEAD + b"{", b"", pause=1.5),
    "drips its status line": drips(b"HTTP/1.1 200 "),
    "drips its headers": drips(b"HTTP/1.1 200 OK\r\nX-A: "),
    "drips its body": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    "drips a chunk": drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n"),
    "drips 1xx responses": sends(*[b"HTTP/1.1 102 Processing\r\n\r\n"] * 40, pause=0.05),
}


@contextmanager
def lasting(seconds: float) -> Generator[None, None, None]:
    """Check that the block ends when it should; the bounds are generous, since machines are busy."""
    started = time.monotonic()
    yield
    assert 0.9 * seconds < time.monotonic() - started < seconds + 1


def floods(connection: socket.socket) -> None:
    """Send a body in pieces of one byte, as fast as they are taken."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1\r\n \r\n" * 50_000)


SLOW["floods with tiny chunks"] = floods


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW.keys())
def test_the_timeout_bounds_the_whole_attempt(connect: Connect, script: Script) -> None:
    with ScriptedServer(script) as server:
        client = connect(base_url=server.base_url, timeout=0.3, max_retries=0)
        with lasting(0.3), pytest.raises(APITimeoutError) as caught:
            client.list_threads()
        assert isinstance(caught.value, TimeoutError)
        client.close()


def test_the_timeout_bounds_a_request_that_the_server_does_not_read(connect: Connect) -> None:
    with ScriptedServer(never_reads) as server:
        client = connect(base_url=server.base_url, timeout=0.5, max_retries=0)
        with lasting(0.5), pytest.raises(APITimeoutError):
            client.create_message("t", "user", "x" * 8_000_000)
        client.close()


def test_the_total_timeout_bounds_all_attempts(connect: Connect) -> None:
    with ScriptedServer(silent) as server:
        client = connect(base_url=server.base_url, timeout=0.3, total_timeout=0.5, retry=FAST)
        with lasting(0.5), pytest.raises(DeadlineExceededError) as caught:
            client.list_threads()
        assert caught.value.attempts == 2
        client.close()


def test_a_deadline_block_bounds_all_calls_inside_and_the_nearest_end_wins(connect: Connect) -> None:
    with ScriptedServer(responds(EMPTY, times=1), SLOW["drips its headers"]) as server:
        client = connect(base_url=server.base_url)
        with lasting(0.4), deadline(5), deadline(0.4):
            assert client.list_threads() == []
            with deadline(9), pytest.raises(DeadlineExceededError):
                client.list_threads()
        client.close()


def test_a_deadline_binds_both_clients(server: LocalServer) -> None:
    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            with pytest.raises(DeadlineExceededError):
                await client.list_threads()

    server.delay(3, "/threads", times=None)
    with Client(server.api_key, server.base_url) as client, lasting(0.4), deadline(0.4):
        with pytest.raises(DeadlineExceededError):
            client.list_threads()
        anyio.run(use)


def test_a_block_in_a_generator_may_end_in_another_context() -> None:
    def items() -> Generator[int, None, None]:  # as a web framework draws those of a response: each in a context
        with deadline(30), capture_responses():
            yield 1

    assert [contextvars.copy_context().run(next, drawn, None) for drawn in [items()] * 2] == [1, None]


def test_a_block_in_an_async_generator_may_end_in_another_task() -> None:
    async def items() -> AsyncGenerator[int, None]:
        with deadline(30), capture_responses():
            yield 1

    async def use() -> None:
        drawn = items()
        await anext(drawn)
        await asyncio.create_task(drawn.aclose())  # as an event loop closes one that was dropped

    asyncio.run(use())


def bounded() -> Generator[int, None, None]:
    with deadline(30), capture_responses():
        yield 1


def test_blocks_in_generators_that_are_drawn_from_in_turn_leave_nothing() -> None:
    first, second = bounded(), bounded()
    with deadline(60):
        outer = block_end()
        assert [next(first), next(second)] == [1, 1]
        first.close()
        assert block_end() != outer  # the second one's block is still open
        second.close()
        assert (block_end(), is_capturing()) == (outer, False)
    assert block_end() is None


def test_a_block_in_an_async_generator_that_is_dropped_leaves_nothing() -> None:
    async def items() -> AsyncGenerator[int, None]:
        with deadline(30), capture_responses():
            yield 1

    async def use() -> None:
        for _ in range(2):
            async for _ in items():
                break
            gc.collect()
            await asyncio.sleep(0)  # the event loop closes it, in a task of its own
            await asyncio.sleep(0)
            assert (block_end(), is_capturing()) == (None, False)

    asyncio.run(use())


def test_a_task_that_was_started_in_a_block_stays_in_it() -> None:
    async def use() -> None:
        with deadline(30):
            task = asyncio.create_task(end_later())
        assert block_end() is None
        assert await task is not None

    async def end_later() -> float | None:
        await asyncio.sleep(0)
        return block_end()

    asyncio.run(use())


def test_threads_keep_their_deadlines_apart(server: LocalServer) -> None:
    def call(seconds: float) -> float:
        started = time.monotonic()
        with deadline(seconds), pytest.raises(DeadlineExceededError):
            client.list_threads()
        return time.monotonic() - started

    server.delay(3, "/threads", times=None)
    with Client(server.api_key, server.base_url) as client, ThreadPoolExecutor(3) as threads:
        limits = [0.2, 0.4, 0.6]
        assert list(threads.map(call, limits)) == pytest.approx(limits, abs=0.15)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_keep_their_deadlines_apart(server: LocalServer, backend: str) -> None:
    took: dict[float, float] = {}

    async def call(client: AsyncClient, seconds: float) -> None:
        started = time.monotonic()
        with deadline(seconds), pytest.raises(DeadlineExceededError):
            await client.list_threads()
        took[seconds] = time.monotonic() - started

    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client, anyio.create_task_group() as tasks:
            for seconds in (0.2, 0.4, 0.6):
                tasks.start_soon(call, client, seconds)

    server.delay(3, "/threads", times=None)
    anyio.run(use, backend=backend)
    assert took == pytest.approx({each: each for each in took}, abs=0.15)


def test_waiting_for_a_run_obeys_its_own_timeout_and_the_deadlines(connect: Connect) -> None:
    with LocalServer(run_seconds=30) as server:
        client = connect(server.api_key, server.base_url)
        thread = client.create_thread()
        client.create_message(thread.id, "user", "Hi.")
        run = client.create_run(thread.id, server.assistant_id)
        with lasting(0.4), pytest.raises(RunTimeoutError):
            client.wait_for_run(thread.id, run.id, timeout=0.4)
        with lasting(0.4), pytest.raises(DeadlineExceededError):
            client.with_options(total_timeout=0.4).wait_for_run(thread.id, run.id)
        with lasting(0.4), deadline(0.4), pytest.raises(DeadlineExceededError):
            client.wait_for_run(thread.id, run.id)
        client.close()


def test_without_limits_a_slow_response_is_waited_for(connect: Connect) -> None:
    with ScriptedServer(sends(HEAD, *[b" "] * 69, b" " + EMPTY, pause=0.005)) as server:
        client = connect(base_url=server.base_url, timeout=None, max_retries=0)
        with deadline(None):
            assert client.list_threads() == []


class Slow(httpx.SyncByteStream):
    """A body that comes slowly from a transport that knows nothing of the SDK."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b" "


def test_the_timeout_bounds_the_body_of_an_injected_transport() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Slow()))
    client = Client("sk-test", transport=transport, timeout=0.3, max_retries=0)
    with client, lasting(0.3), pytest.raises(APITimeoutError):
        client.list_threads()


def test_a_lookup_that_takes_too_long_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def look_up(*_: object, **__: object) -> list[Any]:
        release.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    with Client("sk-test", "https://slow.test/v1", timeout=0.3, max_retries=0) as client, lasting(0.3):
        with pytest.raises(APITimeoutError, match=r"could not connect to slow\.test in time") as caught:
            client.list_threads()
        assert "looking up slow.test took too long" in str(caught.value.__cause__)
    release.set()


def test_a_name_is_looked_up_even_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("pixigpt._transport.resolver.threading.Thread.start", refuse)
    assert resolver.resolve("localhost", 80, 1.0)


def test_no_thread_is_started_for_an_address_nor_where_nothing_bounds_the_lookup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pixigpt._transport.resolver.threading.Thread", None)
    assert resolver.resolve("127.0.0.1", 80, 1.0) == ["127.0.0.1"]
    assert resolver.resolve("localhost", 80, None)


def test_a_bug_in_a_lookup_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[str]:
        raise ZeroDivisionError

    monkeypatch.setattr("pixigpt._transport.resolver._look_up", fail)
    with pytest.raises(ZeroDivisionError):
        resolver.resolve("localhost", 80, 1.0)


def test_an_end_that_is_over_before_the_wait_is_a_timeout(connect: Connect) -> None:
    with ScriptedServer(responds(EMPTY)) as server:
        client = connect(base_url=server.base_url, max_retries=0, timeout=1e-9)
        with pytest.raises(APITimeoutError):
            client.list_threads()
        client.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_timeout_bounds_an_injected_transports_endless_body(backend: str) -> None:
    async def drips() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await anyio.sleep(0.002)

    async def main() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=drips()))
        async with AsyncClient("sk-test", transport=transport, timeout=0.1, max_retries=0) as client:
            with pytest.raises(APITimeoutError, match="no complete response"):
                await client.list_threads()

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_time_limit_ends_its_block_and_no_more(backend: str) -> None:
    async def main() -> None:
        started = time.monotonic()
        with time_limit(0.001):
            await anyio.sleep(60)
        assert time.monotonic() - started < 30
        with time_limit(60):
            await checkpoint()
        await checkpoint()

    anyio.run(main, backend=backend)


async def over(seconds: float) -> float:
    """Sleep until a time limit ends it; return how long that took."""
    started = time.monotonic()
    with time_limit(seconds):
        await asyncio.sleep(60)
    return time.monotonic() - started


def test_time_limits_of_one_length_end_each_in_its_time() -> None:
    async def main() -> None:
        with time_limit(0.05):
            await asyncio.sleep(0.02)  # its end sets the timer that the others share
        first = asyncio.create_task(over(0.05))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(over(0.05))
        assert [seconds >= 0.048 for seconds in (await first, await second)] == [True, True]
        assert await over(0.05) >= 0.048  # once the timer has gone off with nothing left

    asyncio.run(main())


def test_time_limits_of_any_number_of_lengths_work() -> None:
    async def main() -> None:
        with ExitStack() as limits:
            for more in range(20):
                limits.enter_context(time_limit(60 + more))
            assert await over(0.01) >= 0.009
        assert await over(0.01) >= 0.009

    asyncio.run(main())


def test_an_event_loop_that_is_closed_inside_a_time_limit_is_not_kept() -> None:
    loop = asyncio.new_event_loop()
    kept = weakref.ref(loop)
    loop.set_exception_handler(lambda *_: None)  # it tells of the task that is destroyed
    task = loop.create_task(over(60))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    del loop, task
    gc.collect()
    assert kept() is None


def test_a_task_that_is_cancelled_stays_so_beyond_a_time_limit() -> None:
    async def limited() -> None:
        with time_limit(0):
            await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(limited())
        for _ in range(2):
            await checkpoint()
        task.cancel()  # in the very round of the loop in which its time is up
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelling() == 1  # of two

    asyncio.run(main())
