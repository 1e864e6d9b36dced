"""Whole responses of every kind, over a raw socket: each is the promised result or the promised error, and no more."""

import gzip
import json
import socket
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from support.clients import Against, Connect
from support.samples import ASSISTANT, ASSISTANT_MESSAGE, COMPLETION, MESSAGE, RUN, THREAD, listed
from support.scripted_server import EMPTY, Replies, Script, ok, read_request, reply, responds, sends

from pixigpt import (
    APIConnectionError,
    APIError,
    APIResponseError,
    AsyncClient,
    AuthenticationError,
    BadRequestError,
    Client,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PixiGPTError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
    capture_responses,
)

BY_STATUS = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


@pytest.mark.parametrize("status", [*range(300, 310), *range(400, 600), 600, 999])
def test_a_status_outside_2xx_is_an_error_of_its_class_and_retried_from_500_on(against: Against, status: int) -> None:
    body = json.dumps({"error": {"message": "No.", "type": "t", "code": "c"}}).encode()
    replies = Replies(reply(status, b"" if status == 304 else body))  # which has no body
    client, _ = against(replies)
    with pytest.raises(APIError) as caught:
        client.list_threads()
    error = caught.value
    assert type(error) is BY_STATUS.get(status, ServerError if status >= 500 else APIError)
    assert error.status_code == status
    told = ("304 Not Modified", None, None) if status == 304 else ("No.", "t", "c")
    assert (error.message, error.type, error.code) == told
    assert error.attempts == len(replies.requests) == (4 if status >= 500 else 1)


NESTED = b'{"error": {"message": {"a": [{"b": [[], {}]}]}, "type": [], "code": {"c": [null]}}}'

# the body of a 418, and what the error has as message, type and code
BODIES: list[tuple[bytes, str, str | None, str | None]] = [
    (b'{"error": {"message": "m", "type": "t", "code": "c"}}', "m", "t", "c"),
    (b'\xef\xbb\xbf{"error": {"message": "m", "type": "t", "code": "c"}}', "m", "t", "c"),
    (b'{"error": {"message": "m", "type": "t", "code": 7}}', "m", "t", "7"),
    (b'{"error": {"message": "m", "code": ["c", 7]}}', "m", None, '["c", 7]'),
    (b'{"error": {"message": "m", "type": null, "code": null}}', "m", None, None),
    (b'{"error": {"message": ["a", 1]}}', '["a", 1]', None, None),
    (b'{"error": {}}', "418 I'm a Teapot", None, None),
    (b'{"error": "m"}', "m", None, None),
    (b'{"error": ["a"]}', '["a"]', None, None),
    (b'{"error": null}', "418 I'm a Teapot", None, None),
    (NESTED, '{"a": [{"b": [[], {}]}]}', "[]", '{"c": [null]}'),
    (b'{"message": "m", "type": "t", "code": 7}', "m", "t", "7"),
    (b'{"detail": "m"}', "m", None, None),
    (b'{"detail": [{"loc": ["body"], "msg": "m"}]}', '[{"loc": ["body"], "msg": "m"}]', None, None),
    (b'{"detail": [{"msg": "\xc3\xa4"}]}', '[{"msg": "\u00e4"}]', None, None),
    (b'{"errors": [{"msg": "m"}]}', '{"errors": [{"msg": "m"}]}', None, None),
    (b'{"title": "m", "type": "t"}', '{"title": "m", "type": "t"}', "t", None),
    (b'{"error": {"code": 7}}', '{"error": {"code": 7}}', None, "7"),
    (b'{"detail": "", "code": null}', "418 I'm a Teapot", None, None),
    (b'" "', "418 I'm a Teapot", None, None),
    (b" \n", "418 I'm a Teapot", None, None),
    (b'"m"', "m", None, None),
    (b"m", "m", None, None),
    (b"<html><body>m</body></html>", "the response is a web page, not one of the API's", None, None),
    (b"\xef\xbb\xbf<html><body>m</body></html>", "the response is a web page, not one of the API's", None, None),
    (b"[1, 2]", "[1, 2]", None, None),
    (b"7", "7", None, None),
    (b"null", "418 I'm a Teapot", None, None),
    (b"", "418 I'm a Teapot", None, None),
    (b"\xff\xfe m", "\ufffd\ufffd m", None, None),
    (b"9" * 5000, "9" * 5000, None, None),  # more digits than Python reads
    (b"[" * 5000, "[" * 5000, None, None),
    (b'{"a":' * 5000, '{"a":' * 5000, None, None),
]


@pytest.mark.parametrize(("body", "message", "kind", "code"), BODIES, ids=lambda value: repr(value)[:40])
def test_any_error_body_makes_a_typed_error(
    against: Against, body: bytes, message: str, kind: str | None, code: str | None
) -> None:
    client, _ = against(Replies(reply(418, body)))
    with pytest.raises(APIError) as caught:
        client.list_threads()
    error = caught.value
    assert (error.message.lower(), error.type, error.code) == (message.lower(), kind, code)
    assert len(str(error)) < 500


def test_an_error_that_holds_half_a_character_can_be_printed(against: Against) -> None:
    client, _ = against(Replies(reply(418, b'{"error": {"message": "half: \\ud800", "type": "\\udfff"}}')))
    with pytest.raises(APIError, match="half: ") as caught:
        client.list_threads()
    assert str(caught.value).encode()  # as print() does, and a log that is a file


BAD_THREAD = json.dumps(listed({**THREAD, "created_at": "yesterday"})).encode()
OUTSIDE_THE_CONTRACT: dict[str, tuple[bytes, str]] = {
    "HTML": (ok(b"<html>Welcome to the hotel</html>"), "not JSON"),
    "nothing": (ok(b""), "not JSON"),
    "no content where a body is due": (b"HTTP/1.1 204 No Content\r\n\r\n", "not JSON"),
    "a reset without a body": (reply(205), "not JSON"),
    "an accepted without a body": (reply(202), "not JSON"),
    "truncated JSON": (ok(EMPTY[:-2]), "not JSON"),
    "two JSON texts": (ok(EMPTY * 2), "not JSON"),
    "invalid UTF-8": (ok(b'{"object": "\xff"}'), "not JSON"),
    "JSON nested without end": (ok(b"[" * 100_000), "nested too deeply"),
    "a number of too many digits": (ok(b"9" * 5000), "too many digits"),
    "a list": (ok(b"[]"), "the result is list, not an object"),
    "null": (ok(b"null"), "the result is NoneType, not an object"),
    "a number": (ok(b"7"), "the result is int, not an object"),
    "a string": (ok(b'"data"'), "the result is str, not an object"),
    "an empty object": (ok(b"{}"), "the result's data is missing"),
    "no data": (ok(b'{"object": "list"}'), "the result's data is missing"),
    "data that is null": (ok(b'{"object": "list", "data": null}'), "data is NoneType, not list"),
    "data of a wrong type": (ok(b'{"object": "list", "data": "many"}'), "data is str, not list"),
    "data that is an object": (ok(b'{"object": "list", "data": {"a": 1}}'), "data is dict, not list"),
    "data that is an empty object": (ok(b'{"object": "list", "data": {}}'), r"data.* not list"),
    "data that is an empty string": (ok(b'{"object": "list", "data": ""}'), r"data.* not list"),
    "items of a wrong type": (ok(b'{"object": "list", "data": [1]}'), r"the result's data\[0\] is int, not an object"),
    "an item without its fields": (ok(b'{"object": "list", "data": [{}]}'), r"the result's data\[0\].id is missing"),
    "a field of a wrong type": (ok(BAD_THREAD), r"data\[0\]\.created_at is str, not int"),
    "an error's body": (ok(b'{"error": {"message": "no"}}'), "the result's data is missing"),
    "an encoding that was not asked for": (reply(200, b"whatever", b"Content-Encoding: br"), "not asked for"),
    "two encodings": (reply(200, b"whatever", b"Content-Encoding: gzip,deflate"), "not asked for"),
    "no gzip": (reply(200, b"plain", b"Content-Encoding: gzip"), "not gzip"),
    "no deflate": (reply(200, b"plain", b"Content-Encoding: deflate"), "not deflate"),
    "half a deflate": (reply(200, zlib.compress(EMPTY)[:-5], b"Content-Encoding: deflate"), "deflate is cut off"),
    "half a gzip": (reply(200, gzip.compress(EMPTY)[:-9], b"Content-Encoding: gzip"), "gzip is cut off"),
    "a gzip cut in its head": (reply(200, gzip.compress(EMPTY)[:9], b"Content-Encoding: gzip"), "gzip is cut off"),
    "a byte of deflate": (reply(200, zlib.compress(EMPTY)[:1], b"Content-Encoding: deflate"), "deflate is cut off"),
    "half a gzip after a whole one": (
        reply(200, gzip.compress(EMPTY) + gzip.compress(b" ")[:-9], b"Content-Encoding: gzip"),
        "gzip is cut off",
    ),
}


@pytest.mark.parametrize(("response", "reason"), OUTSIDE_THE_CONTRACT.values(), ids=OUTSIDE_THE_CONTRACT.keys())
def test_a_2xx_outside_the_contract_is_a_response_error_and_never_retried(
    against: Against, response: bytes, reason: str
) -> None:
    replies = Replies(response)
    client, _ = against(replies)
    with pytest.raises(APIResponseError, match=reason) as caught:
        client.list_threads()
    assert caught.value.attempts == len(replies.requests) == 1
    assert caught.value.status_code == int(response.split()[1])


def test_an_empty_list_of_choices_is_a_response_error(against: Against) -> None:
    client, _ = against(Replies(ok(json.dumps({**COMPLETION, "choices": []}).encode())))
    with pytest.raises(APIResponseError, match="choices is empty"):
        client.create_chat_completion([{"role": "system", "content": "S"}])


@pytest.mark.parametrize(
    "response",
    [b"HTTP/1.1 204 No Content\r\n\r\n", reply(200), ok(b"<html>"), ok(b"null"), reply(299, b"\xff")],
    ids=["204", "nothing", "HTML", "null", "299"],
)
def test_a_2xx_to_a_deletion_is_success_whatever_its_body_is(against: Against, response: bytes) -> None:
    replies = Replies(response)
    client, _ = against(replies)
    client.delete_thread("t")
    assert len(replies.requests) == 1


# what is called, the response to it, and what its result must keep
KEPT: dict[str, tuple[Callable[[Client], Any], object, Callable[[Any], object], object]] = {
    "an unknown field": (
        lambda client: client.get_thread("t"),
        {**THREAD, "mood": {"good": [True]}},
        lambda thread: thread["mood"],
        {"good": [True]},
    ),
    "an unknown field of an item": (
        lambda client: client.list_assistants()[0],
        listed({**ASSISTANT, "mood": None}),
        lambda assistant: assistant["mood"],
        None,
    ),
    "an unknown role": (
        lambda client: client.list_messages("t")[0],
        listed({**MESSAGE, "role": "referee"}),
        lambda message: message.role,
        "referee",
    ),
    "an unknown run status": (
        lambda client: client.get_run("t", "r"),
        {**RUN, "status": "resting"},
        lambda run: run.status,
        "resting",
    ),
    "an unknown media type": (
        lambda client: client.create_message("t", "user", "Hi."),
        {**ASSISTANT_MESSAGE, "media": [{"id": "m", "source": "s", "type": "smell", "signed_url": "u"}]},
        lambda message: message.media[0].type_,
        "smell",
    ),
    "an unknown finish reason": (
        lambda client: client.create_chat_completion([{"role": "system", "content": "S"}]),
        {**COMPLETION, "choices": [{**COMPLETION["choices"][0], "finish_reason": "bored"}]},
        lambda completion: completion.choices[0].finish_reason,
        "bored",
    ),
}


@pytest.mark.parametrize(("call", "response", "look", "kept"), KEPT.values(), ids=KEPT.keys())
def test_what_this_version_does_not_know_is_kept(
    against: Against, call: Callable[[Client], Any], response: object, look: Callable[[Any], object], kept: object
) -> None:
    client, _ = against(Replies(ok(json.dumps(response).encode())))
    assert look(call(client)) == kept


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_not_followed_with_the_key(against: Against, status: int, method: str) -> None:
    _, other = against(responds(EMPTY))
    replies = Replies(reply(status, b"", b"Location: %s/threads" % other.base_url.encode()))
    client, server = against(replies)
    with pytest.raises(APIError) as caught:
        client.list_threads() if method == "GET" else client.create_thread()
    assert caught.value.status_code == status
    assert (len(replies.requests), other.connections) == (1, 0)
    assert (
        f"; it leads to {other.base_url}/threads, and is not followed: is base_url='{server.base_url}' right?"
        in str(caught.value)
    )


@pytest.mark.parametrize(
    "location", [b"", b"/", b"mailto:x", b"javascript:alert(1)", b"https:foo", b"\xff", b"http://xn--/", b"http://[::1"]
)
def test_a_redirect_to_no_url_is_a_typed_error(against: Against, location: bytes) -> None:
    replies = Replies(reply(302, b"", b"Location: " + location))
    client, _ = against(replies)
    with pytest.raises(PixiGPTError) as caught:
        client.list_threads()
    assert caught.value.attempts == len(replies.requests) == 1


@pytest.mark.parametrize("status", [200, 401, 503])
def test_a_cookie_is_never_sent_back(against: Against, status: int) -> None:
    replies = Replies(reply(status, EMPTY, b"Set-Cookie: who=you; Path=/; Max-Age=9999"), ok(EMPTY))
    client, _ = against(replies)
    for _ in range(3):
        try:
            client.list_threads()
        except AuthenticationError:
            assert status == 401
    assert replies.headers("cookie") == [None] * len(replies.requests)


def chunks(*pieces: bytes, trailers: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


UNUSUAL: dict[str, bytes] = {
    "1xx responses before it": b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    + ok(EMPTY),
    "100 Continue before it, which was not asked for": b"HTTP/1.1 100 Continue\r\n\r\n" + ok(EMPTY),
    "chunks": chunks(EMPTY),
    "chunks of one byte": chunks(*(bytes([byte]) for byte in EMPTY)),
    "chunks with trailers": chunks(EMPTY, trailers=b"X-Checksum: 7\r\nSet-Cookie: a=b\r\n"),
    "chunks with an extension": chunks(EMPTY).replace(b"1e\r\n", b"1E;name=value\r\n"),
    "gzip": reply(200, gzip.compress(EMPTY), b"Content-Encoding: GZIP"),
    "gzip by its old name": reply(200, gzip.compress(EMPTY), b"Content-Encoding: x-gzip"),
    "gzip of several members": reply(
        200, gzip.compress(EMPTY[:9]) + gzip.compress(b"") + gzip.compress(EMPTY[9:]), b"Content-Encoding: gzip"
    ),
    "gzip with padding": reply(200, gzip.compress(EMPTY) + bytes(9), b"Content-Encoding: gzip"),
    "deflate": reply(200, zlib.compress(EMPTY), b"Content-Encoding: deflate"),
    "bare deflate": reply(200, zlib.compress(EMPTY, wbits=-15), b"Content-Encoding: deflate"),
    "deflate in chunks of one byte": chunks(*(bytes([byte]) for byte in zlib.compress(EMPTY))).replace(
        b"\r\n", b"\r\nContent-Encoding: deflate\r\n", 1
    ),
    "identity": reply(200, EMPTY, b"Content-Encoding: identity"),
    "a charset for an encoding": reply(200, EMPTY, b"Content-Encoding: UTF-8"),
    "no reason phrase": ok(EMPTY).replace(b"200 OK", b"200"),
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: %d\n\n%s" % (len(EMPTY), EMPTY),
    "a folded header": reply(200, EMPTY, b"X-Long: a\r\n b"),
    "a thousand headers": reply(200, EMPTY, *(b"X-%d: y" % number for number in range(1000))),
    "headers in no known encoding": reply(200, EMPTY, b"X-Note: \xff\xfe", b"Content-Type: caf\xe9"),
    "a wrong content type": reply(200, EMPTY, b"Content-Type: image/png; charset=none"),
    "a byte order mark": ok(b"\xef\xbb\xbf" + EMPTY),
}


@pytest.mark.parametrize("response", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_an_unusual_but_whole_response_is_read_and_its_connection_used_again(against: Against, response: bytes) -> None:
    client, server = against(Replies(response), max_retries=0)
    assert [client.list_threads(), client.list_threads()] == [[], []]
    assert server.connections == 1


def test_a_deflate_body_may_begin_with_a_packet_of_one_byte(against: Against) -> None:
    body = zlib.compress(EMPTY)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(body)
    client, _ = against(sends(head, body[:1], body[1:4], body[4:], pause=0.05), max_retries=0)
    assert client.list_threads() == []


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"])
def test_a_response_that_ends_with_its_connection_is_read(against: Against, head: bytes) -> None:
    client, server = against(sends(head + EMPTY), max_retries=0)
    assert [client.list_threads(), client.list_threads()] == [[], []]
    assert server.connections == 2


@pytest.mark.parametrize("unusual", ["plain", "chunks", "gzip", "gzip of several members"])
def test_a_response_may_come_byte_by_byte(against: Against, unusual: str) -> None:
    response = UNUSUAL.get(unusual, ok(EMPTY))
    client, _ = against(sends(*(bytes([byte]) for byte in response), pause=0.0005), max_retries=0)
    assert client.list_threads() == []


def then_good(*parts: bytes) -> Script:
    """Send the parts for the first request, one after the other, and a good response for all that follow."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        for part in parts:
            connection.sendall(part)
            time.sleep(0.02)
        responds(EMPTY)(connection)

    return script


EVIL = ok(json.dumps(listed(THREAD)).encode())
SURPLUS: dict[str, tuple[bytes, ...]] = {
    "another response, later": (ok(EMPTY), EVIL),
    "garbage, later": (ok(EMPTY), b"surplus"),
    "another response in the same packet": (ok(EMPTY) + EVIL,),
    "garbage in the same packet": (ok(EMPTY) + b"surplus",),
    "a line break in the same packet": (ok(EMPTY) + b"\r\n",),
    "a body longer than its Content-Length": (ok(EMPTY) + json.dumps(listed(THREAD)).encode(),),
    "another response after the last chunk": (chunks(EMPTY) + EVIL,),
    "another response after a gzip": (UNUSUAL["gzip"] + EVIL,),
}


@pytest.mark.parametrize("parts", SURPLUS.values(), ids=SURPLUS.keys())
def test_what_comes_after_a_response_is_not_taken_for_the_next_one(against: Against, parts: tuple[bytes, ...]) -> None:
    client, server = against(then_good(*parts), responds(EMPTY))
    with capture_responses() as captured:
        assert client.list_threads() == []
        time.sleep(0.1)  # until the surplus has come
        assert client.list_threads() == []
    assert [each.attempts for each in captured] == [1, 1]
    assert server.connections == 2


def test_the_body_of_a_response_that_can_have_none_is_not_taken_for_the_next_one(against: Against) -> None:
    client, server = against(then_good(b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL), responds(EMPTY))
    client.delete_thread("t")
    assert client.list_threads() == []
    assert server.connections == 2


def endless(*head: bytes, piece: bytes = b" " * 65536) -> Script:
    """Send a head, and then one piece again and again, as long as anyone listens."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        for part in head:
            connection.sendall(part)
        while True:
            connection.sendall(piece)

    return script


def bomb(megabytes: int) -> bytes:
    """Return a gzip, a thousand times smaller than the megabytes of blanks in it."""
    pack = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    return b"".join(pack.compress(b" " * 2**20) for _ in range(megabytes)) + pack.flush()


BOMB = bomb(64)
CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
TOO_LARGE = (APIResponseError, r"larger than max_response_bytes, 100,000")
TOO_LONG = (APIConnectionError, "no complete response")
BOUNDLESS: dict[str, tuple[Script, type[PixiGPTError], str]] = {
    "a body": (endless(CLOSE + b"\r\n"), *TOO_LARGE),
    "a body in chunks": (
        endless(CLOSE + b"Transfer-Encoding: chunked\r\n\r\n", piece=b"8000\r\n" + b" " * 0x8000 + b"\r\n"),
        *TOO_LARGE,
    ),
    "a gzip bomb": (sends(reply(200, BOMB, b"Content-Encoding: gzip")), *TOO_LARGE),
    "an endless gzip": (endless(CLOSE + b"Content-Encoding: gzip\r\n\r\n", BOMB[:-8]), *TOO_LARGE),
    "what follows a gzip": (endless(CLOSE + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(EMPTY)), *TOO_LARGE),
    "endless gzips of nothing": (
        endless(CLOSE + b"Content-Encoding: gzip\r\n\r\n", piece=gzip.compress(b"") * 3000),
        *TOO_LARGE,
    ),
    "what follows a deflate": (endless(CLOSE + b"Content-Encoding: deflate\r\n\r\n", zlib.compress(EMPTY)), *TOO_LARGE),
    "an error's body": (endless(CLOSE.replace(b"200", b"404") + b"\r\n"), NotFoundError, "404"),
    "an error's gzip bomb": (sends(reply(404, BOMB, b"Content-Encoding: gzip")), NotFoundError, "404"),
    "a status line": (endless(b"HTTP/1.1 200 "), *TOO_LONG),
    "headers": (endless(b"HTTP/1.1 200 OK\r\n", piece=b"X-More: and more\r\n" * 1000), *TOO_LONG),
    "one header": (endless(b"HTTP/1.1 200 OK\r\nX-Long: ", piece=b"x" * 65536), *TOO_LONG),
    "a chunk's size": (endless(CLOSE + b"Transfer-Encoding: chunked\r\n\r\n", piece=b"0" * 65536), *TOO_LONG),
    "trailers": (
        endless(CLOSE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", piece=b"X-More: and more\r\n" * 1000),
        *TOO_LONG,
    ),
}


@pytest.mark.parametrize(("script", "kind", "reason"), BOUNDLESS.values(), ids=BOUNDLESS.keys())
def test_a_response_without_bounds_is_given_up_with_little_memory(
    against: Against, script: Script, kind: type[PixiGPTError], reason: str
) -> None:
    client, _ = against(script, responds(EMPTY), max_response_bytes=100_000)
    hasty = client.with_options(max_retries=0, timeout=10)
    tracemalloc.start()
    try:
        with pytest.raises(kind, match=reason) as caught:
            hasty.list_threads()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000  # what the server holds is in it
    assert caught.value.elapsed < 5
    assert client.list_threads() == []


def test_a_response_as_large_as_is_allowed_is_read(against: Against) -> None:
    client, _ = against(Replies(ok(EMPTY), UNUSUAL["gzip"]), max_response_bytes=len(EMPTY), max_retries=0)
    assert [client.list_threads(), client.list_threads()] == [[], []]
    client, _ = against(Replies(ok(EMPTY)), max_response_bytes=len(EMPTY) - 1)
    with pytest.raises(APIResponseError, match="larger than max_response_bytes, 29"):
        client.list_threads()


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body without an end from a transport of the user's, which a real one would await piece by piece."""

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


def test_an_endless_response_of_an_injected_transport_is_given_up(connect: Connect) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless(is_awaited=True)))
    with pytest.raises(APIResponseError, match="larger than max_response_bytes"):
        connect(transport=transport, max_response_bytes=1000).list_threads()


def test_an_endless_response_that_cannot_be_cancelled_is_given_up() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless(is_awaited=False)))
    client = AsyncClient("sk-test", transport=transport, max_response_bytes=1000)
    with pytest.raises(APIResponseError, match="larger than max_response_bytes"):
        anyio.run(client.list_threads)


def test_a_response_that_a_mock_has_read_is_held_to_the_size_limit_too(connect: Connect) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b" " * 2000))
    with pytest.raises(APIResponseError, match="larger than max_response_bytes, 1,000"):
        connect(transport=transport, max_response_bytes=1000).list_threads()
