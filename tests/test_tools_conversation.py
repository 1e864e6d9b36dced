"""A conversation with tools is valid in each request, whatever the model calls: each call has one result behind it."""

import json
from typing import Any

import anyio
import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tools import Call, completion, violations

from pixigpt import AsyncClient, Client, PixiGPTError
from pixigpt.tools import ToolError

IDS = st.sampled_from(["", " ", "call_1", "call_1_2", "c", "\ud800"])
NAMES = st.sampled_from(["double", "fails", "tells", "odd", "unknown", "", "int"])
ARGUMENTS = st.sampled_from(
    ['{"number": 2}', '{"number": "2"}', '{"value": 1}', "{}", "", "[1]", "{", "null", '"\ud800"']
)
CALLS = st.lists(st.tuples(IDS, NAMES, ARGUMENTS), max_size=4)
TEXTS = st.sampled_from([None, "", "Warm.", '{"value": "1"}', "\ud800"])
REASONS = st.sampled_from(["stop", "tool_calls", None, "other"])
ANSWERS = st.lists(st.tuples(TEXTS, CALLS, REASONS), min_size=1, max_size=4)

Answers = list[tuple[str | None, list[Call], str | None]]


def double(number: int) -> int:
    return 2 * number


def fails(number: int) -> int:
    raise ValueError(number)


def tells(number: int) -> int:
    raise ToolError(f"not {number}\ud800")


def odd(number: int) -> object:
    return object() if number else None


TOOLS = [double, fails, tells, odd]


class Model:
    """A server that gives one answer after the other, and then plain ones."""

    def __init__(self, answers: Answers) -> None:
        self.answers = [completion(text, calls, reason) for text, calls, reason in answers]
        self.sent: list[Any] = []
        self.transport = httpx.MockTransport(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(json.loads(request.content)["messages"])
        number = len(self.sent) - 1
        answer = self.answers[number] if number < len(self.answers) else completion("Done.")
        return httpx.Response(200, text=json.dumps(answer))

    def check(self, result: Any) -> None:
        """Check each request, and the conversation that the caller gets, whether it went well or not."""
        for messages in self.sent:
            assert violations(messages) == []
        found = getattr(result, "run", result)
        told = getattr(found, "messages", [])
        assert violations([message.to_dict() for message in told]) == []
        assert [each.to_dict()["role"] for each in told][:1] in ([], ["user"])


QUESTION = [{"role": "user", "content": "Hi"}]


@given(answers=ANSWERS, report_errors=st.booleans(), concurrency=st.sampled_from([1, 3]), refuses=st.booleans())
@settings(max_examples=60, deadline=None)
def test_run_tools_keeps_the_conversation_valid(
    answers: Answers, report_errors: bool, concurrency: int, refuses: bool
) -> None:
    options: dict[str, Any] = {
        "report_errors": report_errors,
        "concurrency": concurrency,
        "max_rounds": 2,
        "approve": (lambda _: False) if refuses else None,
    }
    model = Model(answers)
    with Client("sk-test", transport=model.transport) as client:
        try:
            result: Any = client.run_tools(QUESTION, TOOLS, **options)
        except PixiGPTError as error:
            result = error
    model.check(result)
    again = Model(answers)
    assert type(anyio.run(run_async, again, options)) is type(result)
    assert again.sent == model.sent


async def run_async(model: Model, options: dict[str, Any]) -> Any:
    async with AsyncClient("sk-test", transport=model.transport) as client:
        try:
            return await client.run_tools(QUESTION, TOOLS, **options)
        except PixiGPTError as error:
            return error


@given(answers=ANSWERS)
@settings(max_examples=40, deadline=None)
def test_parse_chat_completion_keeps_the_conversation_valid(answers: Answers) -> None:
    model = Model(answers)
    with Client("sk-test", transport=model.transport) as client:
        try:
            result: Any = client.parse_chat_completion(QUESTION, int)
        except PixiGPTError as error:
            result = error
    model.check(result)
