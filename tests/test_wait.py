"""A wait for a run decides when to poll, what each status means and when to give up: outcomes in, without I/O."""

from typing import Any

import pytest
from attrs import evolve
from support.flows import BROKEN, LATE, Driven, response, run_state, settings
from support.waiting import FakeTime

from pixigpt import (
    APIError,
    DeadlineExceededError,
    RunCancelledError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunTimeoutError,
)
from pixigpt._endpoint import prepare
from pixigpt._steps import Notify, Outcome, Send
from pixigpt._wait import WaitOptions, wait_flow
from pixigpt_api.api.pixigpt import get_run
from pixigpt_api.models import Run


def wait(time: FakeTime, *outcomes: Outcome, each_takes: float = 0.0, **options: Any) -> Driven:
    chosen = {name: options.pop(name) for name in ("total_timeout", "max_retries") if name in options}
    flow = wait_flow(prepare(get_run, "t", "r"), settings(**chosen), wait_options(**options), time.clock)
    return Driven(flow, list(outcomes), time, each_takes)


def wait_options(**options: Any) -> WaitOptions:
    given: dict[str, Any] = {"timeout": 600.0, "poll_interval": None, "on_update": None, **options}
    return WaitOptions(**given)


def test_a_wait_polls_at_once_and_then_at_growing_intervals(fake_time: FakeTime) -> None:
    driven = wait(fake_time, *[run_state("queued")] * 25, run_state("completed"))
    assert driven.pauses[:4] == pytest.approx([0, 0.068, 0.068 * 1.16, 0.068 * 1.16**2], abs=1e-5)
    assert driven.pauses[-3:] == [1.0, 1.0, 1.0]
    assert isinstance(driven.result, Run)


def test_waits_are_shifted_against_each_other_by_up_to_one_interval(fake_time: FakeTime) -> None:
    fake_time.clock = evolve(fake_time.clock, random=lambda: 0.0)
    driven = wait(fake_time, *[run_state("queued")] * 3, run_state("completed"))
    assert driven.pauses == pytest.approx([0, 0.068 / 1.16, 0.068, 0.068 * 1.16], abs=1e-5)


@pytest.mark.parametrize("seconds", [0.3, 0.5, 1.0, 2.0, 3.0, 5.0])
def test_a_run_is_noticed_soon_after_its_end_with_few_polls(seconds: float) -> None:
    shifts = [each / 199 for each in range(200)]
    polls = [_polls_until(seconds, shift) for shift in shifts]
    late = [times[-1] - seconds for times in polls]
    assert sum(late) / len(late) < 0.09 * seconds + 0.04
    assert max(map(len, polls)) <= 16 or seconds > 3.0


def _polls_until(seconds: float, random: float) -> list[float]:
    """Return the times of a wait's polls, up to the first one after a run has ended."""
    time = FakeTime()
    time.clock = evolve(time.clock, random=lambda: random)
    started, times = time.now, []
    flow = wait_flow(prepare(get_run, "t", "r"), settings(), wait_options(), time.clock)
    outcome: Outcome | None = None
    while True:
        step = flow.send(outcome)
        if isinstance(step, Notify):
            outcome = None
            continue
        assert isinstance(step, Send)
        time.now += step.pause
        times.append(time.now - started)
        if times[-1] >= seconds:
            flow.close()
            return times
        outcome = run_state("queued")


def test_a_wait_with_poll_interval_polls_at_that_interval(fake_time: FakeTime) -> None:
    driven = wait(fake_time, *[run_state("queued")] * 3, run_state("completed"), poll_interval=2.0)
    assert driven.pauses == [0, 2, 2, 2]


def test_a_wait_tells_of_each_change_of_status_once(fake_time: FakeTime) -> None:
    states = ["queued", "queued", "in_progress", "in_progress", "completed"]
    driven = wait(fake_time, *map(run_state, states), on_update=print)
    assert driven.notified == ["queued", "in_progress", "completed"]


@pytest.mark.parametrize(
    ("status", "kind"), [("failed", RunFailedError), ("cancelled", RunCancelledError), ("expired", RunExpiredError)]
)
def test_a_run_that_ends_badly_is_an_error_with_the_run(fake_time: FakeTime, status: str, kind: type) -> None:
    error = wait(fake_time, run_state("queued"), run_state(status)).error
    assert type(error) is kind
    assert isinstance(error, RunError)
    assert (error.run and error.run.status, error.attempts) == (status, 2)


def test_a_wait_rides_out_failures_by_the_same_policy(fake_time: FakeTime) -> None:
    outcomes: list[Outcome] = [run_state("queued"), BROKEN, response(503), run_state("completed")]
    assert wait(fake_time, *outcomes).pauses == [0, 0.068, 0.1, 0.2]
    error = wait(fake_time, run_state("queued"), run_state("queued"), response(404)).error
    assert isinstance(error, APIError)
    assert error.attempts == 3
    assert error.elapsed == pytest.approx(0.068 * 2.16)


def test_a_wait_ends_at_its_timeout_with_a_last_poll_just_before(fake_time: FakeTime) -> None:
    started = fake_time.now
    driven = wait(fake_time, *[run_state("queued")] * 50, timeout=10.0)
    assert isinstance(driven.error, RunTimeoutError)
    assert fake_time.now - started == pytest.approx(9.9)
    assert driven.error.run is not None
    assert "still 'queued', and the timeout of 10 s is over" in str(driven.error)


def test_a_wait_without_a_limit_goes_on(fake_time: FakeTime) -> None:
    assert wait(fake_time, *[run_state("queued")] * 2000, run_state("completed"), timeout=None).result is not None


def test_a_wait_keeps_polling_at_an_unknown_status_and_names_it(fake_time: FakeTime) -> None:
    assert wait(fake_time, run_state("paused"), run_state("completed")).result is not None
    error = wait(fake_time, *[run_state("paused")] * 50, timeout=5.0).error
    assert "'paused', a status that this version does not know" in str(error)


def test_a_wait_obeys_total_timeout(fake_time: FakeTime) -> None:
    error = wait(fake_time, *[run_state("queued")] * 50, total_timeout=5.0).error
    assert type(error) is DeadlineExceededError


def test_a_poll_that_the_waits_end_cuts_off_is_the_waits_timeout(fake_time: FakeTime) -> None:
    error = wait(fake_time, LATE, each_takes=2.0, timeout=2.0).error
    assert isinstance(error, RunTimeoutError)
    assert error.run is None


@pytest.mark.parametrize(("name", "value"), [("timeout", 0), ("timeout", -1), ("poll_interval", 0)])
def test_a_waits_times_must_be_above_zero(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        wait_options(**{name: value})
