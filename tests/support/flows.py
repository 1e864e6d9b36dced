"""A flow without I/O: its settings, outcomes of its steps, and what drives it by a list of them."""

from collections.abc import Mapping
from typing import Any

import httpx

from pixigpt import PixiGPTError, RetryPolicy
from pixigpt._response import Response
from pixigpt._settings import Settings
from pixigpt._steps import Flow, Notify, Outcome, Send
from support.waiting import FakeTime

BROKEN = httpx.RemoteProtocolError("cut off")
LATE = httpx.ReadTimeout("late")


def response(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Response:
    """Return a complete response."""
    return Response(status, httpx.Headers(headers), body)


def settings(**options: Any) -> Settings:
    """Return a client's settings."""
    given: dict[str, Any] = {
        "timeout": 30.0,
        "total_timeout": None,
        "max_retries": None,
        "headers": None,
        "max_response_bytes": None,
        "retry": RetryPolicy(),
        **options,
    }
    return Settings.create("sk-test", "https://pixigpt.test/v1", **given)


def run_state(status: str) -> Response:
    """Return the response to a poll of a run."""
    fields = '"object": "thread.run", "created_at": 1, "thread_id": "t", "assistant_id": "a", "model": "m"'
    return response(200, body=f'{{"id": "r", "status": "{status}", {fields}}}'.encode())


class Driven:
    """A flow, driven by a list of outcomes to its end."""

    def __init__(self, flow: Flow[Any], outcomes: list[Outcome], time: FakeTime, each_takes: float = 0.0) -> None:
        self.sends: list[Send] = []
        self.notified: list[str] = []
        self.result: Any = None
        self.error: PixiGPTError | None = None
        left = iter(outcomes)
        outcome: Outcome | None = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as done:
                self.result = done.value
                return
            except PixiGPTError as error:
                self.error = error
                return
            if isinstance(step, Notify):
                self.notified.append(step.run.status)
                outcome = None
            else:
                assert isinstance(step, Send)
                self.sends.append(step)
                time.now += step.pause + each_takes
                outcome = next(left)

    @property
    def pauses(self) -> list[float]:
        """The pause before each request."""
        return [round(send.pause, 6) for send in self.sends]
