"""The engine of many calls, on a clock that only the test advances: what starts, what waits, what is repeated."""

import heapq
import math
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.waiting import FakeTime

from pixigpt import errors
from pixigpt.bulk._bucket import Bucket
from pixigpt.bulk._engine import Engine, Work
from pixigpt.bulk._learned import LearnedRate
from pixigpt.bulk._pace import Pace


def status_error(status: int, **headers: str) -> errors.APIError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return errors.stamp(errors.api_error(status, httpx.Headers(named), None), "POST", "/", "", 1, 0.0)


def work(index: int, tokens: float = 0.0) -> Work[str]:
    return Work(index, None, f"request {index}", {}, {}, tokens)


class Run:
    """An engine and its time."""

    def __init__(self, concurrency: int = 4, items: int = 8, *, rate: float | None = None, **options: Any) -> None:
        self.time = FakeTime()
        buckets = {name: Bucket(options.pop(name), self.time.now) for name in ("requests", "tokens") if name in options}
        pace = Pace(concurrency, **buckets)
        self.engine: Engine[str] = Engine(pace, concurrency, clock=self.time.clock, **options)
        for index in range(items):
            self.engine.add(work(index))
        self.engine.is_input_over = True

    def start_all(self) -> list[Work[str]]:
        """Start what may start now."""
        started: list[Work[str]] = []
        while isinstance(step := self.engine.next(), Work):
            started.append(step)
        return started

    def start(self) -> Work[str]:
        step = self.engine.next()
        assert isinstance(step, Work)
        return step

    def taken(self) -> list[int]:
        return [each.index for each in iter(self.engine.take, None)]


def indexes(works: list[Work[str]]) -> list[int]:
    return [each.index for each in works]


def test_as_many_start_as_the_concurrency_allows_and_the_next_when_one_ends() -> None:
    run = Run()
    started = run.start_all()
    assert indexes(started) == [0, 1, 2, 3]
    assert run.engine.next() is None
    run.engine.succeed(started[2], "two", 1, 0.0)
    assert indexes(run.start_all()) == [4]


@pytest.mark.parametrize(("is_ordered", "taken"), [(True, [0, 1, 2]), (False, [2, 0, 1])])
def test_items_are_taken_in_order_or_as_they_end(is_ordered: bool, taken: list[int]) -> None:
    run = Run(items=3, is_ordered=is_ordered)
    zero, one, two = run.start_all()
    run.engine.succeed(two, "two", 1, 0.0)
    assert run.taken() == ([] if is_ordered else [2])
    run.engine.succeed(zero, "zero", 1, 0.0)
    run.engine.fail(one, status_error(400))
    assert run.taken() == (taken if is_ordered else [0, 1])
    assert run.engine.is_over
    assert (two.result, one.error and type(one.error)) == ("two", errors.BadRequestError)


def test_twice_as_many_items_are_held_as_may_be_in_flight() -> None:
    run = Run(concurrency=2, items=0)
    run.engine.is_input_over = False
    while run.engine.has_room:
        run.engine.add(work(run.engine.added))
    assert run.engine.added == 4
    first, _ = run.start_all()
    run.engine.succeed(first, "", 1, 0.0)
    assert not run.engine.has_room  # it is ready, and still held
    assert run.taken() == [0]
    assert run.engine.has_room


REFUSALS: list[tuple[str, list[errors.APIError], list[float]]] = [
    ("as the server asks", [status_error(429, retry_after="7")], [7.0]),
    ("a 503 with Retry-After is a refusal", [status_error(503, retry_after="7")], [7.0]),
    ("by itself a second, doubled", [status_error(429)] * 4, [1.0, 2.0, 4.0, 8.0]),
    ("up to a minute", [status_error(429)] * 8, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]),
    ("Retry-After: 0 says nothing", [status_error(429, retry_after="0")] * 2, [1.0, 2.0]),
]


@pytest.mark.parametrize(("refusals", "pauses"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_after_a_refusal_nobody_starts_before_it_is_over(refusals: list[errors.APIError], pauses: list[float]) -> None:
    run = Run(concurrency=1, items=2)
    for refusal, pause in zip(refusals, pauses, strict=True):
        refused = run.start()
        assert refused.index == 0  # it goes back to the front
        run.engine.fail(refused, refusal)
        assert run.engine.next() == pytest.approx(pause)
        run.time.now += pause
    assert run.start().index == 0


def test_a_response_ends_the_doubling() -> None:
    run = Run(concurrency=1, items=3)
    for _ in range(3):
        run.engine.fail(run.start(), status_error(429))
        run.time.now += 60
    run.engine.succeed(run.start(), "", 1, 0.0)
    run.engine.fail(run.start(), status_error(429))
    assert run.engine.next() == pytest.approx(1.0)


def test_many_refusals_at_once_halve_the_limit_once_and_it_grows_by_one_for_each_limit_responses() -> None:
    run = Run(concurrency=16, items=200)
    for refused in run.start_all():
        run.engine.fail(refused, status_error(429, retry_after="1"))
    pace = run.engine.pace
    assert pace.limit == 8
    run.time.now += 1
    limits: list[int] = []
    for _ in range(8 + 9 + 10):
        run.engine.succeed(run.start_all()[0] if not limits else run.start(), "", 1, 0.0)
        run.engine.in_flight = 0
        limits.append(pace.limit)
    assert limits == [8] * 7 + [9] * 9 + [10] * 10 + [11]


def test_the_limit_neither_falls_below_one_nor_grows_beyond_the_concurrency() -> None:
    pace = Pace(2)
    for now in range(5):
        pace.refuse(float(now + 1), now + 0.5, None)
    assert pace.limit == 1
    for _ in range(100):
        pace.accept()
    assert pace.limit == 2


def test_an_items_end_is_its_own_and_a_pause_beyond_it_is_not_taken() -> None:
    run = Run(concurrency=1, items=2, total_timeout=5.0)
    first = run.start()
    run.time.now += 3
    run.engine.fail(first, status_error(429, retry_after="1"))
    run.time.now += 1
    assert run.start() is first
    assert first.left(run.time.now) == pytest.approx(1.0)
    run.engine.fail(first, status_error(429, retry_after="1"))
    assert run.taken() == [0]
    assert isinstance(first.error, errors.RateLimitError)
    assert first.attempts == 2
    assert first.elapsed == pytest.approx(4.0)
    run.time.now += 1
    assert run.start().left(run.time.now) == pytest.approx(5.0)


FATAL: list[tuple[str, errors.PixiGPTError, dict[str, Any]]] = [
    ("a wrong key", status_error(401), {}),
    ("no permission", status_error(403), {}),
    ("a closed client", errors.ClientClosedError("closed"), {}),
    ("one failure too many", status_error(400), {"max_failures": 0}),
    ("a deadline around the loop", errors.DeadlineExceededError("late"), {"end": 1000.0}),
    ("a refusal until after that deadline", status_error(429, retry_after="9"), {"end": 1001.0}),
]


@pytest.mark.parametrize(("error", "options"), [case[1:] for case in FATAL], ids=[case[0] for case in FATAL])
def test_what_ends_the_whole_is_raised_after_the_items_that_are_ready(
    error: errors.PixiGPTError, options: dict[str, Any]
) -> None:
    run = Run(is_ordered=False, **options)
    first, second, *_ = run.start_all()
    run.engine.succeed(first, "", 1, 0.0)
    run.engine.fail(second, error)
    assert run.engine.next() is None
    assert run.engine.take() is first
    with pytest.raises(type(error)) as raised:
        run.engine.take()
    assert raised.value is error


NOT_FATAL: list[tuple[str, errors.PixiGPTError, dict[str, Any]]] = [
    ("any other status", status_error(400), {"max_failures": 1}),
    ("no connection", errors.APIConnectionError("reset"), {}),
    ("an item's own deadline", errors.DeadlineExceededError("late"), {"end": 1001.0}),
]


@pytest.mark.parametrize(("error", "options"), [case[1:] for case in NOT_FATAL], ids=[case[0] for case in NOT_FATAL])
def test_one_items_failure_is_a_value(error: errors.PixiGPTError, options: dict[str, Any]) -> None:
    run = Run(items=1, **options)
    run.engine.fail(run.start(), error)
    taken = run.engine.take()
    assert taken is not None
    assert taken.error is error


def test_after_a_stop_nothing_starts_and_what_is_in_flight_is_still_taken() -> None:
    run = Run(concurrency=2, items=4)
    first, second = run.start_all()
    run.engine.fail(first, status_error(429))
    run.engine.stop()
    run.engine.succeed(second, "", 1, 0.0)
    run.time.now += 2
    assert run.engine.next() is None
    assert run.taken() == [1]  # item 0 was to be repeated, and is not waited for
    assert run.engine.is_over


@pytest.mark.parametrize(("amount", "waits"), [(1.0, [0.0, 0.0, 0.5, 0.5]), (5.0, [0.0, 2.5, 2.5])])
def test_a_bucket_holds_a_seconds_worth(amount: float, waits: list[float]) -> None:
    bucket = Bucket(120.0, 0.0)
    now, found = 0.0, list[float]()
    for _ in waits:
        found.append(max(0.0, bucket.wait(now, amount)))
        now += found[-1]
        bucket.charge(now, amount)
    assert found == pytest.approx(waits)


def test_tokens_are_reserved_by_a_guess_and_settled_by_the_usage() -> None:
    run = Run(items=3, tokens=60.0)
    first = run.start()  # nothing is known of it
    assert run.start().index == 1
    run.engine.succeed(first, "", 1, 11.0)
    assert run.engine.next() == pytest.approx(11.0)  # ten in debt, and the mean is more than the bucket holds
    run.time.now += 11
    assert run.start().tokens == 11.0


def test_a_calls_own_retries_are_charged_too() -> None:
    run = Run(items=2, requests=60.0)
    run.engine.succeed(run.start(), "", 3, 0.0)
    assert run.engine.next() == pytest.approx(3.0)


class Server:
    """A server that takes so many requests a minute, in a burst of a second's worth, and refuses what comes beyond."""

    def __init__(self, per_minute: float, retry_after: str | None) -> None:
        self.bucket = Bucket(per_minute, 1000.0)
        self.headers = {} if retry_after is None else {"retry_after": retry_after}
        self.served = self.refused = 0

    def receive(self, now: float) -> errors.APIError | None:
        if self.bucket.wait(now, 1.0) > 1e-6:
            self.refused += 1
            return status_error(429, **self.headers)
        self.bucket.charge(now, 1.0)
        self.served += 1
        return None


def simulate(run: Run, server: Server, latency: Callable[[int], float], seconds: float) -> None:
    """Let a run call a server for some time."""
    ends: list[tuple[float, int, Work[str], errors.APIError | None]] = []
    numbers: Iterator[int] = iter(range(10**9))
    stop = run.time.now + seconds
    while run.time.now < stop:
        while run.engine.has_room:
            run.engine.add(work(run.engine.added))
        step = run.engine.next()
        if isinstance(step, Work):
            refusal, number = server.receive(run.time.now), next(numbers)
            heapq.heappush(ends, (run.time.now + (0.02 if refusal else latency(number)), number, step, refusal))
            continue
        following = ends[0][0] if ends else math.inf
        run.time.now = min(following, math.inf if step is None else run.time.now + step)
        if following <= run.time.now:
            _, _, ended, refusal = heapq.heappop(ends)
            if refusal:
                run.engine.fail(ended, refusal)
            else:
                run.engine.succeed(ended, "", 1, 0.0)
            run.taken()


@pytest.mark.parametrize("retry_after", ["1", None])
@pytest.mark.parametrize(
    ("options", "concurrency", "seconds"),
    [
        ({"requests": 600.0}, 32, 0.2),
        ({"requests": 600.0}, 1000, 8.0),
        ({}, 8, 0.2),  # nobody has told the rate
        ({}, 32, 0.2),
        ({}, 32, 2.0),
        ({}, 100, 0.5),
    ],
)
def test_a_server_of_600_requests_a_minute_is_used_up_and_refuses_few(
    options: dict[str, float], concurrency: int, seconds: float, retry_after: str | None
) -> None:
    run, server = Run(concurrency, 0, is_ordered=False, **options), Server(600.0, retry_after)
    run.engine.is_input_over = False
    simulate(run, server, lambda number: seconds * (0.5 + number * 7919 % 100 / 100), 600.0)
    assert server.served >= 0.9 * 10 * 600
    assert server.refused < 0.03 * (server.served + server.refused)


def test_a_limit_that_is_raised_is_found_out_soon() -> None:
    run, server = Run(32, 0, is_ordered=False), Server(60.0, "1")
    run.engine.is_input_over = False
    simulate(run, server, lambda _: 0.2, 120.0)
    raised = Server(600.0, "1")
    simulate(run, raised, lambda _: 0.2, 600.0)
    assert raised.served > 0.5 * 10 * 600
    assert raised.refused < 0.03 * raised.served


def test_without_a_refusal_no_rate_holds() -> None:
    learned = LearnedRate()
    for _ in range(1000):
        learned.start(5.0)
    assert learned.wait(5.0) <= 0


def test_a_refusal_of_the_first_call_teaches_no_rate() -> None:
    learned = LearnedRate()
    learned.start(5.0)
    learned.refuse(5.0, 6.0, is_new=True)
    assert learned.wait(5.0) == 1.0
    learned.start(6.0)
    assert learned.wait(6.0) <= 0
