"""Drives a flow for the sync client: sleeps, sends, and hands back what came of it."""

import math
import time
from typing import TypeVar, cast

import httpx

from pixigpt._body import Body, whole_answer
from pixigpt._connections import Connections
from pixigpt._failure import FAILURES, outcome_of
from pixigpt._settings import Settings
from pixigpt._steps import Answer, Flow, Notify, Outcome, Send, timeouts

T = TypeVar("T")


def drive(flow: Flow[T], connections: Connections[httpx.BaseTransport], settings: Settings) -> T:
    """Run a flow to its end: its result, or its error."""
    outcome: object = None
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
            outcome = _attempt(step, connections, settings)


def _attempt(step: Send, connections: Connections[httpx.BaseTransport], settings: Settings) -> Outcome:
    if step.pause:  # even sleep(0) gives the processor away
        time.sleep(step.pause)
    end = math.inf if step.timeout is None else time.monotonic() + step.timeout
    request = step.request(timeout=timeouts(step.timeout), end=end)
    try:
        response = connections.get().handle_request(request)
        try:
            return _receive(response, settings.max_response_bytes, end)
        finally:
            response.close()
    except FAILURES as failure:
        return outcome_of(failure, settings)


def _receive(response: httpx.Response, max_bytes: int | None, end: float) -> Answer:
    if response.is_stream_consumed:  # a mock, or an injected client's event hook, has read it
        return whole_answer(response, max_bytes)
    body = Body(response, max_bytes)
    for piece in cast("httpx.SyncByteStream", response.stream):
        if not body.add(piece):
            break
        if time.monotonic() > end:
            raise httpx.ReadTimeout("the answer was still coming")
    return body.answer()
