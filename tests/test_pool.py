"""The connections under a client, over real sockets: used again, never leaked, never half read, never too many."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import anyio
import anyio.abc
import httpcore
import httpx
import pytest
from anyio.from_thread import BlockingPortal
from support.clients import Against, Connect
from support.pools import async_slots_of, open_files, slots_of, usage
from support.scripted_server import (
    EMPTY,
    Counting,
    ScriptedServer,
    headers_only,
    ok,
    read_request,
    responds,
    sends,
    silent,
)
from support.tls import https, over_tls, tls_contexts
from support.waiting import eventually, eventually_async

from pixigpt import (
    APIConnectionError,
    APITimeoutError,
    AsyncClient,
    Client,
    ClientClosedError,
    PixiGPTError,
    capture_responses,
)
from pixigpt._transport.async_backend import AsyncStream
from pixigpt._transport.asyncio_channel import AsyncioChannel
from pixigpt._transport.backend import Deadline, Stream
from pixigpt._transport.options import PoolOptions
from pixigpt._transport.shared import open_async_pool
from pixigpt._transport.slots import Lease
from pixigpt._transport.sockets import Readiness, is_readable

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


@pytest.fixture
def mute() -> Iterator[str]:
    """Yield the base URL of a server that accepts every connection, and never sends anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def test_a_connection_is_used_again(against: Against) -> None:
    client, server = against(responds(EMPTY))
    for _ in range(5):
        client.list_threads()
    assert server.connections == 1


def test_a_connection_that_the_server_closed_while_idle_is_replaced_unseen(against: Against) -> None:
    client, server = against(responds(EMPTY, times=2))
    with capture_responses() as captured:
        for _ in range(6):
            client.list_threads()
            while server.open and len(captured) % 2 == 0:
                time.sleep(0.001)  # until the server has closed it
    assert [each.attempts for each in captured] == [1] * 6
    assert server.connections == 3


def test_a_connection_is_closed_once_it_has_been_idle_too_long(against: Against) -> None:
    client, server = against(responds(EMPTY), limits=httpx.Limits(keepalive_expiry=0.05))
    client.list_threads()
    time.sleep(0.1)
    client.list_threads()
    assert server.connections == 2


@pytest.mark.parametrize(("kept", "most_opened"), [(5, 5), (2, 200)])
def test_no_more_connections_are_in_use_than_allowed_and_every_call_is_served(
    against: Against, portal: BlockingPortal | None, kept: int, most_opened: int
) -> None:
    script = Counting(EMPTY)
    client, server = against(script, limits=httpx.Limits(max_connections=5, max_keepalive_connections=kept))
    with ThreadPoolExecutor(40) as threads:
        assert list(threads.map(lambda _: client.list_threads(), range(200))) == [[]] * 200
    assert 1 < script.most_at_once <= 5
    assert server.connections <= most_opened  # those that are not kept are opened again
    assert usage(slots_of(client, portal)) == (0, kept, 0)


def test_a_half_read_response_is_never_taken_for_the_next_one(against: Against) -> None:
    late = sends(HEAD + EMPTY, b" " * 70, pause=0.4)  # whole only after the client has given up
    client, server = against(late, responds(EMPTY), max_retries=0)
    with pytest.raises(APITimeoutError):
        client.with_options(timeout=0.2).list_threads()
    assert client.list_threads() == []
    assert server.connections == 2


SMUGGLED = ok(b'{"object": "list", "data": ["smuggled"]}')


@pytest.mark.parametrize("padding", [0, 65536 - len(ok(EMPTY))], ids=["short", "as long as a read"])
def test_what_comes_after_a_response_is_never_taken_for_the_next_one(against: Against, padding: int) -> None:
    body = EMPTY + b" " * padding
    client, server = against(sends(ok(body) + SMUGGLED, pause=0.2), responds(EMPTY))
    assert [client.list_threads() for _ in range(3)] == [[]] * 3
    assert server.connections == 2


def test_what_comes_after_a_response_over_tls_is_not_either(connect: Connect) -> None:
    def two_records_in_one_packet(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
            secured.do_handshake()
            read_request(secured)
            secured.sendall(ok(EMPTY))
            secured.sendall(SMUGGLED)
            secured.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            time.sleep(0.2)

    context, trusting = tls_contexts()
    with ScriptedServer(two_records_in_one_packet, over_tls(responds(EMPTY), context)) as server:
        client = connect(base_url=https(server.base_url), verify=trusting)
        assert [client.list_threads() for _ in range(3)] == [[]] * 3
        assert server.connections == 2
        client.close()


def test_a_response_that_comes_before_the_request_is_sent_whole_is_heard(against: Against) -> None:
    def refuse_unread(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        received.append(len(connection.recv(1)))
        while piece := connection.recv(2**20):
            received.append(len(piece))

    received: list[int] = []
    client, server = against(refuse_unread, responds(EMPTY), timeout=5)
    with pytest.raises(PixiGPTError, match="413") as caught:
        client.create_message("t", "user", "x" * 30_000_000)
    assert caught.value.attempts == 1
    assert client.list_threads() == []
    assert server.connections == 2  # half a request is on the first one
    assert sum(received) < 30_000_000


class Broken:
    """The inner stream of a connection whose other end has hung up."""

    def __init__(self, connected: socket.socket) -> None:
        self.connected = connected

    def write(self, *_: object) -> None:
        raise httpcore.WriteError

    async def send(self, _: bytes) -> None:
        raise anyio.BrokenResourceError

    def read(self, *_: object) -> bytes:
        return b"HTTP/1.1 413"

    async def receive(self, _: int) -> bytes:
        return b"HTTP/1.1 413"

    def extra(self, *_: object) -> socket.socket:
        return self.connected

    get_extra_info = extra


def test_what_a_server_said_before_it_hung_up_is_read() -> None:
    with socket.socket() as connected:
        broken: Any = Broken(connected)
        stream = Stream(broken, Deadline(), 0.0, 0)
        stream.write(b"a request")
        assert stream.read(100) == b"HTTP/1.1 413"
        assert stream.get_extra_info("is_readable")  # so that it is not used again

        async def use() -> None:
            stream = AsyncStream(broken, broken, 0.0, 0)
            await stream.write(b"a request")
            assert await stream.read(100) == b"HTTP/1.1 413"
            assert stream.get_extra_info("is_readable")

        anyio.run(use)


def test_an_async_client_that_is_dropped_open_closes_its_connections_all_the_same() -> None:
    async def use() -> None:
        client = AsyncClient("sk-test", server.base_url)
        await client.list_threads()
        with pytest.warns(ResourceWarning, match="dropped without being closed"):
            del client
        gc.collect()
        assert await eventually_async(lambda: server.open == 0)

    with ScriptedServer(responds(EMPTY)) as server:
        anyio.run(use)


def test_all_connections_are_closed_though_the_task_that_closes_them_is_cancelled() -> None:
    async def use() -> None:
        client = AsyncClient("sk-test", server.base_url)
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(client.list_threads)
        assert server.open > 1
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert await eventually_async(lambda: server.open == 0)

    with ScriptedServer(responds(EMPTY)) as server:
        anyio.run(use)


def test_first_calls_at_once_load_the_certificates_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    make = httpx.create_ssl_context

    def create(*arguments: Any, **options: Any) -> object:
        made.append(make(*arguments, **options))
        return made[-1]

    monkeypatch.setattr("httpx.create_ssl_context", create)
    with Client("sk-test", "https://127.0.0.1:1/v1", max_retries=0) as client, ThreadPoolExecutor(8) as threads:

        def fail(_: int) -> None:
            with pytest.raises(APIConnectionError):
                client.list_threads()

        list(threads.map(fail, range(8)))
    assert len(made) == 1


def test_200_timeouts_leave_nothing_open(connect: Connect, portal: BlockingPortal | None, mute: str) -> None:
    client = connect(base_url=mute, timeout=0.2, max_retries=0)
    before = open_files()

    def time_out(_: int) -> None:
        with pytest.raises(APITimeoutError):
            client.list_threads()

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(time_out, range(200)))
    assert eventually(lambda: open_files() <= before)
    assert usage(slots_of(client, portal)) == (0, 0, 0)


@pytest.mark.parametrize("script", [silent, headers_only], ids=["before the headers", "in the body"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_200_cancellations_leave_nothing_open(backend: str, script: Any) -> None:
    async def use() -> None:
        async with AsyncClient("sk-test", server.base_url) as client:
            before = open_files()
            for moment in range(10):
                async with anyio.create_task_group() as tasks:
                    for _ in range(20):
                        tasks.start_soon(client.list_threads)
                    await anyio.sleep(0.01 * moment)
                    tasks.cancel_scope.cancel()
            # the server, in a thread of this process, has its own ends to close
            assert await eventually_async(lambda: open_files() <= before)
            assert usage(await async_slots_of(client))[:2] == (0, 0)

    with ScriptedServer(script) as server:
        anyio.run(use, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_tls_handshake_that_is_cancelled_leaves_nothing_open(backend: str, mute: str) -> None:
    async def use() -> None:
        async with AsyncClient("sk-test", mute.replace("http://", "https://"), max_retries=0) as client:
            with pytest.raises(APITimeoutError):  # loads the certificates
                await client.with_options(timeout=0.1).list_threads()
            before = open_files()
            for _ in range(10):
                with anyio.move_on_after(0.05):
                    await client.list_threads()
            assert open_files() <= before

    anyio.run(use, backend=backend)


def test_a_tls_handshake_that_never_ends_is_a_timeout(connect: Connect, mute: str) -> None:
    client = connect(base_url=mute.replace("http://", "https://"), timeout=0.3, max_retries=0)
    with pytest.raises(APITimeoutError, match="could not connect"):
        client.list_threads()
    before = open_files()
    with pytest.raises(APITimeoutError, match="could not connect"):
        client.list_threads()
    assert open_files() <= before


def test_running_out_of_connections_says_so(connect: Connect) -> None:
    limits = httpx.Limits(max_connections=1)
    with ThreadPoolExecutor(1) as threads, ScriptedServer(silent) as server:  # whose end ends the call that is left
        client = connect(base_url=server.base_url, limits=limits, timeout=5, max_retries=0)
        taken = threads.submit(client.list_threads)
        assert eventually(lambda: server.open == 1)
        with pytest.raises(
            APITimeoutError,
            match=r"no free connection .* all 1 are in use; raise .*limits=httpx.Limits\(max_connections=",
        ):
            client.with_options(timeout=0.2).list_threads()
        assert not taken.done()
    assert isinstance(taken.exception(), APIConnectionError)


def test_closing_closes_idle_connections_at_once(against: Against) -> None:
    client, server = against(responds(EMPTY))
    client.list_threads()
    client.close()
    assert eventually(lambda: server.open == 0)


def test_a_call_in_flight_ends_well_although_the_client_is_closed(connect: Connect) -> None:
    release = threading.Event()

    def respond_when_released(connection: socket.socket) -> None:
        connection.recv(65536)
        release.wait(5)
        connection.sendall(ok(EMPTY))
        connection.recv(1)  # until the client closes

    with ScriptedServer(respond_when_released) as server, ThreadPoolExecutor(1) as threads:
        client = connect(base_url=server.base_url)
        call = threads.submit(client.list_threads)
        assert eventually(lambda: server.open == 1)
        client.close()
        release.set()
        assert call.result(5) == []
        assert eventually(lambda: server.open == 0)


def test_closing_sends_away_a_call_that_waits_for_a_connection(connect: Connect, portal: BlockingPortal | None) -> None:
    with ScriptedServer(silent) as server, ThreadPoolExecutor(2) as threads:
        client = connect(base_url=server.base_url, limits=httpx.Limits(max_connections=1), timeout=2, max_retries=0)
        in_flight = threads.submit(client.list_threads)
        assert eventually(lambda: server.open == 1)
        waits = threads.submit(client.list_threads)
        assert eventually(lambda: usage(slots_of(client, portal)).waiting == 1)
        client.close()
        with pytest.raises(ClientClosedError, match="the client is closed") as caught:
            waits.result(1)
        assert caught.value.attempts == 0
        assert isinstance(in_flight.exception(), APITimeoutError)


def test_a_raw_response_that_is_left_half_read_gives_its_connection_up() -> None:
    with (
        ScriptedServer(sends(HEAD + EMPTY, pause=0.5), responds(EMPTY)) as server,
        Client("sk-test", server.base_url) as client,
    ):
        http = client.raw.get_httpx_client()
        with http.stream("GET", "/threads") as response:
            assert next(response.iter_raw())
        assert client.list_threads() == []
        assert usage(slots_of(client)) == (0, 1, 0)


def test_a_response_that_is_closed_twice_gives_its_connection_back_once() -> None:
    async def use() -> None:
        async with AsyncClient("sk-test", server.base_url) as client:
            async with client.raw.get_async_httpx_client().stream("GET", "/threads") as response:
                for _ in range(2):
                    await cast("httpx.AsyncByteStream", response.stream).aclose()
            assert usage(await async_slots_of(client)).leased == 0

    with ScriptedServer(responds(EMPTY)) as server:
        with Client("sk-test", server.base_url) as client:
            with client.raw.get_httpx_client().stream("GET", "/threads") as response:
                for _ in range(2):
                    cast("httpx.SyncByteStream", response.stream).close()
            assert usage(slots_of(client)).leased == 0
        anyio.run(use)


def test_a_raw_call_to_another_host_has_a_connection_of_its_own() -> None:
    with (
        ScriptedServer(responds(EMPTY)) as server,
        ScriptedServer(responds(b"elsewhere")) as other,
        Client("sk-test", server.base_url) as client,
    ):
        client.list_threads()
        assert client.raw.get_httpx_client().get(other.base_url).text == "elsewhere"
        assert client.list_threads() == []
        assert (server.connections, other.connections) == (2, 1)


def raw_socket(client: Client, portal: BlockingPortal | None) -> socket.socket:
    """Return the socket of a client's only connection."""
    (connection,) = slots_of(client, portal).all_connections()
    if portal is None:
        found: socket.socket = connection._channel._socket
        return found
    channel = connection._channel
    if isinstance(channel, AsyncioChannel):
        return cast("socket.socket", channel._connected().get_extra_info("socket"))
    return cast("socket.socket", channel._connected().extra(anyio.abc.SocketAttribute.raw_socket))


def test_a_silent_peer_is_probed(against: Against, portal: BlockingPortal | None) -> None:
    client, _ = against(responds(EMPTY))
    client.list_threads()
    connected = raw_socket(client, portal)
    assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


@pytest.mark.parametrize("has_poll", [True, False], ids=["poll", "as on Windows"])
def test_a_socket_is_ready_once_it_can_be_read_or_written(monkeypatch: pytest.MonkeyPatch, has_poll: bool) -> None:
    if not has_poll:
        monkeypatch.delattr("select.poll")
    here, there = socket.socketpair()
    ready = Readiness(here)
    assert not ready.to_read(0)
    assert ready.to_read_or_write(0)
    assert not ready.to_read(0.001)
    there.close()
    assert ready.to_read(None)
    assert is_readable(here)
    here.close()
    assert is_readable(here)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_is_cancelled_while_it_waits_for_a_connection_leaves_the_queue(backend: str) -> None:
    async def use() -> None:
        limits = httpx.Limits(max_connections=1)
        async with AsyncClient("sk-test", server.base_url, limits=limits, max_retries=0) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.list_threads)
                await anyio.sleep(0.05)
                with anyio.move_on_after(0.05) as waiting:
                    await client.list_threads()
                assert waiting.cancelled_caught
                tasks.cancel_scope.cancel()
            assert usage(await async_slots_of(client)) == (0, 0, 0)

    with ScriptedServer(silent) as server:
        anyio.run(use, backend=backend)


def test_an_async_pool_that_is_closed_opens_no_share_in_a_new_event_loop() -> None:
    pool: Any = open_async_pool(PoolOptions.create(None, None, verify=True))
    anyio.run(pool.aclose)

    async def use() -> None:
        await pool.handle_async_request(httpx.Request("GET", "http://127.0.0.1:1"))

    with pytest.raises(httpx.LocalProtocolError, match="the client is closed"):
        anyio.run(use)


def test_the_pool_is_named_in_its_repr() -> None:
    with Client("sk-test", "http://127.0.0.1:1/v1") as client:
        pool: Any = client._transport.get()
        assert repr(pool._pool).startswith("<Pool ")


def test_ctrl_c_while_waiting_for_a_connection_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with Client("sk-test", "http://127.0.0.1:1/v1", limits=httpx.Limits(max_connections=1)) as client:
        pool: Any = client._transport.get()
        other: Lease[Any] = Lease()
        pool._pool._slots.acquire(other)
        with monkeypatch.context() as patch:
            patch.setattr("pixigpt._transport.pool.Waiter.wait", interrupt)
            with pytest.raises(KeyboardInterrupt):
                client.list_threads()
        assert usage(slots_of(client)) == (1, 0, 0)
        pool._pool._slots.release(other)


def test_a_write_that_the_server_does_not_want_still_gets_its_response(connect: Connect) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with ScriptedServer(refuse) as server, pytest.raises(PixiGPTError, match="413"):
        connect(base_url=server.base_url, max_retries=0).create_message("t", "user", "x" * 3_000_000)
