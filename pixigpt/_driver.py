"""Drives a flow for the sync client: sleeps, sends, reads, and hands back the outcome."""

import math
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar, cast

import httpx

from pixigpt._body import Body, complete_response, is_read
from pixigpt._checks import not_awaitable
from pixigpt._endpoint import Call
from pixigpt._failure import FAILURES, closed_meanwhile, outcome_of
from pixigpt._flow import call_flow
from pixigpt._request_body import Upload
from pixigpt._response import Response
from pixigpt._settings import Settings
from pixigpt._steps import Notify, Opened, Outcome, Pause, Piece, Read, Send, Step
from pixigpt._transport.abort import Abort, AbortedError, current_abort
from pixigpt._transport.base import Received, Transport
from pixigpt._transport.extensions import DEADLINE, Boundable, timeouts
from pixigpt._transport.shared import SharedTransport

T = TypeVar("T")
StepT = TypeVar("StepT")
OutcomeT = TypeVar("OutcomeT")

_Transport = SharedTransport[Transport]


class _UploadStream(httpx.SyncByteStream):
    """A request's body in pieces, for httpx."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def __iter__(self) -> Iterator[bytes]:
        for part in self._upload.restarted():
            while piece := part.read():
                yield piece


def drive(flow: Generator[StepT, OutcomeT, T], perform: Callable[[StepT], OutcomeT]) -> T:
    """Run a flow to its end; return its result or raise its error."""
    outcome = cast("OutcomeT", None)  # a generator begins with None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as done:
            result: T = done.value
            return result
        try:
            outcome = perform(step)
        except BaseException:  # Ctrl-C, or a callback's error: middleware is told that the call is over
            flow.close()
            raise


def run(call: Call[T], transport: _Transport, settings: Settings) -> T:
    """Run a call to its end; return its result or raise its error."""
    return drive(call_flow(call, settings), CallDriver(transport, settings).perform)


class CallDriver:
    """Performs the steps of a call."""

    def __init__(self, transport: _Transport, settings: Settings) -> None:
        self._transport = transport
        self._settings = settings

    def perform(self, step: Step) -> Outcome | None:
        """Perform a step; return its outcome."""
        if not isinstance(step, Send):
            _aside(step)
            return None
        if step.pause:  # even sleep(0) gives the processor away
            time.sleep(step.pause)
        try:
            response, end = _send(step, self._transport, step.timeout)
            try:
                return _receive(response, self._settings.max_response_bytes, end)
            finally:
                response.close()
        except FAILURES as failure:
            return outcome_of(failure, self._settings)


class StreamDriver:
    """Performs the steps of a streamed response, which stays open between its reads."""

    def __init__(self, transport: _Transport, settings: Settings) -> None:
        self._transport = transport
        self._settings = settings
        self._response: Received | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._body: Body | None = None
        self._is_busy = False
        self._is_closed = False
        self._abort = Abort()
        self._releasing = threading.Lock()

    def perform(self, step: Step) -> Outcome:
        """Perform a step; return its outcome."""
        self._is_busy = True
        try:
            outcome = None if self._is_closed else self._perform(step)
        finally:
            self._is_busy = False
        if outcome is not None and not self._is_closed:
            return outcome
        self._release()  # another thread has closed it: the end that has come may be of its making
        return closed_meanwhile()

    def close(self) -> None:
        """Give the connection back, or close it if the response is not read to its end.

        A thread that performs a step meanwhile is woken, and does it itself: were its socket closed under it, it would
        not wake, and might then read from another connection whose socket has got the same number. No step waits for a
        lock: who closes tells it before looking whether a step is performed, who performs one the other way around.
        """
        self._is_closed = True
        if self._is_busy:
            self._abort.set()
        else:
            self._release()

    @property
    def is_open(self) -> bool:
        """Whether there is a response to close."""
        return self._response is not None

    def _perform(self, step: Step) -> Outcome:
        try:
            return self._read(step) if isinstance(step, Read) else self._open(cast("Send", step))
        except FAILURES as failure:
            self._release()
            return outcome_of(failure, self._settings)

    def _open(self, step: Send) -> Response | Opened:
        self._release()  # what a failed attempt has left
        response, end = self._sent(step)
        self._response = response
        if not response.is_success:
            try:
                return _receive(response, self._settings.max_response_bytes, end)
            finally:
                self._release()
        self._body = None if is_read(response) else Body(response, self._settings.max_response_bytes)
        self._chunks = iter(cast("httpx.SyncByteStream", response.stream))
        return Opened(response.status_code, response.headers)

    def _read(self, step: Read) -> Piece:
        response = cast("Received", self._response)
        if step.is_drain:
            _bound(response.stream, step.timeout)
        piece = self._next_piece(response)
        if piece.is_last:
            self._release()
        return piece

    def _next_piece(self, response: Received) -> Piece:
        if self._body is None:
            complete = complete_response(cast("httpx.Response", response), self._settings.max_response_bytes)
            return Piece(complete.content, is_last=True, defect=complete.defect)
        chunk = next(self._chunks, None)
        if chunk is not None and self._body.add(chunk):
            return Piece(self._body.piece())
        return Piece(self._body.piece(), is_last=True, defect=self._body.defect(is_over=True))

    def _sent(self, step: Send) -> tuple[Received, float]:
        token = current_abort.set(self._abort)
        try:
            if step.pause:
                self._abort.sleep(step.pause)
            return _send(step, self._transport, step.left)
        except AbortedError as cause:
            raise closed_meanwhile() from cause
        finally:
            current_abort.reset(token)

    def _release(self) -> None:
        with self._releasing:
            response, self._response = self._response, None
        if response is not None:
            response.close()


def _bound(stream: object, seconds: float | None) -> None:
    """Let the reads of the SDK's own transport end in time; another one's can only be left out."""
    if not isinstance(stream, Boundable):
        raise httpx.ReadTimeout("the response may not end")
    stream.bound(math.inf if seconds is None else time.monotonic() + seconds)


def _aside(step: Step) -> None:
    """Perform a step that is no I/O."""
    if isinstance(step, Notify):
        not_awaitable("on_update", step.callback(step.run))
    else:
        time.sleep(cast("Pause", step).seconds)


def _send(step: Send, transport: _Transport, seconds: float | None) -> tuple[Received, float]:
    """Send a request; return the response, and when it must be complete."""
    end = math.inf if seconds is None else time.monotonic() + seconds
    request = step.request(_UploadStream, {"timeout": timeouts(step.timeout), DEADLINE: end})
    return transport.get().send(request), end


def _receive(response: Received, max_bytes: int | None, end: float) -> Response:
    if is_read(response):
        return complete_response(response, max_bytes)
    body = Body(response, max_bytes)
    for chunk in cast("httpx.SyncByteStream", response.stream):
        if not body.add(chunk):
            break
        if time.monotonic() > end:
            raise httpx.ReadTimeout("the response was still arriving")
    return body.response()
