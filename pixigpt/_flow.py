"""Every decision of a call: attempt, retry, deadline. It does no I/O and reads the clock that it is given.

A flow is a generator: it yields a step, is sent the outcome, and returns the call's result or raises its error.
`Client` and `AsyncClient` only drive it.
"""

import os
from collections.abc import Callable
from typing import Any, Generic, NoReturn, TypeVar, cast

import httpx
from attrs import define, evolve, field

from pixigpt import _capture, errors
from pixigpt._checks import LONGEST_SECONDS
from pixigpt._clock import EARLY_TIMER, SYSTEM_CLOCK, Clock, block_end, earliest
from pixigpt._endpoint import Call
from pixigpt._failure import (
    connection_error,
    event_error,
    is_refusal,
    redact_failure,
    response_error,
    stamped,
    status_error,
)
from pixigpt._log import is_debugging, log_attempt
from pixigpt._readable import ReadableT
from pixigpt._request_body import JsonBody, RequestBody, Upload
from pixigpt._response import Response, UnexpectedShapeError
from pixigpt._retry import is_paced, is_unsendable, retry_after
from pixigpt._settings import Settings
from pixigpt._steps import Failure, Flow, Opened, Outcome, Piece, Read, Send

T = TypeVar("T")


def call_flow(call: Call[T], settings: Settings, clock: Clock = SYSTEM_CLOCK, *, end: float | None = None) -> Flow[T]:
    """Send a call, retrying by the policy, until it has a result or an error, or the end comes."""
    attempts = Attempts(call, settings, clock, earliest(end, call_end(settings, clock)))
    chain = settings.middleware
    return (yield from attempts.run() if chain is None else chain.run(attempts))


def open_flow(
    call: Call[T], settings: Settings, begin: Callable[["Reading[T]"], Flow[ReadableT]], clock: Clock = SYSTEM_CLOCK
) -> Flow[ReadableT]:
    """Send a call whose response is read as it comes, retrying by the policy, until `begin` has read its beginning."""
    attempts = Attempts(call, settings, clock, call_end(settings, clock))
    chain = settings.middleware
    return (yield from attempts.open(begin) if chain is None else chain.open(attempts, begin))


def check_sendable(call: Call[Any], settings: Settings) -> None:
    """Raise ValueError or TypeError if a call cannot be sent, which its flow would tell only once it runs."""
    settings.url(call.path, call.params)
    if isinstance(call.body, JsonBody):
        call.body.encoded(settings.extra_body)


def call_end(settings: Settings, clock: Clock) -> float | None:
    """Return when a call that starts now must have ended; None if it need not."""
    if settings.total_timeout is None:
        return block_end()
    return earliest(block_end(), clock.monotonic() + settings.total_timeout)


@define
class Attempts(Generic[T]):
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

    def anew(self, call: Call[Any], settings: Settings) -> "Attempts[Any]":
        """Return attempts of another request of the same call, up to the same end."""
        return Attempts(call, settings, self.clock, self.end)

    def open(self, begin: "Callable[[Reading[T]], Flow[ReadableT]]") -> Flow[ReadableT]:
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
        is_over = self._ends_within(EARLY_TIMER)
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
        if isinstance(error, errors.DeadlineExceededError | errors.APIResponseError):
            return True
        is_left_to_caller = is_paced.get() and is_refusal(error)  # who waits, for all calls that it paces
        if is_left_to_caller or len(self.earlier) >= policy.max_retries:
            return True
        failure = error.status_code if isinstance(error, errors.APIError) else cast("Exception", error.__cause__)
        return not policy.allows(self.call.method, failure)

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
        return stamped(error, self.call, self.settings, self.sent, self.elapsed(), self.earlier)

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

    attempts: Attempts[T]
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
