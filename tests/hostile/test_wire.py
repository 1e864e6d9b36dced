"""Servers that misbehave on a raw socket: each failure is a typed error, in time, after the promised attempts."""

import gzip
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import trustme
from conftest import Connect

from hostile.server import Script, ScriptedServer, ok, plain, resets, says, silent
from pixigpt import (
    APIConnectionError,
    APIError,
    APIResponseError,
    APITimeoutError,
    AsyncClient,
    Client,
    PixiGPTError,
    RetryPolicy,
)

FAST = RetryPolicy(backoff=0.001)
EMPTY = b'{"object": "list", "data": []}'
GOOD = says(ok(EMPTY))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"

CUT: dict[str, Script] = {
    "closed before an answer": says(),
    "reset before an answer": resets,
    "cut off in the headers": says(b"HTTP/1.1 200 OK\r\nContent-"),
    "cut off in the body": says(HEAD + b'{"object"'),
    "cut off in a chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"),
    "not HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
}


@pytest.mark.parametrize("script", CUT.values(), ids=CUT.keys())
def test_a_broken_answer_is_retried_and_then_a_connection_error(connect: Connect, script: Script) -> None:
    with ScriptedServer(script) as server:
        client = connect(base_url=server.base_url, retry=FAST)
        with pytest.raises(APIConnectionError) as caught:
            client.list_threads()
        assert (caught.value.attempts, server.connections) == (4, 4)
        assert caught.value.__cause__ is not None


@pytest.mark.parametrize("script", CUT.values(), ids=CUT.keys())
def test_a_broken_answer_is_made_good_by_a_retry(connect: Connect, script: Script) -> None:
    with ScriptedServer(script, GOOD) as server:
        assert connect(base_url=server.base_url, retry=FAST).list_threads() == []
        assert server.connections == 2


def test_a_refused_connection_is_retried_and_then_named(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = connect(base_url=f"http://127.0.0.1:{port}/v1", retry=FAST)
    with pytest.raises(APIConnectionError, match=rf"could not connect to 127\.0\.0\.1:{port}") as caught:
        client.list_threads()
    assert caught.value.attempts == 4


def test_a_name_that_does_not_resolve_is_a_connection_error(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", fail)
    client = connect(base_url="https://no-such-host.invalid/v1", retry=FAST)
    with pytest.raises(
        APIConnectionError, match=r"could not connect to no-such-host\.invalid: .*Name or service"
    ) as caught:
        client.list_threads()
    assert caught.value.attempts == 4


def test_an_answer_may_be_compressed(connect: Connect) -> None:
    body = gzip.compress(EMPTY)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with ScriptedServer(says(head + body)) as server:
        assert connect(base_url=server.base_url).list_threads() == []


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        (b"gzip", b"plain", "not gzip"),
        (b"gzip", gzip.compress(EMPTY)[:-9], "gzip is cut off"),
        (b"br", b"whatever", "content-encoding is 'br', which was not asked for"),
    ],
)
def test_a_body_that_is_not_what_its_encoding_says_is_a_response_error(
    connect: Connect, encoding: bytes, body: bytes, reason: str
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))
    with ScriptedServer(says(head + body)) as server:
        with pytest.raises(APIResponseError, match=reason) as caught:
            connect(base_url=server.base_url).list_threads()
        assert caught.value.attempts == 1


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body without an end, which a real one would await piece by piece."""

    def __init__(self, *, is_awaited: bool) -> None:
        self.is_awaited = is_awaited

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b" " * 65536

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            if self.is_awaited:
                await anyio.lowlevel.checkpoint()
            yield piece


def test_an_endless_answer_is_given_up(connect: Connect) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless(is_awaited=True)))
    with pytest.raises(APIResponseError, match="larger than max_response_bytes"):
        connect(transport=transport, max_response_bytes=1000).list_threads()


def test_an_endless_answer_that_cannot_be_cancelled_is_given_up() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless(is_awaited=False)))
    client = AsyncClient("sk-test", transport=transport, max_response_bytes=1000)
    with pytest.raises(APIResponseError, match="larger than max_response_bytes"):
        anyio.run(client.list_threads)


@pytest.mark.parametrize("compressed", [False, True])
def test_an_answer_over_the_size_limit_is_refused_while_it_comes(connect: Connect, compressed: bool) -> None:
    body = b" " * 2_000_000
    sent = gzip.compress(body) if compressed else body
    encoding = b"Content-Encoding: gzip\r\n" if compressed else b""
    head = b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (encoding, len(sent))
    with ScriptedServer(says(head + sent)) as server:
        client = connect(base_url=server.base_url, max_response_bytes=10_000)
        with pytest.raises(APIResponseError, match="larger than max_response_bytes, 10,000"):
            client.list_threads()


def test_an_error_answer_over_the_size_limit_is_still_that_error(connect: Connect) -> None:
    with ScriptedServer(says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000)) as server:
        with pytest.raises(APIError) as caught:
            connect(base_url=server.base_url, max_response_bytes=1000).list_threads()
        assert caught.value.status_code == 404


def test_a_redirect_is_not_followed_with_the_key(connect: Connect) -> None:
    with ScriptedServer(GOOD) as other:
        head = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other.base_url}\r\nContent-Length: 0\r\n\r\n"
        with ScriptedServer(says(head.encode())) as server:
            with pytest.raises(APIError) as caught:
                connect(base_url=server.base_url).list_threads()
            assert caught.value.status_code == 307
        assert other.connections == 0


@pytest.mark.parametrize("location", [b"mailto:x", b"javascript:alert(1)", b"https:foo", b"\xff", b"http://xn--/"])
def test_a_redirect_to_no_url_is_a_typed_error(connect: Connect, location: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location
    with ScriptedServer(says(head)) as server:
        with pytest.raises(PixiGPTError) as caught:
            connect(base_url=server.base_url).list_threads()
        assert (caught.value.attempts, server.connections) == (1, 1)


def test_an_answer_that_a_mock_has_read_is_held_to_the_size_limit_too(connect: Connect) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b" " * 2000))
    with pytest.raises(APIResponseError, match="larger than max_response_bytes, 1,000"):
        connect(transport=transport, max_response_bytes=1000).list_threads()


def test_running_out_of_connections_says_so(connect: Connect) -> None:
    with ScriptedServer(silent) as server, ThreadPoolExecutor(1) as threads:
        client = connect(base_url=server.base_url, limits=httpx.Limits(max_connections=1), timeout=3, max_retries=0)
        taken = threads.submit(client.list_threads)
        while not server.connections:
            time.sleep(0.01)
        with pytest.raises(APITimeoutError, match="no free connection"):
            client.with_options(timeout=0.2).list_threads()
        assert isinstance(taken.exception(), APITimeoutError)
        client.close()


def test_an_https_url_to_an_http_server_is_a_connection_error(connect: Connect) -> None:
    with ScriptedServer(plain) as server:
        url = server.base_url.replace("http://", "https://")
        with pytest.raises(APIConnectionError):
            connect(base_url=url, max_retries=0, timeout=5).list_threads()


def over_tls(authority: trustme.CA, *hosts: str) -> Script:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            GOOD(secured)

    return script


@pytest.mark.parametrize("host", ["127.0.0.1", "other.test"])
def test_a_bad_certificate_is_named_and_not_retried(connect: Connect, host: str) -> None:
    authority, trusting = trustme.CA(), ssl.create_default_context()
    if host == "other.test":
        authority.configure_trust(trusting)  # trusted, but for another host
    with ScriptedServer(over_tls(authority, host)) as server:
        client = connect(base_url=server.base_url.replace("http://", "https://"), verify=trusting)
        with pytest.raises(APIConnectionError, match=r"the certificate of 127\.0\.0\.1:\d+ is not valid") as caught:
            client.list_threads()
        assert (caught.value.attempts, server.connections) == (1, 1)


def test_a_good_certificate_is_accepted(connect: Connect) -> None:
    authority, trusting = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusting)
    with ScriptedServer(over_tls(authority, "127.0.0.1")) as server:
        client = connect(base_url=server.base_url.replace("http://", "https://"), verify=trusting)
        assert client.list_threads() == []


def test_cut_after_the_work_is_done_it_is_not_done_twice(client: Client, server: Any) -> None:
    thread = client.create_thread()
    server.cut("/threads/*/messages")
    client.create_message(thread.id, "user", "once")
    assert len(client.list_messages(thread.id)) == 1
    posts = [each for each in server.requests if each.path.endswith("/messages") and each.method == "POST"]
    assert len({each.headers["idempotency-key"] for each in posts}) == 1
    assert len(posts) == 2
