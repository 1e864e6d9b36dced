"""Streams through middleware: opened in the middle of it, which goes on when the stream ends, however it does."""

from collections.abc import Callable
from typing import Any, Generic, cast

import httpx
from attrs import define

from pixigpt._readable import Readable, ReadableT
from pixigpt._response import Response
from pixigpt._steps import Flow, Opened, Piece
from pixigpt.errors import PixiGPTError
from pixigpt.middleware._request import CallRequest, progress_of, scopes_of
from pixigpt.middleware._response import CallResponse
from pixigpt.middleware._sender import Attempts, attempts_of, check_success

_JSON = {"content-type": "application/json"}


@define
class Handover(Generic[ReadableT]):
    """In place of a step: the stream is open, and goes to the caller. What is sent back is how it ended."""

    readable: ReadableT
    request: CallRequest


@define
class StreamSender(Generic[ReadableT]):
    """Opens the stream of each request of a call, until one is handed over."""

    attempts: Attempts[Any]
    begin: Callable[[Any], Flow[ReadableT]]

    def send(self, request: CallRequest) -> Flow[CallResponse]:
        """Open a request's stream, and hand it over; return its response when it has ended."""
        attempts = attempts_of(request, self.attempts, self.attempts.call.parse)
        try:
            with scopes_of(request):
                readable = yield from attempts.open(self.begin)
        finally:
            self.attempts.sent += attempts.sent
        return cast("CallResponse", (yield cast("Any", Handover(readable, request))))

    def open(self, steps: Flow[CallResponse]) -> Flow[ReadableT]:
        """Run the middleware until a stream is handed over, or there is a response without one."""
        outcome = None
        while True:
            try:
                step: Any = steps.send(outcome)
            except StopIteration as done:
                return self._given(done.value)
            if isinstance(step, Handover):
                handover = cast("Handover[ReadableT]", step)
                handover.readable.reading.ended = _Rest(steps, handover)
                return handover.readable
            try:
                outcome = yield step
            except GeneratorExit:
                steps.close()
                raise

    def _given(self, response: CallResponse) -> ReadableT:
        """Return what is read of a response that a middleware gives: all that it has."""
        headers = httpx.Headers({**_JSON, **response.headers})
        check_success(Response(response.status_code, headers, response.content), self.attempts)
        steps = self.begin(self.attempts.reading(Opened(response.status_code, headers)))
        next(steps)
        while True:
            try:
                steps.send(Piece(response.content, is_last=True))
            except StopIteration as done:
                return cast("ReadableT", done.value)


@define
class _Rest(Generic[ReadableT]):
    """The middleware around an open stream, which is told once how it ended."""

    steps: Flow[CallResponse] | None
    handover: Handover[ReadableT]

    def __call__(self, error: PixiGPTError | None) -> None:
        steps, self.steps = self.steps, None
        if steps is None:
            return
        response = _response_of(self.handover.readable, is_complete=error is None)
        try:
            if error is None:
                steps.send(cast("Any", response))
            else:
                progress_of(self.handover.request).partial = response
                steps.throw(error)
        except StopIteration:
            return
        except PixiGPTError as raised:
            if raised is not error:
                raise
            return
        steps.close()
        if error is None:
            raise RuntimeError("a middleware cannot yield again once a stream has begun: return its response")


def _response_of(readable: Readable, *, is_complete: bool) -> CallResponse:
    reading, content = readable.reading, readable.content()
    return CallResponse(
        reading.opened.status_code,
        headers={**reading.opened.headers, **(_JSON if content else {})},
        content=content,
        attempts=reading.attempts.sent,
        elapsed=reading.attempts.elapsed(),
        first_chunk_after=readable.first_chunk_after,
        is_complete=is_complete and readable.is_over and bool(content),
    )
