"""Drives a flow for the async client, on asyncio and on trio; the counterpart of `_driver`."""

import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import suppress
from inspect import isawaitable
from typing import TypeVar, cast

import anyio
import anyio.to_thread
import httpx

from pixigpt._body import Body, complete_response, is_read
from pixigpt._endpoint import Call
from pixigpt._failure import FAILURES, closed_meanwhile, outcome_of
from pixigpt._flow import call_flow
from pixigpt._request_body import Upload
from pixigpt._response import Response
from pixigpt._settings import Settings
from pixigpt._steps import Notify, Opened, Outcome, Pause, Piece, Read, Send, Step
from pixigpt._transport.base import AsyncTransport, Incoming, Received
from pixigpt._transport.event_loop import time_limit
from pixigpt._transport.extensions import DEADLINE, Abortable, timeouts
from pixigpt._transport.shared import SharedTransport

T = TypeVar("T")
StepT = TypeVar("StepT")
OutcomeT = TypeVar("OutcomeT")

_GRACE = 0.02  # later than the pool's and the connection's own timeouts, which know what was waited for
_LONGEST_CLOSE = 0.5  # what has been cancelled must still close its connection, which may take TLS a message

_Transport = SharedTransport[AsyncTransport]


class _UploadStream(httpx.AsyncByteStream):
    """A request's body in pieces, for httpx. Files are read in a thread, since a disk or a pipe may block."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._upload.restarted():
            while piece := await anyio.to_thread.run_sync(part.read) if part.blocks else part.read():
                yield piece


async def drive(flow: Generator[StepT, OutcomeT, T], perform: Callable[[StepT], Awaitable[OutcomeT]]) -> T:
    """Run a flow to its end; return its result or raise its error."""
    outcome = cast("OutcomeT", None)  # a generator begins with None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as done:
            result: T = done.value
            return result
        try:
            outcome = await perform(step)
        except BaseException:  # cancelled, or a callback's error: middleware is told that the call is over
            flow.close()
            raise


async def run(call: Call[T], transport: _Transport, settings: Settings) -> T:
    """Run a call to its end; return its result or raise its error."""
    return await drive(call_flow(call, settings), CallDriver(transport, settings).perform)


class CallDriver:
    """Performs the steps of a call."""

    def __init__(self, transport: _Transport, settings: Settings) -> None:
        self._transport = transport
        self._settings = settings

    async def perform(self, step: Step) -> Outcome | None:
        """Perform a step; return its outcome."""
        if not isinstance(step, Send):
            await _aside(step)
            return None
        if step.pause:  # even sleep(0) gives the processor away
            await anyio.sleep(step.pause)
        end = _end(step.timeout)
        try:
            with time_limit(_with_grace(step.timeout)):  # bounds reading and writing as a whole
                response = await self._transport.get().send(_request(step, end))
                try:
                    return await _receive(response, self._settings.max_response_bytes, end)
                finally:
                    await response.aclose()
        except FAILURES as failure:
            return outcome_of(failure, self._settings)
        return httpx.ReadTimeout("no complete response in time")


class StreamDriver:
    """Performs the steps of a streamed response, which stays open between its reads."""

    def __init__(self, transport: _Transport, settings: Settings) -> None:
        self._transport = transport
        self._settings = settings
        self._response: Received | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._body: Body | None = None
        self._opening: anyio.CancelScope | None = None
        self._is_closed = False

    async def perform(self, step: Step) -> Outcome:
        """Perform a step; return its outcome."""
        outcome = None if self._is_closed else await self._perform(step)
        if outcome is None or self._is_closed:  # by another task: the end that has come may be of its making
            outcome = closed_meanwhile()
        if isinstance(outcome, httpx.RequestError):
            await self._release()
        return outcome

    async def aclose(self) -> None:
        """Give the connection back, or close it if the response is not read to its end; wake who performs a step."""
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
        await self._release()

    async def _release(self) -> None:
        response, self._response = self._response, None
        chunks, self._chunks = self._chunks, None
        if response is not None:
            with anyio.move_on_after(_LONGEST_CLOSE, shield=True):
                await _end_generators(chunks)
                await response.aclose()

    def abort(self) -> None:
        """Close the connection without waiting, if it is one of the SDK's own; for a finalizer."""
        response, self._response = self._response, None
        if response is not None and isinstance(response.stream, Abortable):
            response.stream.abort()

    @property
    def is_open(self) -> bool:
        """Whether there is a response to close."""
        return self._response is not None

    async def _perform(self, step: Step) -> Outcome:
        try:
            return await (self._read(step) if isinstance(step, Read) else self._open(cast("Send", step)))
        except FAILURES as failure:
            return outcome_of(failure, self._settings)

    async def _open(self, step: Send) -> Outcome:
        await self._release()  # what a failed attempt has left
        try:
            with anyio.CancelScope() as self._opening:
                if step.pause:  # even sleep(0) gives the processor away
                    await anyio.sleep(step.pause)
                with time_limit(_with_grace(step.timeout)):
                    end = _end(step.timeout)
                    request = _request(step, _end(step.left))
                    self._response = await self._transport.get().send(request)
                    return await self._opened(self._response, end)
            return httpx.ReadTimeout("no response in time")
        finally:
            self._opening = None

    async def _opened(self, response: Received, end: float) -> Response | Opened:
        if not response.is_success:
            try:
                return await _receive(response, self._settings.max_response_bytes, end)
            finally:
                await self._release()
        self._body = None if is_read(response) else Body(response, self._settings.max_response_bytes)
        self._chunks = aiter(cast("httpx.AsyncByteStream", response.stream))
        return Opened(response.status_code, response.headers)

    async def _read(self, step: Read) -> Outcome:
        with time_limit(step.timeout):
            piece = await self._next_piece(cast("Received", self._response))
            if piece.is_last:
                await self._release()
            return piece
        return httpx.ReadTimeout("the response has stopped arriving")

    async def _next_piece(self, response: Received) -> Piece:
        if self._body is None:
            complete = complete_response(cast("httpx.Response", response), self._settings.max_response_bytes)
            return Piece(complete.content, is_last=True, defect=complete.defect)
        chunk = await anext(cast("AsyncIterator[bytes]", self._chunks), None)
        if chunk is not None and self._body.add(chunk):
            return Piece(self._body.piece())
        return Piece(self._body.piece(), is_last=True, defect=self._body.defect(is_over=True))


async def _end_generators(chunks: AsyncIterator[bytes] | None) -> None:
    """Read on, but cancelled, which ends the generators under a response that is left early.

    Nobody else can: `aclose()` reaches the outermost one only, and trio warns of each that is left open.
    """
    if chunks is not None and not (isinstance(chunks, Abortable) and chunks.can_be_left):
        with anyio.CancelScope() as reading:
            reading.cancel()
            with suppress(*FAILURES):
                async for _ in chunks:
                    pass


async def _aside(step: Step) -> None:
    """Perform a step that is no I/O."""
    if not isinstance(step, Notify):
        await anyio.sleep(cast("Pause", step).seconds)
        return
    result = step.callback(step.run)
    if isawaitable(result):
        with time_limit(step.timeout):  # the flow sees that the time is up
            await result


def _end(seconds: float | None) -> float:
    return math.inf if seconds is None else time.monotonic() + seconds


def _with_grace(seconds: float | None) -> float | None:
    return None if seconds is None else seconds + _GRACE


def _request(step: Send, end: float) -> httpx.Request:
    """Build the request; scopes bound reading and writing, so that the transport need not."""
    seconds = {**timeouts(step.timeout), "read": None, "write": None}
    return step.request(_UploadStream, {"timeout": seconds, DEADLINE: end})


async def _receive(response: Received, max_bytes: int | None, end: float) -> Response:
    if is_read(response):
        return complete_response(response, max_bytes)
    body = Body(response, max_bytes)
    chunks = aiter(cast("httpx.AsyncByteStream", response.stream))
    if isinstance(response, Incoming) or not isinstance(chunks, AsyncGenerator):  # which can be left at any time
        async for chunk in chunks:
            if not body.add(chunk):
                break
            if time.monotonic() > end:
                raise httpx.ReadTimeout("the response was still arriving")
        return body.response()
    with anyio.CancelScope() as reading:
        async for chunk in chunks:
            # To leave the loop here would leave the generators under it open; a cancelled read ends them all.
            if not body.add(chunk) or time.monotonic() > end:
                reading.cancel()
                if body.is_overrun:
                    break
    if reading.cancelled_caught and time.monotonic() > end:
        raise httpx.ReadTimeout("the response was still arriving")
    return body.response()
