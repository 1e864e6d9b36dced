"""Exactly as many requests as the README's table of retries says, on a real socket, with the pauses that it says."""

import json
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from itertools import pairwise
from typing import Any

import pytest
from support.clients import Against, Connect
from support.samples import ASSISTANT, THREAD
from support.scripted_server import EMPTY, Replies, Script, ok, reply, resets, sends, silent
from support.waiting import eventually

from pixigpt import APIConnectionError, APIError, Client, PixiGPTError, RateLimitError, RetryPolicy, ServerError
from pixigpt.testing import LocalServer

WITHOUT_PAUSE = RetryPolicy(backoff=0)
NO_UNSAFE = RetryPolicy(backoff=0, retry_unsafe=False)
RATE_LIMITS = RetryPolicy(backoff=0, retry_rate_limits=True)


def get(client: Client) -> object:
    return client.list_threads()


def post(client: Client) -> object:
    return client.create_thread()


def put(client: Client) -> object:
    return client.update_assistant("a", "A", "I")


def delete(client: Client) -> object:
    client.delete_thread("t")
    return None


CALLS = [get, post, put, delete]
BROKEN: dict[str, Script] = {
    "closed": sends(),
    "reset": resets,
    "cut off": sends(ok(EMPTY)[:-1]),
    "503": sends(reply(503, b"", b"Connection: close")),
    "429": sends(reply(429, b"", b"Connection: close")),
    "418": sends(reply(418, b"", b"Connection: close")),
    "not JSON": sends(reply(200, b"<html>", b"Connection: close")),
}
TRANSIENT = {"closed", "reset", "cut off", "503"}
SILENT = {"silent": silent}  # apart, since each request to it takes its timeout

# a policy, what the server does, the call, and how many requests that makes
COUNTS: list[tuple[RetryPolicy, str, Callable[[Client], object], int]] = [
    *((WITHOUT_PAUSE, script, call, 4 if script in TRANSIENT else 1) for script in BROKEN for call in CALLS),
    *((WITHOUT_PAUSE, "silent", call, 4) for call in (get, post)),
    *((NO_UNSAFE, script, post, 1) for script in (*BROKEN, *SILENT)),
    *((NO_UNSAFE, script, call, 4) for script in sorted(TRANSIENT) for call in (get, put, delete)),
    *((RATE_LIMITS, "429", call, 4) for call in CALLS),
    (RetryPolicy(backoff=0, retry_rate_limits=True, retry_unsafe=False), "429", post, 1),
    (RetryPolicy(backoff=0, retry_rate_limits=True, retry_unsafe=False), "429", get, 4),
    *((RetryPolicy(max_retries=0), script, get, 1) for script in (*BROKEN, *SILENT)),
    *((RetryPolicy(backoff=0, max_retries=7), script, post, 8) for script in ("503", "closed")),
    *((RetryPolicy(backoff=0, budget=2), script, get, 3) for script in ("503", "closed")),
    *((RetryPolicy(backoff=0, budget=0), script, get, 1) for script in ("503", "closed")),
]


@pytest.mark.parametrize(
    ("retry", "does", "call", "requests"), COUNTS, ids=lambda value: getattr(value, "__name__", str(value))[:70]
)
def test_a_failure_makes_exactly_as_many_requests_as_are_promised(
    against: Against, retry: RetryPolicy, does: str, call: Callable[[Client], object], requests: int
) -> None:
    client, server = against({**BROKEN, **SILENT}[does], retry=retry, timeout=0.15 if does == "silent" else 30)
    if does == "not JSON" and call is delete:
        call(client)  # whatever the body of a response to a deletion is
    else:
        with pytest.raises(PixiGPTError) as caught:
            call(client)
        assert caught.value.attempts == requests
        assert len(caught.value.earlier) == requests - 1
    assert eventually(lambda: server.connections >= requests)  # it accepts in another thread
    assert server.connections == requests


def test_a_post_that_cannot_have_reached_the_server_is_retried_even_if_unsafe_ones_are_not(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(APIConnectionError) as caught:
        connect(base_url=f"http://127.0.0.1:{port}/v1", retry=NO_UNSAFE).create_thread()
    assert caught.value.attempts == 4


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_success_ends_the_retries(against: Against, failures: int) -> None:
    replies = Replies(*[reply(500)] * failures, ok(EMPTY))
    client, _ = against(replies)
    assert client.list_threads() == []
    assert len(replies.requests) == failures + 1


def test_different_failures_share_the_retries_and_are_all_told(against: Against) -> None:
    client, server = against(sends(), sends(reply(502, b"", b"Connection: close")), resets, sends(reply(404)))
    with pytest.raises(APIError) as caught:
        client.list_threads()
    assert (caught.value.status_code, server.connections) == (404, 4)
    assert [type(each) for each in caught.value.earlier] == [APIConnectionError, ServerError, APIConnectionError]


def test_a_budget_that_is_spent_is_given_back_a_tenth_by_each_success(against: Against) -> None:
    replies = Replies(*[reply(503)] * 4, *[ok(EMPTY)] * 10, reply(503), ok(EMPTY), reply(503))
    client, _ = against(replies, retry=RetryPolicy(backoff=0, budget=2))

    def fails(requests: int) -> None:
        before = len(replies.requests)
        with pytest.raises(ServerError, match="not retried, because the client's retry budget is spent"):
            client.list_threads()
        assert len(replies.requests) - before == requests

    fails(3)
    fails(1)
    for _ in range(11):  # ten give one retry back, which the eleventh uses
        assert client.list_threads() == []
    fails(1)


def test_copies_share_a_budget_unless_they_have_a_policy_of_their_own(against: Against) -> None:
    replies = Replies(reply(503))
    client, _ = against(replies, retry=RetryPolicy(backoff=0, budget=3))
    for copy, attempts in [
        (client.with_options(timeout=9), 4),
        (client, 1),
        (client.with_options(max_retries=9), 1),
        (client.with_options(retry=WITHOUT_PAUSE), 4),
    ]:
        with pytest.raises(ServerError) as caught:
            copy.list_threads()
        assert caught.value.attempts == attempts


def gaps(replies: Replies) -> list[float]:
    return [later - earlier for earlier, later in pairwise(replies.moments)]


LATE = 1.0  # how late a busy machine may be


def test_the_default_pauses_double_from_a_tenth_of_a_second_each_shortened_to_half_at_the_least(
    against: Against,
) -> None:
    replies = Replies(reply(503))
    client, _ = against(replies, retry=RetryPolicy())
    with pytest.raises(ServerError):
        client.list_threads()
    pauses = gaps(replies)
    assert len(pauses) == 3
    assert all(
        0.5 * promised <= pause <= promised + LATE for pause, promised in zip(pauses, (0.1, 0.2, 0.4), strict=True)
    )


def in_seconds(seconds: float) -> str:
    """Return a time from now, as an HTTP date."""
    return formatdate(time.time() + seconds, usegmt=True)


OWN = (0.0, LATE)  # the policy's own pause, which is none here
ASKED = (0.15, 0.15 + LATE)
RETRY_AFTERS: dict[str, tuple[Callable[[], list[str]], tuple[float, float]]] = {
    "seconds": (lambda: ["0.15"], ASKED),
    "blanks around it": (lambda: ["  0.15  "], ASKED),
    "none": (lambda: ["0"], OWN),
    "an HTTP date": (lambda: [in_seconds(1.3)], (0.2, 1.3 + LATE)),  # which has no fractions
    "an HTTP date in the past": (lambda: [in_seconds(-9999)], OWN),
    "the beginning of time": (lambda: ["Mon, 01 Jan 0001 00:00:00 GMT"], OWN),
    "negative": (lambda: ["-1"], OWN),
    "nan": (lambda: ["nan"], OWN),
    "inf": (lambda: ["inf"], OWN),
    "negative infinity": (lambda: ["-inf"], OWN),
    "more than a number can hold": (lambda: ["9" * 400], OWN),
    "garbage": (lambda: ["soon"], OWN),
    "nothing": (lambda: [""], OWN),
    "a date that is none": (lambda: ["Mon, 99 Foo 2026 99:99:99 GMT"], OWN),
    "in no known encoding": (lambda: ["\xff\xfe"], OWN),
    "twice": (lambda: ["0.05", "0.15"], ASKED),
    "twice, the longer one first": (lambda: ["0.15", "0.05"], ASKED),
    "twice, one of them garbage": (lambda: ["soon", "0.15", "nan"], ASKED),
    "twice in one line": (lambda: ["0.15, 9"], OWN),
}


@pytest.mark.parametrize(("values", "bounds"), RETRY_AFTERS.values(), ids=RETRY_AFTERS.keys())
def test_the_pause_is_what_retry_after_asks_for_where_it_is_valid(
    against: Against, values: Callable[[], list[str]], bounds: tuple[float, float]
) -> None:
    headers = [b"Retry-After: " + value.encode("latin-1") for value in values()]
    replies = Replies(reply(503, b"", *headers), ok(EMPTY))
    client, _ = against(replies, retry=WITHOUT_PAUSE)
    assert client.list_threads() == []
    (pause,) = gaps(replies)
    assert bounds[0] <= pause <= bounds[1]


def test_a_rate_limit_is_waited_for_where_that_is_asked_for(against: Against) -> None:
    replies = Replies(reply(429, b"", b"Retry-After: 0.15"), reply(429), ok(EMPTY))
    client, _ = against(replies, retry=RATE_LIMITS)
    assert client.list_threads() == []
    first, second = gaps(replies)
    assert ASKED[0] <= first <= ASKED[1]
    assert OWN[0] <= second <= OWN[1]


LONG: dict[str, bytes] = {
    "letters": b"a" * 30_000,
    "digits": b"Sun " + b"9" * 30_000,
    "blanks": b"Sun" + b" " * 30_000 + b"10:00:0",
    "times": b"Sun " + b"99:99:99 " * 4000,
}


@pytest.mark.parametrize("value", LONG.values(), ids=LONG.keys())
def test_a_retry_after_of_many_characters_takes_no_time(against: Against, value: bytes) -> None:
    client, _ = against(Replies(reply(503, b"", b"Retry-After: " + value), ok(EMPTY)))
    started = time.monotonic()
    assert client.list_threads() == []
    assert time.monotonic() - started < 2 * LATE


@pytest.mark.parametrize("value", ["60.5", "9" * 300, "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"])
@pytest.mark.parametrize("status", [503, 429])
def test_a_retry_after_past_all_patience_is_raised_at_once(against: Against, value: str, status: int) -> None:
    replies = Replies(reply(status, b"", b"Retry-After: " + value.encode()))
    client, _ = against(replies, retry=RATE_LIMITS)
    with pytest.raises(APIError, match=r"not retried, because the server asks to wait .* longer than max_retry_after"):
        client.list_threads()
    assert len(replies.requests) == 1


def test_a_retry_after_past_the_deadline_is_raised_at_once(against: Against) -> None:
    replies = Replies(reply(503, b"", b"Retry-After: 30"))
    client, _ = against(replies, total_timeout=20)
    with pytest.raises(ServerError, match="not retried, because the deadline would pass in the pause"):
        client.list_threads()
    assert len(replies.requests) == 1


def test_a_rate_limit_error_that_is_not_retried_says_when_to_come_back(against: Against) -> None:
    client, _ = against(Replies(reply(429, b"", b"Retry-After: 7", b"Retry-After: soon")))
    with pytest.raises(RateLimitError) as caught:
        client.list_threads()
    assert (caught.value.retry_after, caught.value.attempts) == (7, 1)


def test_all_attempts_of_a_post_carry_one_key_and_no_two_calls_the_same(against: Against) -> None:
    replies = Replies(*[reply(503), reply(500), ok(json.dumps(THREAD).encode())] * 5)
    client, _ = against(replies)
    for _ in range(5):
        client.create_thread()
    keys = replies.headers("idempotency-key")
    assert len(keys) == 15
    assert all(keys[start] is not None and len(set(keys[start : start + 3])) == 1 for start in range(0, 15, 3))
    assert len(set(keys)) == 5


def test_copies_and_other_clients_have_keys_of_their_own(connect: Connect, against: Against) -> None:
    replies = Replies(ok(json.dumps(THREAD).encode()))
    client, server = against(replies)
    for each in (client, client.with_options(timeout=9), connect(base_url=server.base_url)):
        each.create_thread()
    assert len(set(replies.headers("idempotency-key"))) == 3


@pytest.mark.parametrize("call", [get, put, delete])
def test_only_a_post_carries_an_idempotency_key(against: Against, call: Callable[[Client], object]) -> None:
    replies = Replies(reply(503), ok(json.dumps({**ASSISTANT, "data": []}).encode()))
    client, _ = against(replies)
    call(client)
    assert replies.headers("idempotency-key") == [None, None]


def posts(server: LocalServer) -> list[Any]:
    return [each for each in server.requests if each.path.endswith(("/messages", "/bulk")) and each.method == "POST"]


@pytest.mark.parametrize("cuts", [1, 3])
def test_cut_after_the_work_is_done_it_is_not_done_twice(client: Client, server: LocalServer, cuts: int) -> None:
    hasty = client.with_options(retry=WITHOUT_PAUSE)
    thread = hasty.create_thread()
    server.cut("/threads/*/messages", times=cuts)
    message = hasty.create_message(thread.id, "user", "once")
    assert [each.id for each in hasty.list_messages(thread.id)] == [message.id]
    assert len(posts(server)) == cuts + 1
    assert len({each.headers["idempotency-key"] for each in posts(server)}) == 1


def test_cut_after_several_messages_are_stored_they_are_stored_once(client: Client, server: LocalServer) -> None:
    thread = client.create_thread()
    server.cut("/threads/*/messages/bulk")
    client.create_messages_bulk(thread.id, [{"role": "user", "content": text} for text in ("a", "b")])
    assert len(client.list_messages(thread.id)) == len(posts(server)) == 2
