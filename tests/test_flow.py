"""The flow decides every retry, pause and deadline: outcomes in, steps and result out, without I/O."""

import logging
import re
import ssl
import uuid
from contextvars import copy_context
from typing import Any

import httpx
import pytest
from support.flows import BROKEN, LATE, Driven, response, run_state, settings
from support.waiting import FakeTime

from pixigpt import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    DeadlineExceededError,
    PixiGPTError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    deadline,
)
from pixigpt._endpoint import prepare
from pixigpt._flow import call_flow
from pixigpt._response import Response
from pixigpt._retry import is_paced
from pixigpt._steps import Outcome
from pixigpt_api.api.pixigpt import create_chat_completion, create_thread, get_run, get_thread
from pixigpt_api.models import CreateChatCompletionRequest, CreateThreadRequest, Thread

THREAD = b'{"id": "thread_1", "object": "thread", "created_at": 1}'
GOOD = Response(200, httpx.Headers({"x-request-id": "req_1"}), THREAD)
REFUSED = httpx.ConnectError("refused")


@pytest.fixture
def post(fake_time: FakeTime) -> Any:
    def drive(*outcomes: Outcome, each_takes: float = 0.0, **options: Any) -> Driven:
        call = prepare(create_thread, body=CreateThreadRequest())
        return Driven(call_flow(call, settings(**options), fake_time.clock), list(outcomes), fake_time, each_takes)

    return drive


RETRIED: list[Outcome] = [
    *(response(status) for status in (500, 502, 503, 504, 520, 599)),
    REFUSED,
    BROKEN,
    LATE,
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.ConnectTimeout("late"),
    httpx.ProxyError("refused"),
]
NOT_RETRIED: list[Outcome] = [
    *(response(status) for status in (300, 302, 400, 401, 403, 404, 408, 409, 418, 422, 429, 499)),
]


@pytest.mark.parametrize("outcome", RETRIED, ids=repr)
def test_a_failure_that_may_pass_is_retried_with_growing_pauses(post: Any, outcome: Outcome) -> None:
    driven = post(outcome, outcome, outcome, GOOD)
    assert driven.pauses == [0, 0.1, 0.2, 0.4]
    assert driven.result == Thread("thread_1", "thread", 1)


@pytest.mark.parametrize("outcome", RETRIED, ids=repr)
def test_after_the_last_retry_its_failure_is_raised_with_the_earlier_ones(post: Any, outcome: Outcome) -> None:
    driven = post(outcome, outcome, outcome, outcome)
    assert driven.error.attempts == 4
    assert len(driven.error.earlier) == 3
    assert [each.attempts for each in driven.error.earlier] == [1, 2, 3]
    assert driven.error.elapsed == pytest.approx(0.7)


@pytest.mark.parametrize("outcome", NOT_RETRIED, ids=repr)
def test_a_failure_that_will_not_pass_is_raised_at_once(post: Any, outcome: Outcome) -> None:
    driven = post(outcome)
    assert (driven.error.attempts, driven.error.earlier) == (1, ())


@pytest.mark.parametrize("outcome", [httpx.UnsupportedProtocol("ftp"), httpx.LocalProtocolError("closed")], ids=repr)
def test_where_nothing_can_be_sent_no_attempt_is_counted(post: Any, outcome: Outcome) -> None:
    error = post(outcome).error
    assert (type(error), error.attempts) == (APIConnectionError, 0)
    assert "nothing was sent to pixigpt.test" in str(error)


def test_jitter_takes_half_of_a_pause_at_the_most() -> None:
    policy = RetryPolicy()
    assert [policy.pause(0, random) for random in (0.0, 0.5, 1.0)] == pytest.approx([0.05, 0.075, 0.1])


def test_a_pause_is_never_longer_than_max_backoff(post: Any) -> None:
    driven = post(*[BROKEN] * 4, GOOD, retry=RetryPolicy(max_retries=4, backoff=1.0, max_backoff=3.0))
    assert driven.pauses == [0, 1, 2, 3, 3]
    assert RetryPolicy().pause(10_000, 1.0) == 8.0
    assert post(BROKEN, GOOD, retry=RetryPolicy(backoff=1e300, max_backoff=1e300)).pauses == [0, 1e9]


def test_zero_retries_is_one_attempt(post: Any) -> None:
    assert post(BROKEN, max_retries=0).error.attempts == 1


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Sun, 09 Sep 2001 02:03:22 GMT"}, 2.0),
        ({"retry-after": "Sun, 09 Sep 2001 01:00:00 GMT"}, 0.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.1),
        ({"retry-after": "nan"}, 0.1),
        ({"retry-after": "inf"}, 0.1),
        ({"retry-after": "soon"}, 0.1),
        ({"retry-after": "10s"}, 0.1),
        ({"retry-after": "23:59"}, 0.1),
        ({"retry-after": "Sun, 09 Sep 2001 02:03:22 CEST"}, 2.0),
        ({"retry-after": "Sun, 99 Sep 2001 02:03:22 GMT"}, 0.1),
        ({"retry-after": ""}, 0.1),
        ({"retry-after": "9" * 400 + " 1 2 3"}, 0.1),
    ],
)
def test_retry_after_takes_the_place_of_the_pause(post: Any, headers: dict[str, str], pause: float) -> None:
    assert post(response(503, headers), GOOD).pauses == [0, pause]


def test_of_two_retry_afters_the_longer_one_counts(post: Any) -> None:
    twice = Response(503, httpx.Headers([("retry-after", "1"), ("retry-after", "2")]), b"")
    assert post(twice, GOOD).pauses == [0, 2]


def test_a_retry_after_past_the_policys_patience_is_raised_at_once(post: Any) -> None:
    driven = post(response(503, {"retry-after": "61"}))
    assert driven.error.attempts == 1
    assert "asks to wait 61 s" in str(driven.error)
    assert post(response(503, {"retry-after": "61"}), GOOD, retry=RetryPolicy(max_retry_after=None)).pauses == [0, 61]
    assert post(response(503, {"retry-after": "1e22"}), GOOD, retry=RetryPolicy(max_retry_after=None)).pauses == [
        0,
        1e9,
    ]


def test_429_is_retried_only_on_request(post: Any) -> None:
    limited = response(429, {"retry-after": "3"})
    error = post(limited).error
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 3
    assert post(limited, GOOD, retry=RetryPolicy(retry_rate_limits=True)).pauses == [0, 3]


@pytest.mark.parametrize(("outcome", "attempts"), [(REFUSED, 4), (BROKEN, 1), (LATE, 1), (response(503), 1)], ids=repr)
def test_with_retry_unsafe_off_a_post_is_retried_only_if_nothing_was_sent(
    post: Any, outcome: Outcome, attempts: int
) -> None:
    driven = post(*[outcome] * 4, retry=RetryPolicy(retry_unsafe=False))
    assert driven.error.attempts == attempts


def test_with_retry_unsafe_off_a_get_is_still_retried(fake_time: FakeTime) -> None:
    flow = call_flow(prepare(get_thread, "t"), settings(retry=RetryPolicy(retry_unsafe=False)), fake_time.clock)
    assert Driven(flow, [BROKEN, GOOD], fake_time).result is not None


def test_a_post_has_one_idempotency_key_on_all_its_attempts(post: Any, fake_time: FakeTime) -> None:
    first, second = post(BROKEN, BROKEN, GOOD), post(GOOD)
    keys = [{send.headers["idempotency-key"] for send in driven.sends} for driven in (first, second)]
    assert [len(each) for each in keys] == [1, 1]
    assert keys[0] != keys[1]
    got = Driven(call_flow(prepare(get_thread, "t"), settings(), fake_time.clock), [GOOD], fake_time)
    given = [uuid.UUID(key) for either in keys for key in either]
    assert {(key.version, key.variant) for key in given} == {(4, uuid.RFC_4122)}
    assert "idempotency-key" not in got.sends[0].headers


def test_a_users_own_idempotency_key_is_kept(fake_time: FakeTime) -> None:
    call = prepare(create_thread, body=CreateThreadRequest(), idempotency_key="mine")
    driven = Driven(call_flow(call, settings(), fake_time.clock), [GOOD], fake_time)
    assert driven.sends[0].headers["idempotency-key"] == "mine"


@pytest.mark.parametrize(
    ("outcome", "attempts"),
    [
        (response(429), 1),
        (response(503, {"retry-after": "1"}), 1),
        (response(500, body=b'{"error": {"type": "rate_limit_error"}}'), 1),
        (response(503), 2),
        (BROKEN, 2),
    ],
    ids=["429", "503 with Retry-After", "a rate limit by its type", "503", "a broken connection"],
)
def test_a_call_that_is_paced_leaves_refusals_to_who_paces_it(post: Any, outcome: Outcome, attempts: int) -> None:
    paced = copy_context()
    paced.run(is_paced.set, True)
    driven = paced.run(post, outcome, outcome, retry=RetryPolicy(max_retries=1, retry_rate_limits=True))
    assert driven.error.attempts == attempts


def test_when_the_budget_is_spent_failures_are_raised_at_once(fake_time: FakeTime) -> None:
    shared = settings(retry=RetryPolicy(budget=2))
    call = prepare(create_thread, body=CreateThreadRequest())

    def attempts(*outcomes: Outcome) -> int:
        driven = Driven(call_flow(call, shared, fake_time.clock), list(outcomes), fake_time)
        if driven.error is not None:
            assert "retry budget is spent" in str(driven.error)
        return len(driven.sends)

    assert attempts(BROKEN, BROKEN, BROKEN) == 3  # two retries: the whole budget
    assert attempts(BROKEN) == 1
    for _ in range(9):
        attempts(GOOD)
    assert attempts(BROKEN) == 1
    attempts(GOOD)
    assert attempts(BROKEN, BROKEN) == 2  # ten successes have given one retry back


def test_no_budget_is_no_limit(post: Any) -> None:
    policy = RetryPolicy(max_retries=500, budget=None, backoff=0)
    assert len(post(*[BROKEN] * 500, GOOD, retry=policy).sends) == 501


def test_the_logged_seconds_of_an_attempt_do_not_include_its_pause(post: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "pixigpt")
    assert post(response(503), response(503), GOOD, each_takes=0.25).pauses == [0, 0.1, 0.2]
    assert re.findall(r"\d+ ms", caplog.text) == ["250 ms"] * 3


def test_each_attempt_has_the_timeout_or_what_is_left_of_the_total(post: Any) -> None:
    driven = post(LATE, LATE, GOOD, each_takes=2.0, timeout=3.0, total_timeout=6.0)
    assert [round(send.timeout, 6) for send in driven.sends] == [3.0, 3.0, 1.7]
    assert post(GOOD, timeout=None).sends[0].timeout is None


def test_a_pause_past_the_total_timeout_is_not_taken_and_the_real_failure_is_raised(post: Any) -> None:
    driven = post(response(503), response(503), total_timeout=0.25)
    assert isinstance(driven.error, ServerError)
    assert driven.error.attempts == 2
    assert "deadline would pass" in str(driven.error)


def test_an_attempt_that_the_total_timeout_cuts_off_is_a_deadline_error(post: Any) -> None:
    driven = post(LATE, each_takes=1.0, total_timeout=1.0)
    assert isinstance(driven.error, DeadlineExceededError)
    assert driven.error.__cause__ is LATE


def test_an_attempt_that_its_own_timeout_cuts_off_is_a_timeout_error(post: Any) -> None:
    driven = post(*[LATE] * 4, each_takes=1.0, timeout=1.0, total_timeout=100.0)
    assert type(driven.error) is APITimeoutError


def test_a_deadline_block_bounds_a_call_and_the_nearest_end_wins(post: Any, fake_time: FakeTime) -> None:
    import time

    fake_time.now = time.monotonic()
    with deadline(100), deadline(10), deadline(50), deadline(None):
        assert post(GOOD).sends[0].timeout == pytest.approx(10, abs=1)
        fake_time.now += 20
        late = post()
    assert isinstance(late.error, DeadlineExceededError)
    assert late.error.attempts == 0
    assert post(GOOD).sends[0].timeout == 30


@pytest.mark.parametrize(
    "bad",
    [
        response(200, body=b"<html>"),
        response(200, body=b""),
        response(204),
        response(200, body=b"null"),
        response(200, body=b"[]"),
        response(200, body=b'"thread"'),
        response(200, body=b"\xff\xfe"),
        response(200, body=b"[" * 100_000),
        response(200, body=b'{"object": "thread", "created_at": 1}'),
        response(200, body=b'{"id": 1, "object": "thread", "created_at": 1}'),
        response(200, body=b'{"id": "t", "object": 5, "created_at": 1}'),
        response(200, body=b'{"id": "t", "object": "thread", "created_at": "now"}'),
        response(200, body=b'{"id": "t", "object": "thread", "created_at": true}'),
        response(200, body=b'{"id": "t", "object": "thread", "created_at": 1, "metadata": {"a": 1}}'),
        response(200, body=b'{"id": "t", "object": "thread", "created_at": 1, "metadata": 5}'),
        response(200, body=b'{"id": "t", "object": "thread", "created_at": 1.5}'),
        Response(200, httpx.Headers(), THREAD, defect="the body is too large"),
    ],
    ids=lambda bad: bad.content[:70],
)
def test_a_2xx_that_the_contract_does_not_allow_is_an_error_and_not_retried(post: Any, bad: Response) -> None:
    error = post(bad).error
    assert isinstance(error, APIResponseError)
    assert error.attempts == 1
    assert error.status_code == bad.status_code


RUN_MESSAGE = '"object": "thread.message", "created_at": 1, "thread_id": "t", "role": "user"'


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ('{"id": "m"}', "message.content is missing"),
        (f'{{"id": 5, {RUN_MESSAGE}, "content": []}}', "message.id is int, not str"),
        (f'{{"id": "m", {RUN_MESSAGE}, "content": "x"}}', "message.content is str, not list"),
        (f'{{"id": "m", {RUN_MESSAGE}, "content": [], "sources": {{}}}}', "message.sources is dict, not list"),
        (
            f'{{"id": "m", {RUN_MESSAGE}, "content": [], "sources": [{{"id": "s", "tool_name": 5}}]}}',
            r"message.sources\[0\].tool_name is int, not str",
        ),
        (
            f'{{"id": "m", {RUN_MESSAGE}, "content": [{{"type": "text", "text": {{"value": 5, "annotations": []}}}}]}}',
            r"message.content\[0\].text.value is int, not str",
        ),
    ],
)
def test_a_mismatch_is_named_where_it_stands(fake_time: FakeTime, message: str, says: str) -> None:
    good = run_state("completed")
    bad = response(200, body=good.content.replace(b'"model"', b'"message": %s, "model"' % message.encode()))
    error = Driven(call_flow(prepare(get_run, "t", "r"), settings(), fake_time.clock), [bad], fake_time).error
    assert isinstance(error, APIResponseError)
    assert re.search(says, error.message)


def test_a_result_keeps_unknown_fields_and_values(post: Any) -> None:
    body = b'{"id": "t", "object": "thread.v2", "created_at": 1.0, "metadata": null, "new": [1]}'
    thread = post(response(201, body=body)).result
    assert (thread.object_, thread["new"], thread.metadata) == ("thread.v2", [1], None)


def test_the_cause_of_a_connection_error_is_kept_without_the_request(post: Any) -> None:
    failure = httpx.ConnectError("refused", request=httpx.Request("GET", "https://x", headers={"a": "secret"}))
    error = post(failure, max_retries=0).error
    assert isinstance(error, APIConnectionError)
    assert error.__cause__ is failure
    assert "a" not in failure.request.headers
    assert (
        str(error)
        == "POST /threads: could not connect to pixigpt.test: refused (1 attempt in 0.00 s, https://pixigpt.test/v1/threads)"
    )


@pytest.mark.parametrize(
    ("failure", "kind", "says"),
    [
        (
            httpx.PoolTimeout("all 5 are in use"),
            APITimeoutError,
            "no free connection to pixigpt.test: all 5 are in use (timeout=30)",
        ),
        (httpx.ConnectTimeout(""), APITimeoutError, "could not connect to pixigpt.test in time (timeout=30)"),
        (LATE, APITimeoutError, "no complete response from pixigpt.test in time (timeout=30)"),
        (REFUSED, APIConnectionError, "could not connect to pixigpt.test: refused"),
        (BROKEN, APIConnectionError, "no complete response from pixigpt.test: cut off"),
        (httpx.ReadError(""), APIConnectionError, "no complete response from pixigpt.test: ReadError"),
    ],
    ids=repr,
)
def test_a_connection_error_says_how_far_it_came(post: Any, failure: Any, kind: type[PixiGPTError], says: str) -> None:
    error = post(failure, max_retries=0).error
    assert (type(error), error.message) == (kind, says)


def test_what_the_caller_is_handling_is_no_cause_of_a_failure(post: Any) -> None:
    mine = ssl.SSLCertVerificationError("mine")
    try:
        raise mine
    except ssl.SSLCertVerificationError:
        failure = httpx.ConnectError("refused")
        failure.__context__ = mine
        error = post(*[failure] * 4).error
    assert "could not connect" in error.message
    assert mine.__traceback__ is not None


def test_an_empty_list_of_choices_is_not_a_response(fake_time: FakeTime) -> None:
    fields = b'"object": "chat.completion", "created": 1, "model": "m", "choices": []'
    usage = b'{"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}'
    body = CreateChatCompletionRequest(messages=[])
    flow = call_flow(prepare(create_chat_completion, body=body), settings(), fake_time.clock)
    bad = response(200, body=b'{"id": "c", %s, "usage": %s}' % (fields, usage))
    error = Driven(flow, [bad], fake_time).error
    assert error is not None
    assert "choices is empty" in error.message
