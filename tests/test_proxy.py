"""Proxies, from `proxy=` and from the environment: which calls go through one, what it is told, what it may refuse."""

import socket
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
from support.clients import Connect
from support.scripted_server import EMPTY, Replies, Script, ScriptedServer, ok, plain, read_request, responds, silent
from support.tls import https, over_tls, tls_contexts
from support.waiting import eventually

from pixigpt import APIConnectionError, APITimeoutError, Client, PixiGPTError
from pixigpt.testing import LocalServer


def tunnels(seen: list[bytes]) -> Script:
    """Return an HTTP proxy that opens a tunnel to wherever it is asked to."""

    def script(connection: socket.socket) -> None:
        request = read_request(connection)
        seen.append(request)
        host, port = request.split()[1].decode().rsplit(":", 1)
        with socket.create_connection((host, int(port))) as other:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            backwards = threading.Thread(target=pipe, args=(other, connection), daemon=True)
            backwards.start()
            pipe(connection, other)
            backwards.join()

    return script


def pipe(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def refuses(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def secure_server() -> Generator[tuple[str, ssl.SSLContext], None, None]:
    """Yield a server that speaks TLS, and a context that trusts it."""
    context, trusting = tls_contexts()
    with ScriptedServer(over_tls(responds(EMPTY), context)) as server:
        yield https(server.base_url), trusting


def address(server: ScriptedServer) -> str:
    return server.base_url.removesuffix("/v1")


def test_an_https_call_goes_through_a_tunnel_that_is_used_again(connect: Connect) -> None:
    seen: list[bytes] = []
    with secure_server() as (base_url, trusting), ScriptedServer(tunnels(seen)) as proxy:
        client = connect(base_url=base_url, verify=trusting, proxy=address(proxy))
        assert [client.list_threads() for _ in range(3)] == [[]] * 3
        assert len(seen) == 1
        assert seen[0].startswith(b"CONNECT 127.0.0.1:")
        assert b"sk-test" not in seen[0]
        client.close()


@pytest.fixture
def secure_proxy() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a TLS proxy's context, and a client's that trusts it."""
    return tls_contexts()


def test_a_tunnel_may_lead_through_a_proxy_that_speaks_tls_itself(
    connect: Connect, secure_proxy: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    seen: list[bytes] = []
    context, trusting_proxy = secure_proxy
    with secure_server() as (base_url, trusting), ScriptedServer(over_tls(tunnels(seen), context)) as proxy:
        url = https(address(proxy))
        client = connect(base_url=base_url, verify=trusting, proxy=httpx.Proxy(url, ssl_context=trusting_proxy))
        assert [client.list_threads() for _ in range(3)] == [[]] * 3
        assert len(seen) == 1
        client.close()


def test_what_comes_after_a_response_through_two_layers_of_tls_is_not_the_next_one(
    connect: Connect, secure_proxy: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            read_request(secured)
            secured.sendall(ok(EMPTY))
            secured.sendall(ok(b'{"object": "list", "data": ["smuggled"]}'))
            time.sleep(0.3)

    context, trusting = secure_proxy
    honest = over_tls(responds(EMPTY), context)
    with ScriptedServer(script, honest) as server, ScriptedServer(over_tls(tunnels([]), context)) as proxy:
        through = httpx.Proxy(https(address(proxy)), ssl_context=trusting)
        client = connect(base_url=https(server.base_url), verify=trusting, proxy=through, timeout=5)
        assert client.list_threads() == []
        time.sleep(0.1)  # until the rest has come
        assert client.list_threads() == []
        client.close()


def test_a_response_through_two_layers_of_tls_may_end_with_its_connection(
    connect: Connect, secure_proxy: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            read_request(secured)
            secured.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + EMPTY)
            with suppress(OSError):
                secured.unwrap()

    context, trusting = secure_proxy
    with ScriptedServer(script) as server, ScriptedServer(over_tls(tunnels([]), context)) as proxy:
        through = httpx.Proxy(https(address(proxy)), ssl_context=trusting)
        base_url = https(server.base_url)
        assert connect(base_url=base_url, verify=trusting, proxy=through, max_retries=0).list_threads() == []


@pytest.mark.parametrize("after_connect", [b"", b"\x16\x03\x03\x40\x00", b"no TLS at all"])
def test_a_tunnel_in_which_no_tls_comes_ends_in_time(
    connect: Connect, secure_proxy: tuple[ssl.SSLContext, ssl.SSLContext], after_connect: bytes
) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.recv(65536)
        if not after_connect:
            return
        connection.sendall(after_connect)
        while True:
            time.sleep(0.05)
            connection.sendall(b"\x02")

    context, trusting_proxy = secure_proxy
    with ScriptedServer(over_tls(script, context)) as proxy:
        url = https(address(proxy))
        through = httpx.Proxy(url, ssl_context=trusting_proxy)
        client = connect(base_url="https://127.0.0.1:9/v1", proxy=through, timeout=1, max_retries=0)
        started = time.monotonic()
        with pytest.raises(APIConnectionError, match=r"could not connect|does not speak TLS|in time"):
            client.list_threads()
        assert time.monotonic() - started < 2


def test_a_tunnel_must_stand_within_the_time_to_connect(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixigpt._transport.extensions._CONNECT_TIMEOUT", 0.3)
    with ScriptedServer(silent) as proxy:
        client = connect(base_url="https://127.0.0.1:9/v1", proxy=address(proxy), timeout=5, max_retries=0)
        started = time.monotonic()
        with pytest.raises(APITimeoutError, match="could not connect"):
            client.list_threads()
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", "onnection refused"),
        (b"\x04", "Malformed reply"),
        (b"", "in time"),
    ],
)
def test_a_socks_proxy_that_fails_is_a_connection_error_and_leaves_nothing_open(
    connect: Connect, reply: bytes, cause: str
) -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"\x05\x00")
        connection.recv(300)
        connection.sendall(reply)
        silent(connection)

    with ScriptedServer(script) as proxy:
        url = address(proxy).replace("http", "socks5")
        client = connect(base_url="http://127.0.0.1:9/v1", proxy=url, timeout=0.3, max_retries=0)
        with pytest.raises(APIConnectionError, match=cause):
            client.list_threads()
        assert eventually(lambda: proxy.open == 0)


def test_the_proxys_user_and_password_are_for_the_proxy_only(connect: Connect) -> None:
    seen: list[bytes] = []
    with secure_server() as (base_url, trusting), ScriptedServer(tunnels(seen)) as proxy:
        url = address(proxy).replace("//", "//user:secret@")
        client = connect(base_url=base_url, verify=trusting, proxy=url)
        assert client.list_threads() == []
        assert b"Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=" in seen[0]
        client.close()


def test_a_plain_call_is_forwarded(connect: Connect) -> None:
    forwards = Replies(ok(EMPTY))
    with ScriptedServer(forwards) as proxy:
        client = connect(base_url="http://127.0.0.1:9/v1", proxy=httpx.Proxy(address(proxy)))
        assert client.list_threads() == []
        assert forwards.requests[0].startswith(b"GET http://127.0.0.1:9/v1/threads HTTP/1.1")
        client.close()


def test_a_proxy_may_respond_before_the_request_is_sent_whole(connect: Connect) -> None:
    def refuse_unread(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        while connection.recv(2**20):
            pass

    with ScriptedServer(refuse_unread, responds(EMPTY)) as proxy:
        client = connect(base_url="http://127.0.0.1:1/v1", proxy=address(proxy), timeout=5)
        with pytest.raises(PixiGPTError, match="413") as caught:
            client.create_message("t", "user", "x" * 30_000_000)
        assert caught.value.attempts == 1
        assert client.list_threads() == []
        assert proxy.connections == 2
        client.close()


def test_without_a_timeout_a_proxy_is_waited_for(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixigpt._transport.backend.resolve", lambda *_: ["127.0.0.2", "127.0.0.1"])
    with ScriptedServer(responds(EMPTY)) as proxy:
        client = connect(base_url="http://127.0.0.1:1/v1", proxy=address(proxy), timeout=None)
        assert [client.list_threads(), client.list_threads()] == [[], []]
        assert proxy.connections == 1
        client.close()
        hasty = connect(base_url="http://127.0.0.1:1/v1", proxy=address(proxy), timeout=1e-9, max_retries=0)
        with pytest.raises(APITimeoutError):
            hasty.list_threads()


def test_a_proxy_that_refuses_is_named(connect: Connect) -> None:
    with ScriptedServer(refuses) as proxy:
        client = connect(base_url="https://127.0.0.1:9/v1", proxy=address(proxy), max_retries=1)
        with pytest.raises(APIConnectionError, match="407 Proxy Authentication Required") as caught:
            client.list_threads()
        assert (caught.value.attempts, proxy.connections) == (2, 2)


def test_a_proxy_that_is_not_there_is_a_connection_error(connect: Connect) -> None:
    client = connect(base_url="https://127.0.0.1:9/v1", proxy="http://127.0.0.1:1", max_retries=0)
    with pytest.raises(APIConnectionError, match="could not connect"):
        client.list_threads()


in_clear_text = pytest.mark.filterwarnings("ignore:base_url sends the API key in clear text")


def beyond_loopback(server: LocalServer) -> str:
    """Return the server's URL by an address that is none of loopback's, though it leads there."""
    return server.base_url.replace("127.0.0.1", "0.0.0.0")


@in_clear_text
@pytest.mark.parametrize(("name", "goes_through"), [("HTTP_PROXY", True), ("all_proxy", True), ("HTTPS_PROXY", False)])
def test_the_environments_proxy_is_used(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, server: LocalServer, name: str, goes_through: bool
) -> None:
    forwards = Replies(ok(EMPTY))
    with ScriptedServer(forwards) as proxy:
        monkeypatch.setenv(name, address(proxy).removeprefix("http://"))
        client = connect(server.api_key, beyond_loopback(server))
        assert client.list_threads() == []
        assert bool(forwards.requests) == goes_through
        client.close()


@in_clear_text
@pytest.mark.parametrize("hosts", ["*", "0.0.0.0", "other.test, 0.0.0.0", "localhost,.0.0.0"])
def test_no_proxy_names_the_hosts_that_are_reached_directly(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, server: LocalServer, hosts: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", hosts)
    assert connect(server.api_key, beyond_loopback(server)).list_threads() == []


@in_clear_text
def test_no_proxy_may_name_a_port(connect: Connect, monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", beyond_loopback(server).split("/")[2])
    assert connect(server.api_key, beyond_loopback(server)).list_threads() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "localhost", "[::1]"])
def test_loopback_is_never_reached_through_the_environments_proxy(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    listens = "::1" if host == "[::1]" else "0.0.0.0"
    with LocalServer(host=listens) as server, ScriptedServer(Replies(ok(EMPTY))) as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, address(proxy))
        port = server.base_url.rsplit(":", 1)[1]
        client = connect(server.api_key, f"http://{host}:{port}")
        assert [assistant.name for assistant in client.list_assistants()] == ["Pixi"]
        assert proxy.connections == 0
        client.close()


@in_clear_text
def test_a_named_proxy_goes_before_the_environments(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with ScriptedServer(Replies(ok(EMPTY))) as proxy:
        client = connect(base_url="http://0.0.0.0:9/v1", proxy=address(proxy))
        assert client.list_threads() == []
        client.close()


def socks(seen: list[bytes]) -> Script:
    """A SOCKS5 proxy that asks for no password, and responds to the request itself."""

    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"\x05\x00")
        seen.append(connection.recv(65536))
        connection.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x09")
        responds(EMPTY)(connection)

    return script


def test_a_socks_proxy_is_used(connect: Connect) -> None:
    seen: list[bytes] = []
    with ScriptedServer(socks(seen)) as proxy:
        client = connect(base_url="http://127.0.0.1:9/v1", proxy=address(proxy).replace("http", "socks5"))
        assert client.list_threads() == []
        assert seen[0].startswith(b"\x05\x01\x00")
        client.close()


def test_a_socks_proxy_without_its_library_says_what_to_install(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(_: str) -> Any:
        return None

    monkeypatch.setattr("pixigpt._transport.routes.find_spec", find_nothing)
    client = connect(base_url="http://127.0.0.1:9/v1", proxy="socks5://127.0.0.1:1")
    with pytest.raises(APIConnectionError, match=r'pip install "httpx\[socks\]"') as caught:
        client.list_threads()
    assert caught.value.attempts == 0


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_dead_proxy_is_named_and_where_it_comes_from(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://user:secret@127.0.0.1:1")
    client = connect(base_url="https://pixigpt.test/v1", max_retries=0)
    wanted = rf"through the proxy http://127.0.0.1:1 \(from {variable}\): .+"
    with pytest.raises(APIConnectionError, match=wanted) as caught:
        client.list_threads()
    assert "secret" not in str(caught.value)


def test_a_dead_proxy_that_an_argument_names(connect: Connect) -> None:
    client = connect(base_url="https://pixigpt.test/v1", proxy="http://127.0.0.1:1", max_retries=0)
    with pytest.raises(APIConnectionError, match=r"through the proxy http://127.0.0.1:1 \(from proxy=\): .+"):
        client.list_threads()


def test_a_proxy_whose_name_does_not_resolve_is_named(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", fail)
    client = connect(base_url="https://pixigpt.test/v1", proxy="http://proxy.test:3128", max_retries=0)
    wanted = r"could not connect to pixigpt.test: through the proxy http://proxy.test:3128 \(from proxy=\): .*not known"
    with pytest.raises(APIConnectionError, match=wanted):
        client.list_threads()


def hangs_up(connection: socket.socket) -> None:
    read_request(connection)


@pytest.mark.parametrize("url", ["https://pixigpt.test/v1", pytest.param("http://0.0.0.0/v1", marks=in_clear_text)])
def test_a_proxy_that_hangs_up_is_named(connect: Connect, url: str) -> None:
    with ScriptedServer(hangs_up) as proxy:
        client = connect(base_url=url, proxy=address(proxy), max_retries=0)
        with pytest.raises(APIConnectionError, match=r"through the proxy http://127.0.0.1:\d+ \(from proxy=\): "):
            client.list_threads()


def test_a_proxy_that_does_not_speak_tls_says_so_and_not_that_the_server_does_not(connect: Connect) -> None:
    with ScriptedServer(plain) as proxy:
        secure = address(proxy).replace("http://", "https://")
        client = connect(base_url="https://pixigpt.test/v1", proxy=secure)
        with pytest.raises(APIConnectionError, match="does the proxy speak TLS, or should its URL begin") as caught:
            client.list_threads()
        assert "base_url" not in str(caught.value)
        assert caught.value.attempts == 1


def test_a_proxy_that_never_answers_is_named(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixigpt._transport.extensions._CONNECT_TIMEOUT", 0.2)
    with ScriptedServer(silent) as proxy:
        client = connect(base_url="https://pixigpt.test/v1", proxy=address(proxy), timeout=5, max_retries=0)
        with pytest.raises(APITimeoutError, match=r"in time through the proxy http://127.0.0.1:\d+ \(from proxy=\)"):
            client.list_threads()


@pytest.mark.parametrize("failure", [LookupError("no more"), httpx.ReadError("no more")])
def test_a_body_that_fails_while_it_is_sent_through_a_proxy_is_no_failure_of_the_proxy(failure: Exception) -> None:
    def pieces() -> Generator[bytes, None, None]:
        yield b"x"
        raise failure

    with (
        ScriptedServer(silent) as proxy,
        Client("sk-test", "http://127.0.0.1:9/v1", proxy=address(proxy)) as client,
        pytest.raises(type(failure), match=r"^no more"),
    ):
        client.raw.get_httpx_client().post("/", content=pieces())


def test_a_proxy_variable_with_a_typo_is_named_with_its_value(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "htp://user:secret@proxy.test")
    with pytest.raises(APIConnectionError, match=r"HTTPS_PROXY is 'htp://\*\*\*@proxy.test': proxy must be a URL"):
        connect(base_url="https://pixigpt.test/v1").list_threads()
