"""Waiting for a run: when to poll, what each status means, and when to give up. No I/O, as in `_flow`."""

import math
from collections.abc import Callable
from typing import Self

from attrs import define, field, frozen

from pixigpt import errors
from pixigpt._checks import optional, positive_seconds, validator
from pixigpt._clock import SYSTEM_CLOCK, Clock, earliest
from pixigpt._endpoint import Call
from pixigpt._failure import stamped
from pixigpt._flow import Attempts, call_end
from pixigpt._settings import Settings
from pixigpt._steps import Flow, Notify
from pixigpt_api.models import Run
from pixigpt_api.models.run_status import RUN_STATUS_VALUES

# At any time the next poll is about a seventh of the wait away: a run of 1 s is noticed 0.1 s late on average, one of
# 3 s 0.25 s late, after at most 16 polls.
_FIRST_POLL_INTERVAL = 0.068
_POLL_INTERVAL_GROWTH = 1.16
_LONGEST_POLL_INTERVAL = 1.0
_LAST_POLL_SHARE = 0.05  # this share of a wait, but at most LAST_POLL, is kept for its last poll
LAST_POLL = 0.1


@frozen
class WaitOptions:
    """How to wait for a run."""

    timeout: float | None = field(validator=validator(optional(positive_seconds)))
    poll_interval: float | None = field(validator=validator(optional(positive_seconds)))
    on_update: Callable[[Run], object] | None


@frozen
class WaitEnd:
    """When a wait must end, with all calls that it is a part of; `is_own` if by its timeout, not by their deadline."""

    started: float
    at: float | None
    is_own: bool

    @classmethod
    def create(cls, options: WaitOptions, settings: Settings, clock: Clock) -> Self:
        """Return the end of a wait that starts now."""
        started = clock.monotonic()
        own = None if options.timeout is None else started + options.timeout
        at = earliest(own, call_end(settings, clock))
        return cls(started, at, is_own=own is not None and at == own)


def wait_flow(
    call: Call[Run],
    settings: Settings,
    options: WaitOptions,
    clock: Clock = SYSTEM_CLOCK,
    *,
    end: WaitEnd | None = None,
) -> Flow[Run]:
    """Poll a run until its status is terminal; what the wait is a part of may have started before, and has its end."""
    ends = WaitEnd.create(options, settings, clock) if end is None else end
    return (yield from _Wait(call, settings, clock, options, ends).run())


def timeout_error(state: str, options: WaitOptions, run: Run | None = None) -> errors.RunTimeoutError:
    """Return the error for a wait that has ended by its own timeout."""
    return errors.RunTimeoutError(f"{state}, and the timeout of {options.timeout:g} s is over", run)


@define
class _Wait:
    """The polls of one run, until its status is terminal or the wait ends."""

    call: Call[Run]
    settings: Settings
    clock: Clock
    options: WaitOptions
    end: WaitEnd
    seen: Run | None = None
    sent: int = 0

    def run(self) -> Flow[Run]:
        pause, interval = 0.0, _FIRST_POLL_INTERVAL * self._phase()
        while True:
            run = yield from self._poll(pause)
            if run.status == "completed":
                return run
            if run.status in errors.RUN_ERRORS:
                raise self._stamped(errors.RUN_ERRORS[run.status](self._how_ended(run), run))
            pause = self._next_pause(self.options.poll_interval or interval)
            interval = min(interval * _POLL_INTERVAL_GROWTH, _LONGEST_POLL_INTERVAL)

    def _how_ended(self, run: Run) -> str:
        """Return how a run ended, and why if the server tells it in the run's message."""
        blocks = run.message.content if run.message else []
        why = self.settings.redact_key("".join(block.text.value for block in blocks))
        return f"the run ended as {run.status}{why and f': {why}'}"

    def _poll(self, pause: float) -> Flow[Run]:
        attempts = Attempts(self.call, self.settings, self.clock, self.end.at)
        before = self.seen
        try:
            chain = self.settings.middleware
            self.seen = yield from attempts.run(pause) if chain is None else chain.run(attempts, pause)
        except errors.DeadlineExceededError as cause:
            self.sent += attempts.sent
            raise self._too_late(cause.earlier) from cause
        except errors.PixiGPTError as error:
            self.sent += attempts.sent
            raise self._stamped(error) from error.__cause__
        self.sent += attempts.sent
        if self.options.on_update and (before is None or before.status != self.seen.status):
            yield Notify(self.options.on_update, self.seen, attempts.left())
        return self.seen

    def _phase(self) -> float:
        """Return where in the first interval a wait starts, so that many waits do not poll in step.

        One random factor shifts the whole wait by up to one interval. Jitter on each interval would spread the polls
        too, but bad luck would add up: the lag would be larger on average, and the number of polls not bounded.
        """
        return math.pow(_POLL_INTERVAL_GROWTH, self.clock.random() - 1)

    def _next_pause(self, interval: float) -> float:
        """Return the interval, shortened so that the last poll comes just before the end."""
        end = self.end.at
        if end is None:
            return interval
        last_poll = end - min(LAST_POLL, _LAST_POLL_SHARE * (end - self.end.started))
        left = last_poll - self.clock.monotonic()
        if left <= 0:
            raise self._too_late()
        return min(interval, left)

    def _too_late(self, earlier: tuple[errors.PixiGPTError, ...] = ()) -> errors.PixiGPTError:
        state = "the run was never seen" if self.seen is None else f"the run is still {_status(self.seen)}"
        error: errors.PixiGPTError = errors.DeadlineExceededError(f"the deadline passed: {state}")
        if self.end.is_own:
            error = timeout_error(state, self.options, self.seen)
        error.earlier = earlier
        return self._stamped(error)

    def _stamped(self, error: errors.PixiGPTError) -> errors.PixiGPTError:
        elapsed = self.clock.monotonic() - self.end.started
        return stamped(error, self.call, self.settings, self.sent, elapsed, error.earlier)


def _status(run: Run) -> str:
    known = run.status in RUN_STATUS_VALUES
    status = repr(errors.excerpt(run.status))
    return status if known else f"{status}, a status that this version does not know"
