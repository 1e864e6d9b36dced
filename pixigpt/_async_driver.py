"""Drives a flow for the async client, on asyncio and on trio: the twin of `_driver`."""

import math
from inspect import isawaitable
from typing import TypeVar, cast

import anyio
import httpx

from pixigpt._body import Body, whole_answer
from pixigpt._connections import Connections
from pixigpt._failure import FAILURES, outcome_of
from pixigpt._settings import Settings
from pixigpt._steps import Answer, Flow, Notify, Outcome, Send, timeouts

T = TypeVar("T")

_GRACE = 0.02  # later than the pool's and the connection's own timeouts, which know what was waited for


async def drive(flow: Flow[T], connections: Connections[httpx.AsyncBaseTransport], settings: Settings) -> T:
    """Run a flow to its end: its result, or its error."""
    outcome: object = None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as done:
            result: T = done.value
            return result
        if isinstance(step, Notify):
            outcome = None
            await _notify(step)
        else:
            outcome = await _attempt(step, connections, settings)


async def _notify(step: Notify) -> None:
    answer = step.callback(step.run)
    if isawaitable(answer):
        await answer


async def _attempt(step: Send, connections: Connections[httpx.AsyncBaseTransport], settings: Settings) -> Outcome:
    if step.pause:  # even sleep(0) gives the processor away
        await anyio.sleep(step.pause)
    end = math.inf if step.timeout is None else anyio.current_time() + step.timeout
    # The scope bounds reading and writing as a whole.
    request = step.request(timeout={**timeouts(step.timeout), "read": None, "write": None}, end=end)
    try:
        with anyio.CancelScope(deadline=end + _GRACE):
            response = await connections.get().handle_async_request(request)
            try:
                return await _receive(response, settings.max_response_bytes, end)
            finally:
                await response.aclose()
    except FAILURES as failure:
        return outcome_of(failure, settings)
    return httpx.ReadTimeout("no whole answer in time")


async def _receive(response: httpx.Response, max_bytes: int | None, end: float) -> Answer:
    if response.is_stream_consumed:  # a mock, or an injected client's event hook, has read it
        return whole_answer(response, max_bytes)
    body = Body(response, max_bytes)
    with anyio.CancelScope() as reading:
        async for piece in cast("httpx.AsyncByteStream", response.stream):
            # To leave the loop here would leave the generators under it open; a cancelled read ends them all.
            if not body.add(piece) or anyio.current_time() > end:
                reading.cancel()
                if body.is_overrun:
                    break
    if reading.cancelled_caught and anyio.current_time() > end:
        raise httpx.ReadTimeout("the answer was still coming")
    return body.answer()
