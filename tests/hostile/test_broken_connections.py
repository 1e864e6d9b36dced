"""Connections that break at every point where one can: a connection error that says why, retried if it may pass."""

import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from support.clients import FAST, Against, Connect
from support.scripted_server import (
    EMPTY,
    Replies,
    Script,
    header,
    ok,
    plain,
    reply,
    reset_on_close,
    resets,
    responds,
    sends,
)
from support.tls import https, over_tls, server_context

from pixigpt import APIConnectionError, Client, capture_responses

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def resets_after(*parts: bytes) -> Script:
    """Read a request, send the parts, and reset the connection before the response is whole."""

    def script(connection: socket.socket) -> None:
        sends(*parts, pause=0.02)(connection)
        reset_on_close(connection)

    return script


def resets_unread(connection: socket.socket) -> None:
    """Reset the connection with the request still on its way."""
    reset_on_close(connection)


CUT: dict[str, Script] = {
    "closed at once": lambda _: None,
    "closed before a response": sends(),
    "closed after a 1xx response": sends(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "reset at once": resets_unread,
    "reset before a response": resets,
    "reset in the headers": resets_after(b"HTTP/1.1 200 OK\r\nContent-"),
    "reset in the body": resets_after(ok(EMPTY)[:-5]),
    "reset in a chunk": resets_after(CHUNKED + b"20\r\n{"),
    "cut off in the status line": sends(b"HTTP/1.1 20"),
    "cut off in the headers": sends(b"HTTP/1.1 200 OK\r\nContent-"),
    "cut off after the headers": sends(ok(EMPTY)[: -len(EMPTY)]),
    "cut off in the body": sends(ok(EMPTY)[:-1]),
    "cut off in an error's body": sends(reply(404, EMPTY)[:-1]),
    "cut off in a chunk": sends(CHUNKED + b"20\r\n{"),
    "cut off before the last chunk": sends(CHUNKED + b"1e\r\n" + EMPTY + b"\r\n"),
    "cut off in the trailers": sends(CHUNKED + b"1e\r\n" + EMPTY + b"\r\n0\r\nX-Checksum: 7\r\n"),
    "not HTTP": sends(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "HTTP/0.9": sends(EMPTY),
    "HTTP/2, which was not asked for": sends(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04\0\x10\0\0\0\6\0\0@\0"),
    "a status of four digits": sends(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "another protocol": sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "a header without a name": sends(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n"),
    "a header with a null byte": sends(b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"),
    "a Content-Length that is too long": sends(reply(200, EMPTY).replace(b": 30", b": 31")),
    "a Content-Length past all bounds": sends(reply(200, EMPTY).replace(b": 30", b": " + b"9" * 19)),
    "a Content-Length that is no number": sends(reply(200, EMPTY).replace(b": 30", b": 0x1e")),
    "a Content-Length that is negative": sends(reply(200, EMPTY).replace(b": 30", b": -1")),
    "a Content-Length of 5,000 digits": sends(reply(200, EMPTY).replace(b": 30", b": " + b"9" * 5000)),
    "two lengths": sends(reply(200, EMPTY, b"Content-Length: 3")),
    "an unknown transfer-encoding": sends(reply(200, EMPTY, b"Transfer-Encoding: gzip, chunked")),
    "a chunk's size that is no number": sends(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "a chunk's size past all bounds": sends(CHUNKED + b"f" * 20 + b"\r\n{}"),
    "a chunk that is longer than it says": sends(CHUNKED + b"1\r\n{}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("script", CUT.values(), ids=CUT.keys())
def test_a_broken_response_is_retried_and_then_a_connection_error_with_its_cause(
    against: Against, script: Script
) -> None:
    client, server = against(script)
    how_far = (
        "(no complete response from|could not connect to)"  # a reset may come before the connect() is seen to be done
    )
    with pytest.raises(APIConnectionError, match=how_far + r" 127\.0\.0\.1:\d+: .+") as caught:
        client.list_threads()
    assert (caught.value.attempts, server.connections) == (4, 4)
    assert len(caught.value.earlier) == 3
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("script", CUT.values(), ids=CUT.keys())
def test_a_broken_response_is_made_good_by_a_retry(against: Against, script: Script) -> None:
    client, server = against(script, responds(EMPTY))
    assert client.list_threads() == []
    assert server.connections == 2


def closes(connection: socket.socket) -> None:
    """Close the connection in the regular way."""
    connection.shutdown(socket.SHUT_WR)


def says_goodbye(connection: socket.socket) -> None:
    """Send a 408 that nobody asked for, as some servers send it before they close an idle connection."""
    connection.sendall(reply(408, b"", b"Connection: close"))


END_OF_IDLE: dict[str, Callable[[socket.socket], None]] = {
    "closed": closes,
    "reset": reset_on_close,
    "closed with a 408": says_goodbye,
}


@pytest.mark.parametrize("ends", END_OF_IDLE.values(), ids=END_OF_IDLE.keys())
@pytest.mark.parametrize("call", [Client.list_threads, Client.create_thread], ids=["GET", "POST"])
def test_an_idle_connection_that_the_server_ended_is_replaced_unseen(
    against: Against, ends: Callable[[socket.socket], None], call: Callable[[Client], object]
) -> None:
    body = b'{"object": "list", "data": [], "id": "t", "created_at": 1}'  # to either call

    def responds_once_and_ends(connection: socket.socket) -> None:
        responds(body, times=1)(connection)
        time.sleep(0.05)  # until the client has read it
        ends(connection)

    client, server = against(responds_once_and_ends, responds(body))
    with capture_responses() as captured:
        client.list_threads()
        time.sleep(0.1)
        while server.open:
            time.sleep(0.005)
        call(client)
    assert [each.attempts for each in captured] == [1, 1]
    assert server.connections == 2


def test_a_connection_that_is_reset_under_the_next_request_costs_one_attempt(against: Against) -> None:
    def responds_once_and_resets(connection: socket.socket) -> None:
        responds(EMPTY, times=1)(connection)
        resets(connection)

    client, server = against(responds_once_and_resets, responds(EMPTY))
    with capture_responses() as captured:
        assert [client.list_threads(), client.list_threads()] == [[], []]
    assert [each.attempts for each in captured] == [1, 2]
    assert server.connections == 2


def test_a_refused_connection_is_retried_and_then_named(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = connect(base_url=f"http://127.0.0.1:{port}/v1", retry=FAST)
    with pytest.raises(
        APIConnectionError, match=rf"could not connect to 127\.0\.0\.1:{port}: .*(refused|111)"
    ) as caught:
        client.list_threads()
    assert caught.value.attempts == 4


@pytest.mark.parametrize(
    "failure",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        OSError(24, "Too many open files"),
    ],
    ids=["no such name", "no name server", "no descriptor"],
)
def test_a_name_that_does_not_resolve_is_retried_and_then_named(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, failure: OSError
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("socket.getaddrinfo", fail)
    client = connect(base_url="https://no-such-host.invalid/v1", retry=FAST)
    reason = rf"could not connect to no-such-host\.invalid: .*{failure.strerror}"
    with pytest.raises(APIConnectionError, match=reason) as caught:
        client.list_threads()
    assert caught.value.attempts == 4


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return a client's context that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def self_signed(_: trustme.CA) -> trustme.LeafCert:
    """Return an authority's own certificate in place of a server's."""
    own = trustme.CA()
    return trustme.LeafCert(own.private_key_pem.bytes(), own.cert_pem.bytes(), [])


NOW = datetime.now(UTC)
DAY = timedelta(days=1)
BAD_CERTIFICATES: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "self-signed": (self_signed, "self.signed certificate"),
    "of an unknown authority": (
        lambda _: trustme.CA().issue_cert("127.0.0.1"),
        "unable to get (local )?issuer certificate",
    ),
    "for another name": (lambda known: known.issue_cert("other.test"), "not valid for '127.0.0.1'"),
    "for another address": (lambda known: known.issue_cert("127.0.0.2"), "not valid for '127.0.0.1'"),
    "expired": (
        lambda known: known.issue_cert("127.0.0.1", not_before=NOW - 2 * DAY, not_after=NOW - DAY),
        "certificate has expired",
    ),
    "not valid yet": (
        lambda known: known.issue_cert("127.0.0.1", not_before=NOW + DAY, not_after=NOW + 2 * DAY),
        "certificate is not yet valid",
    ),
}


@pytest.mark.parametrize(("issue", "reason"), BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES.keys())
def test_a_bad_certificate_is_named_with_its_host_and_never_retried(
    connect: Connect,
    against: Against,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    issue: Callable[[trustme.CA], trustme.LeafCert],
    reason: str,
) -> None:
    replies = Replies(ok(EMPTY))
    _, server = against(over_tls(replies, server_context(issue(authority))))
    client = connect(base_url=https(server.base_url), verify=trusting, retry=FAST)
    match = rf"the certificate of 127\.0\.0\.1:\d+ is not valid: .*{reason}"
    with pytest.raises(APIConnectionError, match=match) as caught:
        client.create_thread()
    assert (caught.value.attempts, server.connections) == (1, 1)
    assert replies.requests == []  # the key has not left


def test_a_good_certificate_is_accepted(
    connect: Connect, against: Against, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    replies = Replies(ok(EMPTY))
    _, server = against(over_tls(replies, server_context(authority.issue_cert("127.0.0.1"))))
    client = connect(base_url=https(server.base_url), verify=trusting)
    assert [client.list_threads(), client.list_threads()] == [[], []]
    assert server.connections == 1
    assert header(replies.requests[0], "authorization") == "bearer sk-test"
    client.close()


CUT_IN_TLS: dict[str, Script] = {
    "in the body": sends(ok(EMPTY)[:-1]),
    "in the headers": sends(b"HTTP/1.1 200 OK\r\n"),
    "before the response": sends(),
}


@pytest.mark.parametrize("script", CUT_IN_TLS.values(), ids=CUT_IN_TLS.keys())
def test_a_response_that_is_cut_off_inside_tls_is_retried(
    connect: Connect, against: Against, authority: trustme.CA, trusting: ssl.SSLContext, script: Script
) -> None:
    _, server = against(over_tls(script, server_context(authority.issue_cert("127.0.0.1"))))
    client = connect(base_url=https(server.base_url), verify=trusting, retry=FAST)
    with pytest.raises(APIConnectionError, match="no complete response from 127") as caught:
        client.list_threads()
    assert (caught.value.attempts, server.connections) == (4, 4)


def closes_in_the_handshake(connection: socket.socket) -> None:
    connection.recv(65536)


def resets_in_the_handshake(connection: socket.socket) -> None:
    connection.recv(65536)
    reset_on_close(connection)


def sends_garbage(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\xff\xff" + b"\xff" * 100)


NO_HANDSHAKE: dict[str, Script] = {
    "closed": closes_in_the_handshake,
    "reset": resets_in_the_handshake,
    "garbage": sends_garbage,
}


def test_https_to_a_port_that_speaks_http_says_so_and_is_not_retried(connect: Connect, against: Against) -> None:
    _, server = against(plain)
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1:\d+ does not speak TLS: should base_url") as caught:
        connect(base_url=https(server.base_url), retry=FAST, timeout=5).list_threads()
    assert (caught.value.attempts, server.connections) == (1, 1)


@pytest.mark.parametrize("script", NO_HANDSHAKE.values(), ids=NO_HANDSHAKE.keys())
def test_a_tls_handshake_that_fails_is_retried_and_then_a_connection_error(
    connect: Connect, against: Against, script: Script
) -> None:
    _, server = against(script)
    with pytest.raises(APIConnectionError, match=r"could not connect to 127\.0\.0\.1:\d+: .+") as caught:
        connect(base_url=https(server.base_url), retry=FAST, timeout=5).list_threads()
    assert (caught.value.attempts, server.connections) == (4, 4)
    assert caught.value.__cause__ is not None
