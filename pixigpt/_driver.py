"""Drives a flow for the sync client: sleeps, sends, and hands back the outcome."""

import math
import time
from typing import TypeVar, cast

import httpx

from pixigpt._body import Body, complete_response
from pixigpt._failure import FAILURES, outcome_of
from pixigpt._settings import Settings
from pixigpt._steps import Flow, Notify, Outcome, Response, Send
from pixigpt._transport.extensions import DEADLINE, timeouts
from pixigpt._transport.shared import SharedTransport

T = TypeVar("T")


def drive(flow: Flow[T], transport: SharedTransport[httpx.BaseTransport], settings: Settings) -> T:
    """Run a flow to its end; return its result or raise its error."""
    outcome: Outcome | None = None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as done:
            result: T = done.value
            return result
        if isinstance(step, Notify):
            step.callback(step.run)
            outcome = None
        else:
            outcome = _attempt(step, transport, settings)


def _attempt(step: Send, transport: SharedTransport[httpx.BaseTransport], settings: Settings) -> Outcome:
    if step.pause:  # even sleep(0) gives the processor away
        time.sleep(step.pause)
    end = math.inf if step.timeout is None else time.monotonic() + step.timeout
    request = step.request(**{"timeout": timeouts(step.timeout), DEADLINE: end})
    try:
        response = transport.get().handle_request(request)
        try:
            return _receive(response, settings.max_response_bytes, end)
        finally:
            response.close()
    except FAILURES as failure:
        return outcome_of(failure, settings)


def _receive(response: httpx.Response, max_bytes: int | None, end: float) -> Response:
    if response.is_stream_consumed:  # a mock, or an injected client's event hook, has read it
        return complete_response(response, max_bytes)
    body = Body(response, max_bytes)
    for chunk in cast("httpx.SyncByteStream", response.stream):
        if not body.add(chunk):
            break
        if time.monotonic() > end:
            raise httpx.ReadTimeout("the response was still arriving")
    return body.response()
