"""Key and prompt are in nothing that may end in a log: reprs, errors, tracebacks, warnings; whatever is echoed."""

import gzip
import json
import logging
import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.clients import FAST, Against, Connect
from support.samples import THREAD
from support.scripted_server import EMPTY, Replies, Script, ok, plain, reply, resets, sends, silent

from pixigpt import (
    APIConnectionError,
    APIError,
    APIResponseError,
    AsyncClient,
    Client,
    PixiGPTError,
    RunFailedError,
    deadline,
)

KEY = "sk-proj-Secret123"
ECHO = KEY.encode()
PROMPT = "my prompt, which is nobody's business"
LIBRARIES = ("pixigpt", "httpx", "httpcore", "h11", "anyio")


def call(client: Client) -> object:
    return client.create_message("t", "user", PROMPT)


def error_of(client: Client, does: Callable[[Client], object] = call) -> PixiGPTError:
    with pytest.raises(PixiGPTError) as caught:
        does(client)
    return caught.value


def family(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with its causes, its contexts, the failures before it, and theirs."""
    waiting: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while waiting:
        each = waiting.pop()
        if each is not None and all(each is not other for other in seen):
            seen.append(each)
            waiting += [each.__cause__, each.__context__, *getattr(each, "earlier", ())]
            yield each


def everything(value: object, depth: int = 6) -> Iterator[str]:
    """Yield the text of a value and of what it holds."""
    yield f"{value!s} {value!r}"
    if depth and hasattr(value, "__dict__"):
        for inner in vars(value).values():
            yield from everything(inner, depth - 1)
    if depth and isinstance(value, httpx.Headers):
        yield repr(value.raw)


def locals_of(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield the function and the locals of each of the libraries' frames, as a rendered traceback shows them."""
    rendered = traceback.TracebackException.from_exception(error, capture_locals=True)
    for frame in rendered.stack:
        if any(f"/{library}/" in frame.filename.replace("\\", "/") for library in LIBRARIES):
            yield frame.name, f"{frame.line} {frame.locals}"


# Frames that stand between the caller and the request, whose arguments are what the caller passed.
HANDED_ON = {"create_message", "call", "prepare"}


def assert_no_secret(error: PixiGPTError) -> None:
    pickled = pickle.loads(pickle.dumps(error))
    assert "secret123" not in repr(pickle.dumps(error)).lower()  # a header's name has lost its capitals
    for each in (*family(error), *family(pickled)):
        for text in everything(each):
            assert "secret123" not in text.lower()
            assert PROMPT not in text
        for function, seen in locals_of(each):
            assert "secret123" not in seen.lower(), (function, seen)
            assert PROMPT not in seen or function in HANDED_ON, (function, seen)
    logged = logging.Formatter().formatException((type(error), error, error.__traceback__))
    assert "Secret123" not in logged
    assert PROMPT not in logged


ESCAPED = KEY.replace("-", "\\u002d").encode()
IN_JSON = json.dumps({"error": {"message": f"Incorrect key: {KEY}", "type": KEY, "code": [KEY]}, "l": [[KEY]]}).encode()
CLOSE = b"Connection: close"

# A response that holds the key; each is sent as 200, as an error that is not retried, and as one that is.
ECHOES: dict[str, tuple[bytes, tuple[bytes, ...]]] = {
    "in no place": (b"", ()),
    "in the body": (b"<html>%s" % ECHO, ()),
    "many times in the body": (ECHO * 1000, ()),
    "at the end of what is shown of the body": (b"x" * 290 + ECHO, ()),
    "in an error's fields": (IN_JSON, ()),
    "in the type of a good body": (b'{"object": "%s", "data": 7}' % ECHO, ()),
    "as a name in JSON": (json.dumps({"error": {KEY: 1, "message": {KEY: 2}}}).encode(), ()),
    "escaped in JSON": (b'{"error": {"message": "No %s"}, "l": ["%s"]}' % (ESCAPED, ESCAPED), ()),
    "in a gzip": (gzip.compress(IN_JSON), (b"Content-Encoding: gzip",)),
    "beside bytes that are no text": (b"\xff\xfe" + ECHO + b"\xff", ()),
    "in a header": (b"", (b"X-Echo: Bearer " + ECHO, b"X-Request-Id: " + ECHO)),
    "in a header that is no text": (b"", (b"X-Echo: \xff" + ECHO + b"\xfe",)),
    "in a header's name": (b"", (b"X-" + ECHO + b": 1",)),
    "in a header that is sent twice": (b"", (b"X-Request-Id: a", b"X-Request-Id: " + ECHO)),
    "in the content-encoding": (b"", (b"Content-Encoding: " + ECHO,)),
    "in the Retry-After": (b"", (b"Retry-After: " + ECHO,)),
    "in the Location": (b"", (b"Location: https://other.test/?key=" + ECHO,)),
    "in a cookie": (b"", (b"Set-Cookie: key=" + ECHO,)),
}


@pytest.mark.parametrize(("body", "headers"), ECHOES.values(), ids=ECHOES.keys())
@pytest.mark.parametrize("status", [200, 302, 401, 429, 503])
def test_a_response_that_echoes_the_key_makes_an_error_without_it(
    against: Against, body: bytes, headers: tuple[bytes, ...], status: int
) -> None:
    response = reply(status, body, *headers).replace(b"Reason", b"Reason " + ECHO)
    client, _ = against(Replies(response), api_key=KEY)
    error = error_of(client)
    assert isinstance(error, APIResponseError if status == 200 else APIError)
    assert_no_secret(error)


def test_no_secret_is_in_the_cause_of_a_response_error_that_says_where_a_value_stands(against: Against) -> None:
    client, _ = against(Replies(ok(json.dumps({**THREAD, "metadata": {KEY: 7}}).encode())), api_key=KEY)
    error = error_of(client, lambda client: client.create_thread())
    assert "is int, not str" in str(error.__cause__)
    assert_no_secret(error)


BROKEN: dict[str, Script] = {
    "a status line": sends(ECHO + b"\r\n"),
    "a status line of another protocol": sends(b"ICY 200 " + ECHO + b"\r\n\r\n"),
    "a header line": sends(b"HTTP/1.1 200 OK\r\n" + ECHO + b"\r\n\r\n"),
    "a Content-Length": sends(reply(200).replace(b": 0", b": " + ECHO)),
    "a Transfer-Encoding": sends(reply(200, EMPTY, b"Transfer-Encoding: " + ECHO)),
    "a chunk's size": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + ECHO + b"\r\n"),
    "a body that is cut off": sends(reply(200, ECHO * 10)[:-1]),
    "a Location that is no URL": sends(reply(302, b"", b"Location: http://[" + ECHO, CLOSE)),
    "nothing, and the connection is reset": resets,
    "nothing, and the connection is closed": sends(),
    "nothing, until the timeout": silent,
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_no_secret_is_in_an_error_of_a_response_that_breaks_in(against: Against, script: Script) -> None:
    client, _ = against(script, api_key=KEY, max_retries=1, timeout=0.3 if script is silent else 5)
    assert_no_secret(error_of(client))


def test_no_secret_is_in_an_error_of_a_connection_that_is_never_made(connect: Connect, against: Against) -> None:
    assert_no_secret(error_of(connect(KEY, "http://127.0.0.1:1/v1", retry=FAST)))
    _, server = against(plain)
    assert_no_secret(error_of(connect(KEY, server.base_url.replace("http:", "https:"), retry=FAST)))
    client = connect(KEY, "http://127.0.0.1:1/v1")
    client.close()
    assert_no_secret(error_of(client))


def test_no_secret_is_in_an_error_of_a_deadline(against: Against) -> None:
    client, _ = against(sends(reply(503, IN_JSON, CLOSE)), silent, api_key=KEY)
    with deadline(0.3):
        error = error_of(client)
    assert len(error.earlier) == 1
    assert_no_secret(error)


def test_no_secret_is_in_an_error_of_a_proxy_that_refuses(connect: Connect, against: Against) -> None:
    _, proxy = against(sends(reply(407, ECHO, CLOSE).replace(b"Reason", ECHO)))
    url = proxy.base_url.removesuffix("/v1").replace("//", "//user:Secret123@")
    client = connect(KEY, "https://127.0.0.1:9/v1", proxy=url, retry=FAST)
    assert_no_secret(error_of(client))


def test_no_secret_is_in_an_error_of_a_run_that_failed(against: Against) -> None:
    run = {"id": "r", "object": "thread.run", "created_at": 1, "thread_id": "t", "assistant_id": "a", "model": "m"}
    client, _ = against(Replies(ok(json.dumps({**run, "status": "failed"}).encode())), api_key=KEY)
    error = error_of(client, lambda client: client.wait_for_run("t", "r"))
    assert isinstance(error, RunFailedError)
    assert_no_secret(error)


def test_no_secret_is_in_an_error_of_a_transport_that_tells_it(connect: Connect) -> None:
    def tell(request: httpx.Request) -> httpx.Response:
        cause = OSError(f"could not send {request.headers['authorization']}")
        raise httpx.ReadError(f"illegal status line {KEY}", request=request) from cause

    error = error_of(connect(KEY, transport=httpx.MockTransport(tell), max_retries=1))
    assert isinstance(error.__cause__, httpx.ReadError)
    assert "authorization" not in error.__cause__.request.headers
    assert_no_secret(error)


def test_no_repr_shows_the_key(connect: Connect) -> None:
    client = connect(KEY, headers={"X-Token": "Secret123"})
    with warnings.catch_warnings(record=True):
        copy = client.with_options(timeout=5)
    for each in (client, client.raw, copy, copy.raw, copy._settings):
        assert "Secret123" not in f"{each} {each!r}"
    assert repr(client).endswith("Client https://pixigpt.com/v1>")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_no_warning_shows_the_key(kind: type[Client | AsyncClient]) -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        kind(KEY, "http://pixigpt.test/v1", headers={"X-Token": "Secret123"})  # left unclosed, too
    assert shown
    assert not any("Secret123" in f"{each} {each.source!r}" for each in shown)


def test_nothing_logged_shows_key_or_prompt(against: Against, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client, _ = against(Replies(reply(503, IN_JSON), reply(401, IN_JSON)), api_key=KEY)
    client_error = error_of(client)
    assert client_error.attempts == 2
    for record in caplog.records:
        seen = f"{record.getMessage()} {record.args!r} {record.exc_info!r}"
        assert "Secret123" not in seen
        assert PROMPT not in seen


def test_the_key_is_sent_all_the_same(against: Against) -> None:
    replies = Replies(reply(401))
    client, _ = against(replies, api_key=KEY)
    error_of(client)
    assert replies.headers("authorization") == [f"bearer {KEY.lower()}"]
    assert PROMPT.encode() in replies.requests[0]


def test_the_search_for_secrets_finds_them() -> None:
    def fails(key: str) -> None:
        error = APIConnectionError("broken")
        error.earlier = (APIConnectionError(key),)
        raise error

    with pytest.raises(APIConnectionError) as caught:
        fails(KEY)
    with pytest.raises(AssertionError, match=r"(?i)secret123"):
        assert_no_secret(caught.value)
