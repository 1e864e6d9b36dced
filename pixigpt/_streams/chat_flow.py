"""Every decision of a streamed chat completion: what an event means, and when the stream is whole. It does no I/O."""

import json
from collections import deque
from typing import cast

import httpx
from attrs import define, field

from pixigpt import errors
from pixigpt._clock import SYSTEM_CLOCK, Clock
from pixigpt._endpoint import Call
from pixigpt._flow import Reading, open_flow
from pixigpt._response import UnexpectedShapeError, decoded
from pixigpt._settings import Settings
from pixigpt._steps import Flow, Outcome, Piece, Read
from pixigpt._streams.accumulator import ChatCompletionAccumulator
from pixigpt._streams.chunk import chunk_of, whole_chunk
from pixigpt._streams.sse import Event, SSEParser
from pixigpt_api.models import ChatCompletion, ChatCompletionChunk, Usage

_EVENTS = "text/event-stream"
_JSON = "application/json"
_LONGEST_DRAIN = 0.05  # seconds
_LARGEST_DRAIN = 64 * 1024


def chat_flow(call: Call[ChatCompletion], settings: Settings, clock: Clock = SYSTEM_CLOCK) -> Flow["ChatReading"]:
    """Send a chat whose answer is streamed, retrying by the policy, until its first event, or its JSON, is there."""
    headers = {"accept": f"{_EVENTS}, {_JSON}", "accept-encoding": "identity"}
    return (yield from open_flow(call.with_headers(headers), settings, ChatReading.begin, clock))


@define
class ChatReading:
    """A chat completion as it comes. Pull `chunk()`; where there is none, take the step, and give its outcome."""

    reading: Reading[ChatCompletion]
    accumulator: ChatCompletionAccumulator = field(init=False, factory=ChatCompletionAccumulator)
    usage: Usage | None = field(init=False, default=None)
    is_streamed: bool = field(init=False, default=True)
    is_over: bool = field(init=False, default=False)  # all of it was read, and is whole
    first_chunk_after: float = field(init=False, default=0.0)
    _first: ChatCompletionChunk | None = field(init=False, default=None)
    _is_done: bool = field(init=False, default=False)  # [DONE] was there, or the JSON
    _parser: SSEParser = field(init=False, factory=SSEParser)
    _events: deque[Event] = field(init=False, factory=deque[Event])
    _drain_end: float | None = field(init=False, default=None)
    _drained: int = field(init=False, default=0)

    @classmethod
    def begin(cls, reading: Reading[ChatCompletion]) -> Flow["ChatReading"]:
        """Read up to the first event, or all of the JSON; raise its error if it is one."""
        chat = cls(reading)
        kind = reading.opened.headers.get("content-type", _EVENTS).partition(";")[0].strip().lower()
        if kind == _EVENTS:
            yield from chat._begin_events()
        elif kind == _JSON:
            yield from chat._read_json()
        else:
            beginning = reading.piece((yield reading.step()))
            reason = f"the content type is {errors.excerpt(kind)!r}, neither {_EVENTS} nor {_JSON}"
            raise reading.attempts.unusable(reason, reading.response(beginning))
        chat.first_chunk_after = reading.attempts.elapsed()
        return chat

    def chunk(self) -> ChatCompletionChunk | None:
        """Return the next chunk of what has arrived; None if there is none; raise the error that came instead."""
        chunk, self._first = self._first or self._next_chunk(), None
        if chunk is not None:
            self.accumulator.add(chunk)
            self.usage = chunk.usage or self.usage
            self.is_over = self._is_done  # as after the one of JSON
        return chunk

    def step(self) -> Read | None:
        """Return what to do for more; None at the end; raise an error if the end came too early."""
        if not (self._is_done or self.reading.is_over):
            return self.reading.step()
        if not (self._is_done or self._is_finished()):
            raise self._ended_early()
        drain = self._drain_step() if self._is_done else None
        self.is_over = drain is None
        return drain

    def take(self, outcome: Outcome | None) -> None:
        """Take the outcome of a step; raise the error that it is."""
        if self._is_done:
            return self._take_drained(outcome)
        self._events.extend(self._parser.feed(self.reading.piece(outcome)))
        if self.reading.is_over:
            self._events.extend(self._parser.end())
        return None

    def content(self) -> bytes:
        """Return the completion so far as JSON."""
        completion = self.accumulator.completion() if self.is_over else self.accumulator.snapshot
        return b"" if completion is None else json.dumps(completion.to_dict()).encode()

    def _begin_events(self) -> Flow[None]:
        while not self._events and (step := self.step()):
            self.take((yield step))
        self._first = self._next_chunk()

    def _read_json(self) -> Flow[None]:
        body = bytearray()
        while not self.reading.is_over:
            body += self.reading.piece((yield self.reading.step()))
        completion = self.reading.attempts.parsed(self.reading.response(bytes(body)))
        self._first, self._is_done, self.is_streamed = whole_chunk(completion), True, False

    def _next_chunk(self) -> ChatCompletionChunk | None:
        if not self._events:
            return None
        event = self._events.popleft()
        if event.data.startswith("[DONE]"):
            self._end()
            return None
        return self._chunk_of(event)

    def _chunk_of(self, event: Event) -> ChatCompletionChunk | None:
        attempts = self.reading.attempts
        if event.kind == "error":
            raise attempts.event_error(event.data, self.reading.opened)
        try:
            value = decoded("an event", event.data)
            if _is_error(value):
                raise attempts.event_error(event.data, self.reading.opened)
            return chunk_of(value)
        except UnexpectedShapeError as cause:
            if event.is_finished:
                raise attempts.misshapen(cause, self.reading.response(event.data.encode())) from cause
            if self._is_finished():
                return None  # it is the end that is cut off, not the answer
            raise self._ended_early() from cause

    def _ended_early(self) -> errors.PixiGPTError:
        return self.reading.attempts.error(httpx.RemoteProtocolError("the stream ended before the answer did"))

    def _end(self) -> None:
        """Take no more events; raise APIResponseError if none of them had a choice."""
        self._is_done = True
        self._events.clear()
        snapshot = self.accumulator.snapshot
        if snapshot is None or not snapshot.choices:
            raise self.reading.attempts.unusable("no chunk had a choice", self.reading.response(b"[DONE]"))

    def _is_finished(self) -> bool:
        snapshot = self.accumulator.snapshot
        return snapshot is not None and any(each.index == 0 and each.finish_reason for each in snapshot.choices)

    def _drain_step(self) -> Read | None:
        """Return what to do to find the end of the body, so that the connection can be used again; None to give up."""
        now = self.reading.attempts.clock.monotonic()
        if self._drain_end is None:
            self._drain_end = now + _LONGEST_DRAIN
        if self.reading.is_over or now >= self._drain_end or self._drained > _LARGEST_DRAIN:
            return None
        return Read(self._drain_end - now, is_drain=True)

    def _take_drained(self, outcome: Outcome | None) -> None:
        if isinstance(outcome, Piece):
            self._drained += len(outcome.content)
        self.reading.is_over = not isinstance(outcome, Piece) or outcome.is_last


def _is_error(value: object) -> bool:
    return isinstance(value, dict) and bool(cast("dict[str, object]", value).get("error"))
