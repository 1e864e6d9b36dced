"""A streamed chat's flow decides what each event means: outcomes in, steps and chunks out, without I/O."""

import copy
import pickle
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.events import DONE, HELLO, chunk, event
from support.flows import BROKEN, LATE, settings
from support.samples import USAGE
from support.waiting import FakeTime

from pixigpt import (
    APIConnectionError,
    APIError,
    APIResponseError,
    APITimeoutError,
    ClientClosedError,
    DeadlineExceededError,
    PixiGPTError,
    RateLimitError,
    RetryPolicy,
    ServerError,
)
from pixigpt._arguments import chat_messages
from pixigpt._endpoint import prepare
from pixigpt._response import Response, UnexpectedShapeError
from pixigpt._steps import Opened, Outcome, Piece, Read, Send, Step
from pixigpt._streams.chat_flow import ChatReading, chat_flow
from pixigpt._streams.chunk import checked_chunk, chunk_of, text_of
from pixigpt._transport.extensions import ClosedError
from pixigpt_api.api.pixigpt import create_chat_completion
from pixigpt_api.models import CreateChatCompletionRequest

EVENTS = Opened(200, httpx.Headers({"content-type": "text/event-stream", "x-request-id": "r1"}))
JSON = Opened(200, httpx.Headers({"content-type": "application/json"}))
END = Piece(b"", is_last=True)


class Driven:
    """A chat's flow and the reading of its stream, driven by a list of outcomes, each of which takes a second."""

    def __init__(self, time: FakeTime, *outcomes: Outcome, **options: Any) -> None:
        body = CreateChatCompletionRequest(messages=chat_messages(HELLO), stream=True)
        self.time = time
        self.left = [*outcomes]
        self.steps: list[Step] = []
        self.texts: list[str] = []
        self.chat: ChatReading | None = None
        self.flow = chat_flow(prepare(create_chat_completion, body=body), settings(**options), time.clock)

    def open(self) -> ChatReading:
        """Drive the flow to its end."""
        outcome: Outcome | None = None
        while True:
            try:
                step = self.flow.send(outcome)
            except StopIteration as done:
                chat: ChatReading = done.value
                self.chat = chat
                return chat
            outcome = self.perform(step)

    def read(self) -> "Driven":
        """Read the stream to its end."""
        chat = self.open()
        while True:
            while (found := chat.chunk()) is not None:
                self.texts.append(text_of(found))
            if (step := chat.step()) is None:
                return self
            chat.take(self.perform(step))

    def perform(self, step: Step) -> Outcome:
        self.steps.append(step)
        self.time.now += 1
        if isinstance(step, Send):
            self.time.now += step.pause
        return self.left.pop(0)

    @property
    def sends(self) -> list[Send]:
        return [step for step in self.steps if isinstance(step, Send)]

    @property
    def reads(self) -> list[Read]:
        return [step for step in self.steps if isinstance(step, Read)]


@pytest.fixture
def drive(fake_time: FakeTime) -> Any:
    def make(*outcomes: Outcome, **options: Any) -> Driven:
        return Driven(fake_time, *outcomes, **options)

    return make


def test_a_stream_is_read_to_its_end(drive: Any) -> None:
    last = event({"choices": [], "usage": USAGE}) + DONE
    done = drive(EVENTS, Piece(chunk("a") + chunk("b")), Piece(chunk("c", "stop")), Piece(last), END).read()
    assert "".join(done.texts) == "abc"
    assert done.chat.accumulator.completion().to_dict()["usage"] == done.chat.usage.to_dict() == USAGE
    assert (done.chat.is_over, done.chat.is_streamed) == (True, True)
    assert [read.is_drain for read in done.reads] == [False, False, False, True]
    assert done.sends[0].headers["accept"] == "text/event-stream, application/json"


def test_the_first_chunk_is_handed_out_only_when_it_is_asked_for(drive: Any) -> None:
    chat = drive(EVENTS, Piece(b": c\n\n"), Piece(chunk("a"))).open()
    assert chat.accumulator.snapshot is None
    assert chat.first_chunk_after == 3
    assert text_of(chat.chunk()) == "a"
    assert chat.accumulator.completion().choices[0].message.content == "a"


def test_each_read_waits_for_the_silence_that_is_allowed(drive: Any) -> None:
    done = drive(EVENTS, Piece(chunk("a")), Piece(chunk("b", "stop")), END, timeout=10.0, total_timeout=12.0).read()
    assert [read.timeout for read in done.reads] == [10, 10, 9]
    assert (done.sends[0].timeout, done.sends[0].left) == (10, 12)
    without = drive(EVENTS, Piece(chunk("a", "stop"), is_last=True), timeout=None).read()
    assert [read.timeout for read in without.reads] == [None]


FIRST_429 = Piece(event({"error": {"message": "m", "code": 429}}))
FIRST_503 = Piece(event({"error": {"message": "m", "type": "server_error", "code": 503}}))
GOOD = (EVENTS, Piece(chunk("a", "stop"), is_last=True))


@pytest.mark.parametrize(
    "failure",
    [
        (Response(503, httpx.Headers(), b""),),
        (httpx.ConnectError("refused"),),
        (EVENTS, LATE),
        (EVENTS, BROKEN),
        (EVENTS, END),
        (EVENTS, Piece(b": comment\n\n"), END),
        (EVENTS, Piece(b"retry: 1\n"), LATE),
        (EVENTS, Piece(chunk("a")[:20], is_last=True)),
        (EVENTS, FIRST_503),
        (EVENTS, Piece(b": comment\n\n"), FIRST_503),
        (JSON, Piece(b"{"), BROKEN),
    ],
)
def test_what_fails_before_the_first_event_is_retried(drive: Any, failure: tuple[Outcome, ...]) -> None:
    done = drive(*failure, *failure, *GOOD).read()
    assert done.texts == ["a"]
    assert [send.pause for send in done.sends] == [0, 0.1, 0.2]
    assert len({send.headers["idempotency-key"] for send in done.sends}) == 1
    driven = drive(*failure * 4)
    with pytest.raises(PixiGPTError) as caught:
        driven.read()
    assert (caught.value.attempts, len(caught.value.earlier)) == (4, 3)
    assert all(error.__traceback__ is None for error in caught.value.earlier)  # which would hold the request's headers


def test_an_error_as_the_first_event_obeys_the_policy(drive: Any) -> None:
    with pytest.raises(RateLimitError) as caught:
        drive(EVENTS, FIRST_429).read()
    assert (caught.value.attempts, caught.value.retry_after) == (1, None)
    assert drive(EVENTS, FIRST_429, *GOOD, retry=RetryPolicy(retry_rate_limits=True)).read().texts == ["a"]
    patient = Opened(200, httpx.Headers({"content-type": "text/event-stream", "retry-after": "7"}))
    done = drive(patient, FIRST_503, *GOOD).read()
    assert [send.pause for send in done.sends] == [0, 7]
    with pytest.raises(RateLimitError) as caught:
        drive(patient, FIRST_429).read()
    assert caught.value.retry_after == 7
    with pytest.raises(ServerError) as failed:
        drive(EVENTS, FIRST_503, retry=RetryPolicy(retry_unsafe=False)).read()
    assert failed.value.attempts == 1
    with pytest.raises(ServerError, match="the deadline would pass in the pause"):
        drive(EVENTS, FIRST_503, total_timeout=2.05).read()
    with pytest.raises(ServerError, match="retry budget is spent"):
        drive(EVENTS, FIRST_503, retry=RetryPolicy(budget=0)).read()


AFTER: list[tuple[Outcome, type[PixiGPTError], str]] = [
    (LATE, APITimeoutError, "no complete response from pixigpt.test in time"),
    (BROKEN, APIConnectionError, "cut off"),
    (END, APIConnectionError, "the stream ended before the answer did"),
    (FIRST_503, ServerError, "m"),
    (FIRST_429, RateLimitError, "m"),
    (Piece(b"data: no\n\n"), APIResponseError, "an event is not JSON"),
    (Piece(b"data: " + b"9" * 5000 + b"\n\n"), APIResponseError, "a number of too many digits"),
    (Piece(b"data: " + b"[" * 200_000 + b"\n\n"), APIResponseError, "nested too deeply"),
    (Piece(event({"choices": [{"delta": {"content": 1}}]})), APIResponseError, r"choices\[0\].delta.content is int"),
    (Piece(b"", is_last=True, defect="too large"), APIResponseError, "too large"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "kind", "text"), AFTER)
def test_what_fails_after_the_first_event_is_raised(
    drive: Any, outcome: Outcome, kind: type[PixiGPTError], text: str
) -> None:
    driven = drive(EVENTS, Piece(chunk("a")), outcome)
    with pytest.raises(kind, match=text) as caught:
        driven.read()
    assert (driven.texts, len(driven.sends), caught.value.attempts) == (["a"], 1, 1)
    assert driven.chat.accumulator.snapshot.choices[0].message.content == "a"
    assert not driven.chat.is_over


def test_the_deadline_is_seen_at_the_next_read(drive: Any) -> None:
    driven = drive(EVENTS, Piece(chunk("a") + chunk("b")), total_timeout=5.0)
    chat = driven.open()
    driven.time.now += 10
    assert [text_of(chat.chunk()), text_of(chat.chunk()), chat.chunk()] == ["a", "b", None]
    with pytest.raises(DeadlineExceededError, match="while the response was being read"):
        chat.step()
    with pytest.raises(DeadlineExceededError):
        drive(EVENTS, Piece(b": a\n\n"), Piece(b": a\n\n"), Piece(b": a\n\n"), total_timeout=3.0).open()


@pytest.mark.parametrize(
    "drained",
    [
        [Piece(b""), END],
        [Piece(b"x" * 65536, is_last=True)],
        [Piece(b"x" * 65537)],
        [LATE],
        [BROKEN],
        [Piece(b"", is_last=True, defect="cut off")],
    ],
)
def test_the_end_of_the_body_is_looked_for_a_short_while(drive: Any, drained: list[Outcome]) -> None:
    driven = drive(EVENTS, Piece(chunk("a") + DONE + chunk("b")), *drained, total_timeout=1000)
    chat = driven.open()
    assert text_of(chat.chunk()) == "a"
    assert chat.chunk() is None
    while step := chat.step():
        assert step.is_drain
        assert 0 < step.timeout <= 0.05
        driven.time.now += 0.01
        chat.take(driven.left.pop(0))
    assert (driven.left, chat.is_over, chat.step()) == ([], True, None)
    assert chat.accumulator.completion().choices[0].message.content == "a"


def test_a_drain_ends_though_bytes_go_on_coming(drive: Any) -> None:
    driven = drive(EVENTS, Piece(chunk("a") + DONE), total_timeout=2.01)
    chat = driven.open()
    assert (text_of(chat.chunk()), chat.chunk()) == ("a", None)
    steps = 0
    while chat.step():  # no deadline either
        steps += 1
        driven.time.now += 0.02
        chat.take(Piece(b":"))
    assert steps == 3


def test_a_closed_client_is_named(drive: Any) -> None:
    closed = httpx.LocalProtocolError("the client is closed")
    closed.__cause__ = ClosedError()
    with pytest.raises(ClientClosedError):
        drive(closed).read()


def test_arguments_that_cannot_be_sent_are_told_before_anything_is(drive: Any) -> None:
    driven = drive(extra_body={"stream": True})
    with pytest.raises(ValueError, match="extra_body: 'stream' is set by the call itself"):
        driven.open()
    assert driven.steps == []


LENIENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"created": "5"}, {"created": 5}),
    ({"choices": None}, {"choices": []}),
    ({"choices": [{"delta": None}]}, {"choices": [{}]}),
    ({"choices": [{"finish_reason": "eos"}]}, {"choices": [{"finish_reason": "eos"}]}),
    ({"usage": {"total_tokens": 5}}, {"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 5}}),
]
DELTAS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"role": "someone"}, {"role": "someone"}),
    ({"content": None}, {"content": None}),
    ({"content": ["a", {"text": "b"}]}, {"content": "ab", "content_parts": ["a", {"text": "b"}]}),
    ({"reasoning": "r"}, {"reasoning": "r", "reasoning_content": "r"}),
    ({"tool_calls": [{"function": {"arguments": [1]}}]}, {"tool_calls": [{"function": {"arguments": "[1]"}}]}),
    ({"tool_calls": [{"function": None, "index": None}]}, {"tool_calls": [{"index": None}]}),
    ({"new": [1]}, {"new": [1]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "read"),
    [*LENIENT, *(({"choices": [{"delta": a}]}, {"choices": [{"delta": b}]}) for a, b in DELTAS)],
)
def test_a_chunk_is_read_leniently(drive: Any, sent: dict[str, Any], read: dict[str, Any]) -> None:
    found = drive(EVENTS, Piece(event({"choices": [], **sent}))).open().chunk()
    assert found.to_dict() == {"choices": [], **read}


JSON_VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-1, 9) | st.floats(0, 1) | st.text("ab", max_size=2) | st.just([])
)
TEXTS = st.text("ab", max_size=2)


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects that mostly have the right fields, some of another type, and some that nobody knows."""
    odd = st.dictionaries(st.sampled_from([*fields, "new", "reasoning"]), JSON_VALUES, max_size=1)
    right = st.fixed_dictionaries({}, optional=fields) | st.fixed_dictionaries(fields)
    return st.builds(lambda some, other: {**some, **other}, right, odd) | JSON_VALUES


CHUNKS = objects(
    id=TEXTS,
    created=st.integers(0, 9),
    model=TEXTS,
    usage=st.none() | st.just(USAGE),
    choices=st.lists(
        objects(
            index=st.integers(0, 2),
            finish_reason=st.none() | TEXTS,
            delta=objects(role=TEXTS, content=st.none() | TEXTS, reasoning_content=TEXTS, tool_calls=st.just([{}])),
        ),
        max_size=2,
    ),
)


@given(CHUNKS)
def test_a_common_chunk_is_made_faster_and_is_the_same(value: object) -> None:
    made: list[object] = []
    for make in (chunk_of, checked_chunk):
        try:
            found = make(copy.deepcopy(value))
            made.append((found, found.to_json()))
        except UnexpectedShapeError as error:
            made.append(str(error))
    assert made[0] == made[1]


def test_an_error_in_mid_stream_pickles(drive: Any) -> None:
    with pytest.raises(APIError) as caught:
        drive(EVENTS, Piece(chunk("a")), FIRST_503).read()
    for received in (pickle.loads(pickle.dumps(caught.value)), copy.deepcopy(caught.value)):
        assert (received.mid_stream, received.status_code, str(received)) == (True, 503, str(caught.value))
    assert "503 Service Unavailable, in mid-stream: m [request r1]" in str(caught.value)
