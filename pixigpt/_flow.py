"""Every decision of a call: attempt, retry, poll, deadline. It does no I/O and reads the clock that it is given.

A flow is a generator: it yields a step, is sent the outcome, and returns the call's result or raises its error.
`Client` and `AsyncClient` only drive it.
"""

import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

import httpx
from attrs import define, evolve, field

from pixigpt import _capture, errors
from pixigpt._checks import LONGEST_SECONDS, optional, positive_seconds
from pixigpt._clock import SYSTEM_CLOCK, Clock, block_end, earliest
from pixigpt._endpoint import Call
from pixigpt._failure import connection_error, event_error, redact_failure, response_error, status_error
from pixigpt._log import is_debugging, log_attempt
from pixigpt._request_body import JsonBody, RequestBody, Upload
from pixigpt._response import Response, UnexpectedShapeError
from pixigpt._retry import is_paced, is_refusal, is_unsendable, retry_after
from pixigpt._settings import Settings
from pixigpt._steps import Failure, Flow, Notify, Opened, Outcome, Piece, Read, Send
from pixigpt_api.models import Run
from pixigpt_api.models.run_status import RUN_STATUS_VALUES

if TYPE_CHECKING:
    from pixigpt.middleware._sender import Readable

T = TypeVar("T")
R = TypeVar("R", bound="Readable")

# At any time the next poll is about a seventh of the wait away: a run of 1 s is noticed 0.1 s late on average, one of
# 3 s 0.25 s late, after at most 16 polls.
_FIRST_POLL_INTERVAL = 0.068
_POLL_INTERVAL_GROWTH = 1.16
_LONGEST_POLL_INTERVAL = 1.0
_LAST_POLL_SHARE = 0.05  # this share of a wait, but at most 0.1 s, is kept for its last poll
_OVER = 0.005  # a timer may go off this early


def call_flow(call: Call[T], settings: Settings, clock: Clock = SYSTEM_CLOCK, *, end: float | None = None) -> Flow[T]:
    """Send a call, retrying by the policy, until it has a result or an error, or the end comes."""
    attempts = _Attempts(call, settings, clock, earliest(end, call_end(settings, clock)))
    chain = settings.middleware
    return (yield from attempts.run() if chain is None else chain.run(attempts))


def open_flow(
    call: Call[T], settings: Settings, begin: Callable[["Reading[T]"], Flow[R]], clock: Clock = SYSTEM_CLOCK
) -> Flow[R]:
    """Send a call whose response is read as it comes, retrying by the policy, until `begin` has read its beginning."""
    attempts = _Attempts(call, settings, clock, call_end(settings, clock))
    chain = settings.middleware
    return (yield from attempts.open(begin) if chain is None else chain.open(attempts, begin))


def check_sendable(call: Call[Any], settings: Settings) -> None:
    """Raise ValueError or TypeError if a call cannot be sent, which its flow would tell only once it runs."""
    settings.url(call.path, call.params)
    if isinstance(call.body, JsonBody):
        call.body.encoded(settings.extra_body)


def byte_flow(call: Call[Any], settings: Settings, clock: Clock = SYSTEM_CLOCK) -> Flow["ByteReading"]:
    """Send a call, retrying by the policy, until the first byte of its response is there, of whatever type that is."""
    return (yield from open_flow(call.with_headers({"accept": "*/*"}), settings, ByteReading.begin, clock))


def wait_flow(
    call: Call[Run],
    settings: Settings,
    timeout: float | None,
    poll_interval: float | None,
    on_update: Callable[[Run], object] | None,
    clock: Clock = SYSTEM_CLOCK,
    *,
    started: float | None = None,
) -> Flow[Run]:
    """Poll a run until its status is terminal; what the wait is a part of may have started before."""
    check_wait(timeout, poll_interval)
    started = clock.monotonic() if started is None else started
    return (yield from _Wait(call, settings, clock, timeout, poll_interval, on_update, started).run())


def check_wait(timeout: object, poll_interval: object) -> None:
    """Raise ValueError or TypeError if an argument of a wait is bad."""
    optional(positive_seconds)("timeout", timeout)
    optional(positive_seconds)("poll_interval", poll_interval)


def call_end(settings: Settings, clock: Clock, started: float | None = None) -> float | None:
    """Return when a call must have ended that starts now, or has started before; None if it need not."""
    if settings.total_timeout is None:
        return block_end()
    return earliest(block_end(), (clock.monotonic() if started is None else started) + settings.total_timeout)


@define
class _Attempts(Generic[T]):
    """The attempts of one call, up to `end`."""

    call: Call[T]
    settings: Settings
    clock: Clock
    end: float | None
    url: httpx.URL = field(init=False)
    headers: dict[str, str] = field(init=False)
    body: RequestBody = field(init=False)
    started: float = field(init=False)
    sent: int = 0
    earlier: tuple[errors.PixiGPTError, ...] = ()

    def __attrs_post_init__(self) -> None:
        self.started = self.clock.monotonic()
        self.url = self.settings.url(self.call.path, self.call.params)
        self.headers = self.settings.request_headers(self.call.headers)
        body = self.call.body
        self.body = body.encoded(self.settings.extra_body) if isinstance(body, JsonBody) else body
        if self.call.method == "POST":
            self.headers.setdefault("idempotency-key", _random_uuid())

    def run(self, pause: float = 0.0) -> Flow[T]:
        """Send until there is a result."""
        while True:
            outcome: Failure = yield from self._exchange(self._send(pause))
            if isinstance(outcome, Response) and outcome.is_success:
                return self._result(outcome)
            pause = self._retry_pause(outcome, self.error(outcome))

    def anew(self, call: Call[Any], settings: Settings) -> "_Attempts[Any]":
        """Return attempts of another request of the same call, up to the same end."""
        return _Attempts(call, settings, self.clock, self.end)

    def open(self, begin: "Callable[[Reading[T]], Flow[R]]") -> Flow[R]:
        """Send until a response has begun that is a 2xx, and its beginning could be read."""
        pause = 0.0
        while True:
            outcome = yield from self._exchange(evolve(self._send(pause), is_streamed=True, left=self.left(pause)))
            if not isinstance(outcome, Opened):
                error = self.error(cast("Failure", outcome))
            else:
                try:
                    begun = yield from begin(self.reading(outcome))
                except errors.PixiGPTError as failure:
                    error = failure.with_traceback(None)
                else:
                    self._record(outcome)
                    self.settings.budget.give_back()
                    return begun
            pause = self._retry_pause(outcome, error)

    def reading(self, opened: Opened) -> "Reading[T]":
        """Return the reading of a response that has been opened."""
        return Reading(self, opened)

    def read(self) -> Read:
        """Return the step that reads on; raise DeadlineExceededError if it is too late for that."""
        left = self.left()
        if left is not None and left <= 0:
            raise self._stamped(errors.DeadlineExceededError("the deadline passed while the response was being read"))
        return Read(earliest(self.settings.timeout, left))

    def _exchange(self, step: Send) -> Flow[Any]:
        begun = self.clock.monotonic() + step.pause
        outcome = cast("Outcome", (yield step))
        if is_debugging():
            self._log(outcome, self.clock.monotonic() - begun)
        if not isinstance(outcome, httpx.RequestError) or not is_unsendable(outcome):
            self.sent += 1
        return outcome

    def _log(self, outcome: Outcome, seconds: float) -> None:
        result, request_id = type(outcome).__name__, "-"
        if isinstance(outcome, Response | Opened):
            result = str(outcome.status_code)
            request_id = self.settings.redact_key(outcome.headers.get("x-request-id", "-"))
        log_attempt(self.call.method, self.call.path, result, len(self.earlier) + 1, seconds, request_id)

    def _send(self, pause: float) -> Send:
        left = self.left(pause)
        if left is not None and left <= 0:
            raise self._stamped(errors.DeadlineExceededError("the deadline passed before the request was sent"))
        timeout = earliest(self.settings.timeout, left)
        return Send(pause, self.call.method, self.url, self.headers, self.body, timeout)

    def left(self, pause: float = 0.0) -> float | None:
        """Return the seconds until the end, after a pause."""
        return None if self.end is None else self.end - self.clock.monotonic() - pause

    def _result(self, response: Response) -> T:
        self._record(response)
        result = self.parsed(response)
        self.settings.budget.give_back()
        return result

    def parsed(self, response: Response) -> T:
        """Return the result that a complete 2xx response is; raise APIResponseError if it cannot be used."""
        if response.defect:
            raise self.unusable(response.defect, response)
        try:
            return self.call.parse(response)
        except UnexpectedShapeError as cause:
            raise self.misshapen(cause, response) from cause

    def misshapen(self, cause: UnexpectedShapeError, response: Response) -> errors.PixiGPTError:
        """Return the error for a 2xx response, or an event of it, that does not match the API schema."""
        redact_failure(cause, self.settings)
        return self.unusable(str(cause), response)

    def unusable(self, reason: str, response: Response) -> errors.PixiGPTError:
        """Return the error for a 2xx response that cannot be used."""
        return self._stamped(response_error(reason, response, self.settings))

    def error(self, outcome: Failure) -> errors.PixiGPTError:
        """Return the error that a failed attempt is."""
        if isinstance(outcome, Response):
            return self._stamped(status_error(outcome, self.settings, self.clock.wall()))
        is_over = self._ends_within(_OVER)
        error = connection_error(outcome, self.call.method, self.url, self.settings, is_over=is_over)
        error.__cause__ = outcome
        return self._stamped(error)

    def _retry_pause(self, outcome: Outcome, error: errors.PixiGPTError) -> float:
        """Return the pause before the next attempt; raise the error if there is to be none."""
        if self._is_terminal(error):
            self._fail(outcome, error)
        asked = retry_after(outcome.headers, self.clock.wall()) if isinstance(outcome, Response | Opened) else None
        own = self.settings.retry.pause(len(self.earlier), self.clock.random())
        pause = min(own if asked is None else asked, LONGEST_SECONDS)
        if refusal := self._refusal(asked, pause):
            self._fail(outcome, error, f"not retried, because {refusal}")
        self.earlier += (error,)
        return pause

    def _is_terminal(self, error: errors.PixiGPTError) -> bool:
        policy = self.settings.retry
        is_final = isinstance(error, errors.DeadlineExceededError | errors.APIResponseError)
        if is_final or self._is_left_to_caller(error) or len(self.earlier) >= policy.max_retries:
            return True
        failure = error.status_code if isinstance(error, errors.APIError) else cast("Exception", error.__cause__)
        return not policy.allows(self.call.method, failure)

    def _is_left_to_caller(self, error: errors.PixiGPTError) -> bool:
        """Return whether a caller that paces many calls is to wait, for all of them, in the flow's place."""
        if not (is_paced.get() and isinstance(error, errors.APIError)):
            return False
        return is_refusal(error.status_code, error.headers)

    def _refusal(self, asked: float | None, pause: float) -> str | None:
        """Return why a retry that the policy allows is not taken, if so."""
        if isinstance(self.body, Upload) and not self.body.is_replayable:
            return "the request's body cannot be rewound"
        longest = self.settings.retry.max_retry_after
        if asked is not None and longest is not None and asked > longest:
            return f"the server asks to wait {asked:g} s, longer than max_retry_after"
        if self._ends_within(pause):
            return "the deadline would pass in the pause"
        if not self.settings.budget.spend():
            return "the client's retry budget is spent"
        return None

    def _fail(self, outcome: Outcome, error: errors.PixiGPTError, note: str = "") -> NoReturn:
        if isinstance(error, errors.APIError | errors.APIResponseError):
            self._record(cast("Response | Opened", outcome))
        error.note = note
        raise error

    def _ends_within(self, seconds: float) -> bool:
        return self.end is not None and self.clock.monotonic() + seconds >= self.end

    def _stamped(self, error: errors.PixiGPTError) -> errors.PixiGPTError:
        url = self.settings.redact_key(str(self.url))
        return errors.stamp(error, self.call.method, self.call.path, url, self.sent, self.elapsed(), self.earlier)

    def event_error(self, data: str, opened: Opened) -> errors.PixiGPTError:
        """Return the error that an event of a response is."""
        return self._stamped(event_error(data, opened, self.settings, self.clock.wall()))

    def elapsed(self) -> float:
        """Return the seconds since the call began."""
        return self.clock.monotonic() - self.started

    def _record(self, response: Response | Opened) -> None:
        if _capture.is_capturing():
            _capture.record(
                self.call.method, self.call.path, response.status_code, response.headers, self.sent, self.elapsed()
            )


def _random_uuid() -> str:
    """Return a UUID of version 4 (RFC 9562), in a third of `uuid.uuid4()`'s time; a fork does not repeat it."""
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


@define
class Reading(Generic[T]):
    """A response that is read as it comes; it decides what each outcome of a Read means, and does no I/O."""

    attempts: _Attempts[T]
    opened: Opened
    is_over: bool = False
    ended: Callable[[errors.PixiGPTError | None], None] | None = None  # told how it ends: the middleware around it

    def step(self) -> Read:
        """Return what to do for the next piece; raise DeadlineExceededError if it is too late for that."""
        return self.attempts.read()

    def piece(self, outcome: Outcome | None) -> bytes:
        """Return a piece's bytes; raise the error that it is instead."""
        if isinstance(outcome, httpx.RequestError):
            raise self.attempts.error(outcome)
        piece = cast("Piece", outcome)
        if piece.defect:
            raise self.attempts.unusable(piece.defect, self.response(piece.content))
        self.is_over = piece.is_last
        return piece.content

    def response(self, content: bytes) -> Response:
        """Return the response with some of its body, for an error."""
        return Response(self.opened.status_code, self.opened.headers, content)


@define
class ByteReading:
    """The bytes of a response as they come, for `stream_call`."""

    reading: Reading[Any]
    _first: Outcome | None = None
    _is_unread: bool = True
    first_chunk_after: float | None = field(init=False, default=None)

    @property
    def is_over(self) -> bool:
        """Whether all of it was read."""
        return self.reading.is_over

    @classmethod
    def begin(cls, reading: Reading[Any]) -> "Flow[ByteReading]":
        """Read up to the first byte, to see that there is one, or to the end."""
        while True:
            outcome = yield reading.step()
            if not isinstance(outcome, Piece):
                reading.piece(outcome)  # raises
            elif outcome.content or outcome.is_last:
                return cls(reading, outcome)

    def content(self) -> bytes:
        """Return nothing: what was read is not kept."""
        return b""

    def take_first(self) -> Outcome | None:
        """Return the piece that was read to see that there is one, once."""
        first, self._first, self._is_unread = self._first, None, False
        return first

    def check_unread(self) -> None:
        """Raise RuntimeError if anything was read, so that what is left is not taken for all."""
        if not self._is_unread:
            raise RuntimeError("some of the stream has been read already")


@define
class _Wait:
    """The polls of one run, until its status is terminal or the wait ends."""

    call: Call[Run]
    settings: Settings
    clock: Clock
    timeout: float | None
    poll_interval: float | None
    on_update: Callable[[Run], object] | None
    started: float
    own_end: float | None = field(init=False)
    end: float | None = field(init=False)
    seen: Run | None = None
    sent: int = 0

    def __attrs_post_init__(self) -> None:
        self.own_end = None if self.timeout is None else self.started + self.timeout
        self.end = earliest(self.own_end, call_end(self.settings, self.clock, self.started))

    def run(self) -> Flow[Run]:
        pause, interval = 0.0, _FIRST_POLL_INTERVAL * self._phase()
        while True:
            run = yield from self._poll(pause)
            if run.status == "completed":
                return run
            if run.status in errors.RUN_ERRORS:
                raise self._stamped(errors.RUN_ERRORS[run.status](self._end_of(run), run))
            pause = self._next_pause(self.poll_interval or interval)
            interval = min(interval * _POLL_INTERVAL_GROWTH, _LONGEST_POLL_INTERVAL)

    def _end_of(self, run: Run) -> str:
        """Return how a run ended, and why if the server tells it in the run's message."""
        blocks = run.message.content if run.message else []
        why = self.settings.redact_key("".join(block.text.value for block in blocks))
        return f"the run ended as {run.status}{why and f': {why}'}"

    def _poll(self, pause: float) -> Flow[Run]:
        attempts = _Attempts(self.call, self.settings, self.clock, self.end)
        before = self.seen
        try:
            chain = self.settings.middleware
            self.seen = yield from attempts.run(pause) if chain is None else chain.run(attempts, pause)
        except errors.DeadlineExceededError as cause:
            self.sent += attempts.sent
            raise self._timeout_error(cause.earlier) from cause
        except errors.PixiGPTError as error:
            self.sent += attempts.sent
            raise self._stamped(error) from error.__cause__
        self.sent += attempts.sent
        if self.on_update and (before is None or before.status != self.seen.status):
            yield Notify(self.on_update, self.seen, attempts.left())
        return self.seen

    def _phase(self) -> float:
        """Return where in the first interval a wait starts, so that many waits do not poll in step.

        One random factor shifts the whole wait by up to one interval. Jitter on each interval would spread the polls
        too, but bad luck would add up: the lag would be larger on average, and the number of polls not bounded.
        """
        return math.pow(_POLL_INTERVAL_GROWTH, self.clock.random() - 1)

    def _next_pause(self, interval: float) -> float:
        """Return the interval, shortened so that the last poll comes just before the end."""
        if self.end is None:
            return interval
        last_poll = self.end - min(0.1, _LAST_POLL_SHARE * (self.end - self.started))
        left = last_poll - self.clock.monotonic()
        if left <= 0:
            raise self._timeout_error()
        return min(interval, left)

    def _timeout_error(self, earlier: tuple[errors.PixiGPTError, ...] = ()) -> errors.PixiGPTError:
        state = "the run was never seen" if self.seen is None else f"the run is still {_status(self.seen)}"
        error: errors.PixiGPTError = errors.DeadlineExceededError(f"the deadline passed: {state}")
        if self.own_end is not None and self.end == self.own_end:
            error = errors.RunTimeoutError(f"{state}, and the timeout of {self.timeout:g} s is over", self.seen)
        error.earlier = earlier
        return self._stamped(error)

    def _stamped(self, error: errors.PixiGPTError) -> errors.PixiGPTError:
        elapsed = self.clock.monotonic() - self.started
        url = self.settings.redact_key(str(self.settings.url(self.call.path, self.call.params)))
        return errors.stamp(error, self.call.method, self.call.path, url, self.sent, elapsed, error.earlier)


def _status(run: Run) -> str:
    known = run.status in RUN_STATUS_VALUES
    status = repr(errors.excerpt(run.status))
    return status if known else f"{status}, a status that this version does not know"
