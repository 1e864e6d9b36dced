"""Drives a flow for the async client, on asyncio and on trio; the counterpart of `_driver`."""

import math
from inspect import isawaitable
from typing import TypeVar, cast

import anyio
import httpx

from pixigpt._body import Body, complete_response
from pixigpt._failure import FAILURES, outcome_of
from pixigpt._settings import Settings
from pixigpt._steps import Flow, Notify, Outcome, Response, Send
from pixigpt._transport.extensions import DEADLINE, timeouts
from pixigpt._transport.shared import SharedTransport

T = TypeVar("T")

_GRACE = 0.02  # later than the pool's and the connection's own timeouts, which know what was waited for


async def drive(flow: Flow[T], transport: SharedTransport[httpx.AsyncBaseTransport], settings: Settings) -> T:
    """Run a flow to its end; return its result or raise its error."""
    outcome: Outcome | None = None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as done:
            result: T = done.value
            return result
        if isinstance(step, Notify):
            await _notify(step)
            outcome = None
        else:
            outcome = await _attempt(step, transport, settings)


async def _notify(step: Notify) -> None:
    result = step.callback(step.run)
    if isawaitable(result):
        await result


async def _attempt(step: Send, transport: SharedTransport[httpx.AsyncBaseTransport], settings: Settings) -> Outcome:
    if step.pause:  # even sleep(0) gives the processor away
        await anyio.sleep(step.pause)
    end = math.inf if step.timeout is None else anyio.current_time() + step.timeout
    # The scope bounds reading and writing as a whole.
    request = step.request(**{"timeout": {**timeouts(step.timeout), "read": None, "write": None}, DEADLINE: end})
    try:
        with anyio.CancelScope(deadline=end + _GRACE):
            response = await transport.get().handle_async_request(request)
            try:
                return await _receive(response, settings.max_response_bytes, end)
            finally:
                await response.aclose()
    except FAILURES as failure:
        return outcome_of(failure, settings)
    return httpx.ReadTimeout("no complete response in time")


async def _receive(response: httpx.Response, max_bytes: int | None, end: float) -> Response:
    if response.is_stream_consumed:  # a mock, or an injected client's event hook, has read it
        return complete_response(response, max_bytes)
    body = Body(response, max_bytes)
    with anyio.CancelScope() as reading:
        async for chunk in cast("httpx.AsyncByteStream", response.stream):
            # To leave the loop here would leave the generators under it open; a cancelled read ends them all.
            if not body.add(chunk) or anyio.current_time() > end:
                reading.cancel()
                if body.is_overrun:
                    break
    if reading.cancelled_caught and anyio.current_time() > end:
        raise httpx.ReadTimeout("the response was still arriving")
    return body.response()
