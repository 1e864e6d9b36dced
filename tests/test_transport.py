"""Direct connections over real sockets: bodies in pieces both ways, waits of their own, and what has patched httpx."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, cast

import anyio
import httpx
import pytest
from support.clients import FAST, Connect
from support.scripted_server import (
    EMPTY,
    Replies,
    Script,
    ScriptedServer,
    headers_only,
    ok,
    read_request,
    reply,
    responds,
    silent,
)
from support.tls import https, over_tls, tls_contexts
from support.waiting import eventually

from pixigpt import AsyncClient, Client
from pixigpt._transport.async_backend import AsyncBackend
from pixigpt._transport.asyncio_channel import AsyncioChannel
from pixigpt._transport.base import Head
from pixigpt._transport.connection import DirectConnection
from pixigpt._transport.http11 import HTTP11
from pixigpt._transport.routes import Route
from pixigpt._transport.socket_channel import SocketChannel
from pixigpt._transport.stream_channel import StreamChannel
from pixigpt._transport.urls import Origin


class Pieces:
    """An async iterator that needs no closing, unlike a generator."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = iter(pieces)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self.pieces:
            return piece
        raise StopAsyncIteration


def fetch(variant: str, base_url: str, content: list[bytes] | bytes = b"", **options: Any) -> httpx.Response:
    """A request of httpx's own through a client's connections."""
    verify = options.pop("verify", True)
    if variant == "sync":
        with Client("sk-test", base_url, verify=verify) as client:
            body = content if isinstance(content, bytes) else iter(content)
            return client.raw.get_httpx_client().request("POST", "/", content=body, **options)

    async def use() -> httpx.Response:
        async with AsyncClient("sk-test", base_url, verify=verify) as client:
            body = content if isinstance(content, bytes) else Pieces(content)
            return await client.raw.get_async_httpx_client().request("POST", "/", content=body, **options)

    return anyio.run(use, backend=variant)


class Keeps:
    """A script: reads a request of known length or in chunks, keeps its body, and answers."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.received = b""

    def __call__(self, connection: socket.socket) -> None:
        data = b""
        while not self.is_whole(data):
            self.packets.append(connection.recv(2**20))
            data += self.packets[-1]
        self.received = data.partition(b"\r\n\r\n")[2]
        connection.sendall(ok(EMPTY))
        connection.recv(1)

    def is_whole(self, data: bytes) -> bool:
        head, _, body = data.partition(b"\r\n\r\n")
        head = head.lower()
        if b"transfer-encoding" in head:
            return body.endswith(b"0\r\n\r\n")
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return length.isdigit() and len(body) >= int(length)


def test_a_small_request_is_one_packet(variant: str) -> None:
    keeps = Keeps()
    with ScriptedServer(keeps) as server:
        assert fetch(variant, server.base_url, b"small").json() == {"object": "list", "data": []}
    assert len(keeps.packets) == 1
    assert keeps.received == b"small"


def test_a_body_may_be_any_stream() -> None:
    class Stream(httpx.AsyncByteStream):
        def __aiter__(self) -> AsyncIterator[bytes]:
            return Pieces([b"ab", b"c"])

    async def use() -> None:
        async with AsyncClient("sk-test", server.base_url) as client:
            request = client.raw.get_async_httpx_client().build_request("POST", "/", headers={"Content-Length": "3"})
            request.stream = Stream()
            assert (await client.raw.get_async_httpx_client().send(request)).status_code == 200

    keeps = Keeps()
    with ScriptedServer(keeps) as server:
        anyio.run(use)
    assert keeps.received == b"abc"


def test_a_body_in_pieces_is_sent_in_chunks(variant: str) -> None:
    keeps = Keeps()
    with ScriptedServer(keeps) as server:
        assert fetch(variant, server.base_url, [b"ab", b"", b"c" * 200_000]).status_code == 200
    assert keeps.received == b"2\r\nab\r\n30d40\r\n" + b"c" * 200_000 + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_body_in_pieces_that_a_hook_has_read_is_sent_in_chunks(backend: str) -> None:
    async def use() -> None:
        async with AsyncClient("sk-test", server.base_url) as client:
            http = client.raw.get_async_httpx_client()
            http.event_hooks = {"request": [httpx.Request.aread]}
            assert (await http.post("/", content=Pieces([b"ab", b"c"]))).status_code == 200

    keeps = Keeps()
    with ScriptedServer(keeps) as server:
        anyio.run(use, backend=backend)
    assert keeps.received == b"3\r\nabc\r\n0\r\n\r\n"


def test_a_large_body_waits_for_a_slow_server(variant: str) -> None:
    def late(connection: socket.socket) -> None:
        time.sleep(0.2)
        keeps(connection)

    keeps = Keeps()
    with ScriptedServer(late) as server:
        assert fetch(variant, server.base_url, b"x" * 10_000_000).status_code == 200
    assert len(keeps.received) == 10_000_000


@pytest.mark.parametrize("content", [b"x" * 3_000_000, [b"x" * 1_500_000, b"x" * 1_500_000]], ids=["bytes", "pieces"])
def test_a_large_body_is_sent_whole_on_a_fresh_tls_connection(variant: str, content: Any) -> None:
    # whose first readable bytes are session tickets, and no early response
    keeps, (context, trusting) = Keeps(), tls_contexts()
    with ScriptedServer(over_tls(keeps, context)) as server:
        options = {"verify": trusting, "headers": {"Content-Length": "3000000"}}
        assert fetch(variant, https(server.base_url), content, **options).status_code == 200
    assert keeps.received == b"x" * 3_000_000


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
def test_a_body_in_pieces_is_given_up_when_the_server_responds_early(variant: str, is_tls: bool) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + reply(413))
        with suppress(OSError):
            while connection.recv(2**16):
                time.sleep(0.001)

    context, trusting = tls_contexts()
    with ScriptedServer(over_tls(refuse, context) if is_tls else refuse) as server:
        url = https(server.base_url) if is_tls else server.base_url
        response = fetch(variant, url, [b"x" * 100_000] * 1000, verify=trusting if is_tls else True)
    assert response.status_code == 413


def test_a_body_in_pieces_is_given_up_when_the_server_has_responded_between_two(variant: str) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(reply(413))
        has_refused.set()

    def pieces() -> Iterator[bytes]:
        yield b"x"
        has_refused.wait(5)
        for _ in range(1000):
            yield b"x"
            taken.append(1)

    has_refused, taken = threading.Event(), list[int]()
    with ScriptedServer(refuse) as server:
        assert fetch(variant, server.base_url, cast("Any", pieces())).status_code == 413
    assert len(taken) < 1000


@pytest.mark.parametrize("script", [silent, headers_only], ids=["before the headers", "in the body"])
def test_a_read_timeout_of_httpx_is_kept(variant: str, script: Script) -> None:
    with ScriptedServer(script) as server, pytest.raises(httpx.ReadTimeout):
        fetch(variant, server.base_url, timeout=httpx.Timeout(5, read=0.1))


def test_a_write_timeout_of_httpx_is_kept(variant: str) -> None:
    def never_reads(_: socket.socket) -> None:
        done.wait(5)

    done = threading.Event()
    with ScriptedServer(never_reads) as server:
        with pytest.raises(httpx.WriteTimeout):
            fetch(variant, server.base_url, b"x" * 30_000_000, timeout=httpx.Timeout(5, write=0.1))
        done.set()


def hangs_up(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def test_a_server_that_hangs_up_on_a_large_body_is_an_error_of_the_network(variant: str) -> None:
    with ScriptedServer(hangs_up) as server, pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
        fetch(variant, server.base_url, [b"x" * 100_000] * 300)


def fetch_gopher(variant: str) -> None:
    if variant == "sync":
        with Client("sk-test", "http://127.0.0.1:1/v1") as client:
            client.raw.get_httpx_client().get("gopher://127.0.0.1/")

    async def use() -> None:
        async with AsyncClient("sk-test", "http://127.0.0.1:1/v1") as client:
            await client.raw.get_async_httpx_client().get("gopher://127.0.0.1/")

    anyio.run(use, backend=variant)


class HungUp:
    """A stream whose other end said something before it hung up."""

    async def send(self, _: bytes) -> None:
        raise anyio.BrokenResourceError

    async def receive(self, _: int) -> bytes:
        return reply(413)


def test_what_a_server_said_before_it_hung_up_is_read() -> None:
    route, origin = Route(None, "", None, None), Origin("http", "api.test", 80)
    timeouts = {"timeout": {"connect": 1, "read": 1, "write": 1, "pool": 1}}
    request = httpx.Request("POST", "http://api.test/", content=b"x" * 200_000, extensions=timeouts)
    here, there = socket.socketpair()
    there.sendall(reply(413))
    there.close()
    with here:
        connection = DirectConnection(route, origin)
        connection._channel._use(here)
        assert connection.send(request).status == 413
        assert connection.piece() == b""
        assert not connection.finish()

    async def use() -> None:
        http = HTTP11()
        http.start(request)
        channel: Any = StreamChannel(http)
        channel._stream = HungUp()
        await channel.write(b"POST", 1)
        await channel.receive(1)
        assert cast("Head", http.head()).status == 413

    anyio.run(use, backend="trio")


@pytest.mark.parametrize("said", [reply(413), b""])
def test_what_a_server_said_before_asyncio_could_not_write_is_read(said: bytes) -> None:
    class Transport(asyncio.Transport):
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return here

    async def use() -> None:
        http = HTTP11()
        http.start(httpx.Request("POST", "http://api.test/"))
        channel = AsyncioChannel(http)
        channel.connection_made(Transport())
        channel.connection_lost(ConnectionResetError("reset by peer"))
        if said:
            assert cast("Head", http.head()).status == 413
        with pytest.raises(httpx.ReadError, match="reset by peer"):
            await channel.receive(None)

    here, there = socket.socketpair()
    with here, there:
        there.sendall(said)
        asyncio.run(use())


class Failing:
    """A socket that is readable, and fails."""

    def extra(self, _: object) -> "Failing":
        return self

    def recv(self, _: int) -> bytes:
        raise ConnectionResetError


def test_an_idle_socket_that_fails_has_hung_up() -> None:
    channel: Any = StreamChannel(HTTP11())
    channel._stream = Failing()
    assert not channel.poll()


def test_a_socket_that_fails_while_a_request_is_sent_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    http = HTTP11()
    channel: Any = SocketChannel(http)
    here, there = socket.socketpair()
    with here, there:
        channel._use(here)
        there.close()
        monkeypatch.setattr(channel, "_socket", Failing())
        assert http.has_responded(is_alive=channel.poll())
        assert not http.is_reusable()


def test_a_url_that_is_not_http_is_unsupported(variant: str) -> None:
    with pytest.raises(httpx.UnsupportedProtocol, match="gopher"):
        fetch_gopher(variant)


class Floods:
    """A script: sends a body as fast as it is taken, and counts."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            self.sent += connection.send(b"x" * 2**16)


def test_a_slow_reader_does_not_fill_the_memory(variant: str) -> None:
    async def use() -> None:
        async with AsyncClient("sk-test", server.base_url) as client:
            request = client.raw.get_async_httpx_client().build_request("GET", "/")
            response = await client._transport.get().handle_async_request(request)
            pieces = aiter(cast("httpx.AsyncByteStream", response.stream))
            assert await anext(pieces)
            await anyio.sleep(0.3)
            assert floods.sent < 20_000_000  # what the kernel's buffers hold
            assert all([await anext(pieces) for _ in range(200)])
            await response.aclose()

    floods = Floods()
    with ScriptedServer(floods) as server:
        if variant == "sync":
            with (
                Client("sk-test", server.base_url) as client,
                client.raw.get_httpx_client().stream("GET", "/") as response,
            ):
                assert next(response.iter_raw())
                time.sleep(0.3)
                assert floods.sent < 20_000_000
        else:
            anyio.run(use, backend=variant)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a wrapper around httpx's transports sees, put there as OpenTelemetry does."""
    urls: list[str] = []
    plain, awaited = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return plain(transport, request)

    async def handle_async_request(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return await awaited(transport, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle_request)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request)
    return urls


def test_what_wraps_httpxs_transports_sees_each_attempt(connect: Connect, seen: list[str]) -> None:
    with ScriptedServer(Replies(reply(503), ok(EMPTY))) as server:
        client = connect(base_url=server.base_url, retry=FAST)
        assert client.list_threads() == []
        assert seen == [f"{server.base_url}/threads"] * 2
        client.close()


def test_an_idle_connection_is_not_used_where_httpcore_is_patched(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Any:
        raise httpx.ConnectError("patched")

    with ScriptedServer(responds(EMPTY)) as server:
        client = connect(base_url=server.base_url, max_retries=0)
        client.list_threads()
        with monkeypatch.context() as patch:
            patch.setattr("httpcore.HTTPConnection.handle_request", refuse)
            patch.setattr("httpcore.AsyncHTTPConnection.handle_async_request", refuse)
            with pytest.raises(Exception, match="patched"):
                client.list_threads()
        assert client.list_threads() == []
        client.close()


def test_an_end_that_comes_between_two_reads_of_a_flood_is_heard() -> None:
    async def use() -> None:
        http = HTTP11()
        http.start(httpx.Request("GET", "http://api.test/"))
        channel = AsyncioChannel(http)
        channel.data_received(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000)
        assert http.head() is not None
        assert len(http.piece() or b"") == 100_000
        asyncio.get_running_loop().call_soon(channel.eof_received)
        async with asyncio.timeout(10):
            await channel.receive(None)
        assert http.piece() == b""

    asyncio.run(use())


def test_uvloop_carries_the_client_as_well() -> None:
    uvloop = pytest.importorskip("uvloop")
    context, trusting = tls_contexts()

    async def use(base_url: str) -> None:
        async with AsyncClient("sk-test", base_url, verify=trusting) as client:
            assert [await client.list_threads() for _ in range(2)] == [[], []]
        assert server.connections == 1

    for script, url in ((responds(EMPTY), str), (over_tls(responds(EMPTY), context), https)):
        with ScriptedServer(script) as server:
            uvloop.run(use(url(server.base_url)))
            assert eventually(lambda: server.open == 0)


def test_a_connection_that_a_mock_has_left_without_a_socket_hangs_up_as_well() -> None:
    AsyncBackend(0.0, 0).hang_up()
