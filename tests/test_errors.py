"""Each error is of the promised class, tells what happened, and survives pickling and copying."""

import copy
import pickle
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock
from support.clients import Connect
from support.samples import CALL, COMPLETION

import pixigpt
from pixigpt import (
    APIError,
    AuthenticationError,
    ChatCompletion,
    Client,
    DeadlineExceededError,
    IncompleteAnswerError,
    NotFoundError,
    ParseFailedError,
    PixiGPTError,
    RateLimitError,
    RetryPolicy,
    Run,
    RunError,
    RunTimeoutError,
    ServerError,
    ToolCall,
    ToolFailedError,
    ToolRoundsError,
    errors,
    is_auth_error,
    is_rate_limit_error,
)
from pixigpt.errors import APIResponseError
from pixigpt.tools import ToolCallRecord, ToolRun

KEY = "sk-proj-Secret123"


@pytest.mark.parametrize(
    ("status", "kind", "wanted"),
    [
        (400, "authentication_error", AuthenticationError),
        (400, "rate_limit_error", RateLimitError),
        (403, "rate_limit_error", RateLimitError),
        (404, "invalid_request_error", NotFoundError),
    ],
)
def test_two_types_in_the_body_win_over_the_status(
    httpx_mock: HTTPXMock, connect: Connect, status: int, kind: str, wanted: type
) -> None:
    httpx_mock.add_response(status_code=status, json={"error": {"message": "No.", "type": kind}})
    with pytest.raises(wanted) as caught:
        connect(KEY).list_threads()
    assert is_auth_error(caught.value) == (wanted is AuthenticationError)
    assert is_rate_limit_error(caught.value) == (wanted is RateLimitError)


def test_an_error_says_what_happened(httpx_mock: HTTPXMock, connect: Connect) -> None:
    response = {"error": {"message": "The model is overloaded.", "type": "server_error"}}
    httpx_mock.add_response(status_code=503, json=response, headers={"X-Request-Id": "req_7"}, is_reusable=True)
    with pytest.raises(ServerError) as caught:
        connect(KEY, retry=RetryPolicy(backoff=0)).get_run("t", "r")
    error = caught.value
    assert str(error).startswith(
        "GET /threads/t/runs/r: 503 Service Unavailable: The model is overloaded. [request req_7] (4 attempts in 0."
    )
    assert (error.method, error.path, error.request_id) == ("GET", "/threads/t/runs/r", "req_7")
    assert error.url == "https://pixigpt.com/v1/threads/t/runs/r"
    assert f" s, {error.url})" in str(error)
    assert (error.headers["x-request-id"], error.body) == ("req_7", response)
    assert [type(each) for each in error.earlier] == [ServerError] * 3
    assert all(each.elapsed <= error.elapsed for each in error.earlier)


@pytest.mark.parametrize("header", ["5", "5.0"])
def test_a_rate_limit_error_knows_when_to_come_back(httpx_mock: HTTPXMock, connect: Connect, header: str) -> None:
    httpx_mock.add_response(status_code=429, headers={"Retry-After": header})
    with pytest.raises(RateLimitError) as caught:
        connect(KEY).list_threads()
    assert caught.value.retry_after == 5


def run() -> Run:
    return Run("r", "thread.run", 1, "t", "a", "queued", "m")


def call() -> ToolCall:
    return ToolCall.from_dict(CALL)


def completion() -> ChatCompletion:
    return ChatCompletion.from_dict(COMPLETION)


def tool_run() -> ToolRun:
    record = ToolCallRecord(call(), {}, None, None, 0.1, 1, "null")
    return ToolRun(completion(), [completion().choices[0].message], [record], completion().usage, 1)


def every_error() -> list[PixiGPTError]:
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    found: list[PixiGPTError] = []
    for kind in classes:
        if issubclass(kind, APIError):
            found.append(kind("No.", status_code=418, code="c", headers=httpx.Headers({"a": "b"}), body={"x": [1]}))
        elif issubclass(kind, APIResponseError):
            found.append(kind("No.", status_code=200, request_id="req_1", excerpt="<html>"))
        elif issubclass(kind, RunError):
            found.append(kind("No.", run()))
        elif issubclass(kind, ToolFailedError):
            found.append(kind("No.", call(), tool_run()))
        elif issubclass(kind, ToolRoundsError):
            found.append(kind("No.", tool_run()))
        elif issubclass(kind, ParseFailedError):
            found.append(kind("No.", completion(), [], ["why"]))
        elif issubclass(kind, IncompleteAnswerError):
            found.append(kind("No.", completion()))
        elif issubclass(kind, PixiGPTError):
            found.append(kind("No."))
    return found


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("copied", [lambda error: pickle.loads(pickle.dumps(error)), copy.deepcopy, copy.copy])
def test_an_error_pickles_and_copies(error: PixiGPTError, copied: Any) -> None:
    error.method, error.path, error.attempts, error.elapsed = "GET", "/threads", 2, 1.5
    error.earlier = (ServerError("Before.", status_code=500),)
    error.note = "not retried"
    received = copied(error)
    assert type(received) is type(error)
    assert str(received) == str(error)
    assert re.fullmatch(r"GET /threads: .*No\..* \(2 attempts in 1\.50 s; not retried\)", str(received))
    assert {**vars(received), "earlier": 0} == {**vars(error), "earlier": 0}
    assert str(received.earlier[0]) == str(error.earlier[0])


def fail(error: PixiGPTError) -> None:
    raise error


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        yield process


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_an_error_of_another_process_arrives_whole(elsewhere: ProcessPoolExecutor, error: PixiGPTError) -> None:
    errors.stamp(
        error, "GET", "/threads", "https://pixigpt.test/v1/threads", 2, 1.5, (ServerError("Before.", status_code=500),)
    )
    with pytest.raises(type(error)) as caught:
        elsewhere.submit(fail, error).result(timeout=60)
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert str(caught.value.earlier[0]) == str(error.earlier[0])
    assert "raise error" in str(caught.value.__cause__)  # the executor tells where; pickle keeps no cause of its own


def test_an_error_keeps_its_cause(connect: Connect) -> None:
    def breaks(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/threads"):
            raise httpx.ReadError("broken") from OSError(104, "reset by peer")
        return httpx.Response(200, text="<html>")

    client = connect(KEY, transport=httpx.MockTransport(breaks), retry=RetryPolicy(backoff=0))
    with pytest.raises(PixiGPTError, match="broken") as broken:
        client.list_threads()
    with pytest.raises(APIResponseError, match="not JSON") as senseless:
        client.get_thread("t")
    assert isinstance(broken.value.__cause__, httpx.ReadError)
    assert isinstance(broken.value.__cause__.__cause__, OSError)
    assert "not JSON" in str(senseless.value.__cause__)
    assert [type(each.__cause__) for each in broken.value.earlier] == [httpx.ReadError] * 3


def test_a_failure_that_is_its_own_cause_is_told(connect: Connect) -> None:
    def breaks(_: httpx.Request) -> httpx.Response:
        error = httpx.ReadError("broken")
        raise error from error

    client = connect(KEY, transport=httpx.MockTransport(breaks), retry=RetryPolicy(backoff=0))
    with pytest.raises(PixiGPTError, match="broken"):
        client.list_threads()


def test_the_timeouts_are_timeout_errors() -> None:
    timeouts = {type(error) for error in every_error() if isinstance(error, TimeoutError)}
    assert timeouts == {pixigpt.APITimeoutError, DeadlineExceededError, RunTimeoutError}


def test_every_error_is_drawn_in_the_tree() -> None:
    drawn = errors.__doc__ or ""
    assert all(type(error).__name__ in drawn for error in every_error())


def test_a_header_that_is_not_ascii_is_no_trouble(connect: Connect) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(503, headers=[(b"x-note", b"caf\xc3\xa9 \xff")]))
    with pytest.raises(ServerError) as caught:
        connect(KEY, transport=transport, retry=RetryPolicy(backoff=0)).list_threads()
    assert caught.value.attempts == 4
    assert caught.value.headers.raw == [(b"x-note", b"caf\xc3\xa9 \xff")]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"error": {"message": "%s"}}' % (b"m" * 100_000),
        b'{"error": {"message": %s%s}}' % (b"[" * 500, b"]" * 500),
        b'{"error": {"type": "%s", "code": "%s"}}' % (b"t" * 100_000, b"c" * 100_000),
        b"<html>" + b"h" * 100_000,
    ],
)
def test_no_part_that_a_server_fills_makes_an_error_text_long(body: bytes) -> None:
    headers = {"x-request-id": "r" * 100_000}
    transport = httpx.MockTransport(lambda _: httpx.Response(400, content=body, headers=headers))
    with Client("sk-test", "https://pixigpt.test/v1", transport=transport) as client, pytest.raises(APIError) as caught:
        client.list_threads()
    assert len(str(caught.value)) < 1000
    assert len(repr(caught.value)) < 1000


def test_an_unknown_status_of_a_run_does_not_make_an_error_text_long() -> None:
    run = {"id": "r", "object": "thread.run", "created_at": 1, "thread_id": "t", "assistant_id": "a", "model": "m"}
    body = {**run, "status": "s" * 100_000}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    client = Client("sk-test", "https://pixigpt.test/v1", transport=transport)
    with client, pytest.raises(RunTimeoutError) as caught:
        client.wait_for_run("t", "r", timeout=0.05)
    assert len(str(caught.value)) < 1000
