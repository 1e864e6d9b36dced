"""`parse_chat_completion`: where an answer is found, what is sent back where it does not fit, and when that ends."""

import json
import pickle
import time
from collections.abc import Callable
from typing import Any, Literal

import attrs
import httpx
import pydantic
import pytest
from jsonschema import Draft202012Validator
from support.clients import Connect
from support.tools import QUESTION, Call, completion, violations

from pixigpt import Client, DeadlineExceededError, IncompleteAnswerError, ParseFailedError
from pixigpt.testing import LocalServer
from pixigpt.tools import ParsedCompletion
from pixigpt.tools._json_text import json_values


@attrs.define
class City:
    """A city."""

    name: str
    rank: int = 1


@attrs.define
class Box:
    value: int


class Order(pydantic.BaseModel):
    count: int


PARIS = '{"name": "Paris", "rank": 2}'

Parse = Callable[..., ParsedCompletion[Any]]


class Model:
    """A server without a socket, which gives one answer after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = answers
        self.sent: list[Any] = []
        self.transport = httpx.MockTransport(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(json.loads(request.content))
        return httpx.Response(200, text=json.dumps(self.answers[len(self.sent) - 1]))


def parse(response_type: Any, *answers: Any, **options: Any) -> ParsedCompletion[Any]:
    model = Model(*answers)
    with Client("sk-test", transport=model.transport) as client:
        found = client.parse_chat_completion(QUESTION, response_type, **options)
    assert violations([message.to_dict() for message in found.messages]) == []
    return found


def test_one_tool_is_sent_and_its_arguments_are_the_answer(client: Client, server: LocalServer) -> None:
    server.reply(tool_calls=[("City", PARIS)])
    options: dict[str, Any] = {"temperature": 0.5, "max_tokens": 4000, "enable_thinking": False}
    found = client.parse_chat_completion(QUESTION, City, assistant_id=server.assistant_id, **options)
    assert found.parsed == City("Paris", 2)
    assert (found.repairs, repr(found)) == (0, "ParsedCompletion(City(name='Paris', rank=2), repairs=0)")
    assert [message.role for message in found.messages] == ["user", "assistant", "tool"]
    assert found.usage == found.completion.usage
    sent: Any = server.requests[-1].body
    assert {name: sent[name] for name in options} == options
    [tool] = sent["tools"]
    assert tool["function"]["name"] == "City"
    assert tool["function"]["description"] == "Give your answer by calling this function.\n\nA city."
    assert tool["function"]["parameters"] == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "rank": {"type": "integer", "default": 1}},
        "required": ["name"],
        "additionalProperties": False,
    }
    again = client.create_chat_completion([*found.messages, *QUESTION], assistant_id=server.assistant_id)
    assert again.choices


def test_an_answer_is_repaired(client: Client, server: LocalServer) -> None:
    server.reply(tool_calls=[("City", {"name": "Paris", "rank": "2"}), ("Town", "{}")])
    server.reply("It is Paris.")
    server.reply(f"```json\n{PARIS}\n```")
    found = client.parse_chat_completion(QUESTION, City, assistant_id=server.assistant_id)
    assert (found.parsed, found.repairs) == (City("Paris", 2), 2)
    assert [message.content for message in found.messages][2:6] == [
        "This does not fit: Expected `int`, got `str` - at `$.rank`",
        "This does not fit: there is no function 'Town', only City",
        "It is Paris.",
        "This does not fit: it neither calls the function City nor holds JSON. "
        "Call the function City, or reply with JSON that fits it.",
    ]
    assert found.usage.total_tokens > found.completion.usage.total_tokens
    assert violations([message.to_dict() for message in found.messages]) == []


def test_an_answer_that_never_fits_is_an_error(client: Client, server: LocalServer) -> None:
    server.reply(tool_calls=[("City", {"name": 5})])
    server.reply('{"name": "Paris", "size": 1}')
    with pytest.raises(ParseFailedError) as caught:
        client.parse_chat_completion(QUESTION, City, assistant_id=server.assistant_id, max_repairs=1)
    error = caught.value
    assert error.failures == ["Expected `str`, got `int` - at `$.name`", "unknown field - at `$.size`"]
    assert str(error).startswith(
        "POST /chat/completions: the answer is not of the type City: unknown field - at `$.size` (2 "
    )
    assert error.completion is not None
    assert error.completion.choices[0].message.content == '{"name": "Paris", "size": 1}'
    assert [message.role for message in error.messages] == ["user", "assistant", "tool", "assistant", "user"]
    assert violations([message.to_dict() for message in error.messages]) == []
    assert pickle.loads(pickle.dumps(error)).messages == error.messages
    server.reply(PARIS)
    found = client.parse_chat_completion(error.messages, City, assistant_id=server.assistant_id)
    assert found.parsed == City("Paris", 2)


Case = tuple[Any, str | None, list[tuple[str, str]], Any]
READ: list[Case] = [
    (City, None, [("City", '{"name": "A"}'), ("City", '{"name": "B"}')], City("A")),
    (City, None, [("City", '{"name": 1}'), ("City", '{"name": "B"}')], City("B")),
    (City, None, [("Other", '{"name": "A"}'), ("City", '{"name": "B"}')], City("B")),
    (City, '{"name": "T"}', [("City", '{"name": 1}')], City("T")),
    (City, '{"name": "T"}', [("City", '{"name": "C"}')], City("C")),
    (City, f" {PARIS}\n", [], City("Paris", 2)),
    (City, f"Here:\n```json\n{PARIS}\n```\nDone.", [], City("Paris", 2)),
    (City, f"```\nnot this\n```\n```JSON\n{PARIS}\n```", [], City("Paris", 2)),
    (City, f'It is "big", [1], {PARIS}.', [], City("Paris", 2)),
    (City, f"It is {{as I said}} {PARIS}", [], City("Paris", 2)),
    (City, f"It is {{ {PARIS}", [], City("Paris", 2)),
    (City, 'The 5" screen: {"name": "a \\" } b"}', [], City('a " } b')),
    (Order, None, [("Order", '{"count": 3}')], Order(count=3)),
    (int, None, [("int", '{"value": 5}')], 5),
    (int, "5", [], 5),
    (int, 'The answer: {"value": 5}', [], 5),
    (list[City], None, [("list", '{"value": [{"name": "A"}]}')], [City("A")]),
    (list[City], 'Here: [{"name": "A"}]', [], [City("A")]),
    (Literal["good", "bad"], None, [("Literal", '{"value": "bad"}')], "bad"),
    (City | None, None, [("answer", '{"value": null}')], None),
    (City | None, None, [("answer", '{"value": {"name": "A"}}')], City("A")),
    (Any, None, [("Any", '{"value": {"value": 5}}')], {"value": 5}),
    (Box | None, None, [("answer", '{"value": {"value": 5}}')], Box(5)),
    (Box | None, '{"value": 5}', [], Box(5)),
    (dict[str, int], None, [("dict", '{"value": 1}')], {"value": 1}),
    (None, None, [("answer", '{"value": null}')], None),
]


@pytest.mark.parametrize(("response_type", "content", "calls", "parsed"), READ)
def test_where_an_answer_is_found(
    response_type: Any, content: str | None, calls: list[tuple[str, str]], parsed: Any
) -> None:
    found = parse(response_type, completion(content, [("c", *call) for call in calls]), max_repairs=0)
    assert found.parsed == parsed
    assert type(found.parsed) is type(parsed)


REFUSED: list[tuple[Any, str | None, list[Call], str]] = [
    (int, None, [("c", "int", '{"value": "5"}')], "Expected `int`, got `str` - at `$.value`"),
    (int, None, [("c", "int", '{"value": 5, "more": 1}')], "unknown field - at `$.more`"),
    (int, None, [("c", "int", "5x")], "not JSON: "),
    (list[City], None, [("c", "list", '{"value": [{"name": "A", "x": 1}]}')], "unknown field - at `$.value[0].x`"),
    (int, "five", [], "it neither calls the function int nor holds JSON"),
    (City, "[1, 2]", [], "Expected `object`, got `array`"),
    (City, '{"name": 1} and {"rank": 1}', [], "Expected `str`, got `int` - at `$.name`"),
    (City, None, [("c", "City", "{}"), ("d", "City", "[]")], "Object missing required field `name`; Expected `object`"),
    (City, "[" * 100_000, [], "it neither calls the function City nor holds JSON"),
    (City, "\ud800", [], "it neither calls the function City nor holds JSON"),
]


@pytest.mark.parametrize(("response_type", "content", "calls", "why"), REFUSED)
def test_what_does_not_fit_is_told_with_its_reason(
    response_type: Any, content: str | None, calls: list[Call], why: str
) -> None:
    with pytest.raises(ParseFailedError) as caught:
        parse(response_type, completion(content, calls), max_repairs=0)
    [failure] = caught.value.failures
    assert failure.startswith(why)


@pytest.mark.parametrize(
    ("response_type", "name"),
    [
        (City, "City"),
        (int | bool, "int | bool"),
        (list[int], "list[int]"),
        (Literal["a", "b"], "typing.Literal['a', 'b']"),
        (Literal["x" * 200], f"typing.Literal['{'x' * 84}..."),
        (None, "None"),
    ],
)
def test_an_error_names_the_type_also_where_that_has_no_name(response_type: Any, name: str) -> None:
    with pytest.raises(ParseFailedError) as caught:
        parse(response_type, completion("It is so."), max_repairs=0)
    assert caught.value.message.startswith(f"the answer is not of the type {name}: it neither calls")


@pytest.mark.parametrize("text", ['["' + '\\"' * 100_000, '{"a' * 50_000, "[" * 100_000, "[]" * 50_000, "{x}" * 30_000])
def test_reading_takes_no_longer_for_a_hostile_text(text: str) -> None:
    started = time.process_time()
    list(json_values(text))
    assert time.process_time() - started < 2  # a reader that begins again at each bracket takes minutes


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_that_was_cut_is_not_repaired(client: Client, server: LocalServer, reason: Any) -> None:
    server.reply(tool_calls=[("City", PARIS)], finish_reason=reason)
    with pytest.raises(IncompleteAnswerError, match=f"finish_reason is {reason}") as caught:
        client.parse_chat_completion(QUESTION, City, assistant_id=server.assistant_id)
    assert caught.value.completion is not None
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("response_type", "options", "kind", "says"),
    [
        (object, {}, TypeError, "response_type: object has no JSON schema"),
        (City | Order, {}, TypeError, "response_type: Type unions"),
        (City, {"max_repairs": -1}, ValueError, "max_repairs must be at least 0"),
        (City, {"max_repairs": "2"}, TypeError, "max_repairs must be a number"),
        (City, {"model": "m"}, TypeError, "pass assistant_id"),
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_sent(
    connect: Connect, response_type: Any, options: Any, kind: type[Exception], says: str
) -> None:
    model = Model()
    with pytest.raises(kind, match=says):
        connect(transport=model.transport).parse_chat_completion(QUESTION, response_type, **options)
    assert model.sent == []


def test_no_failure_shows_a_key_that_the_model_echoes() -> None:
    with pytest.raises(ParseFailedError) as caught:
        parse(City, completion(calls=[("c", "sk-test", "{}")]), max_repairs=0)
    assert caught.value.failures == ["there is no function '***', only City"]
    assert "sk-test" not in f"{caught.value}"


def test_total_timeout_bounds_all_answers(client: Client, server: LocalServer) -> None:
    server.reply("no", times=None)
    server.delay(0.15, times=None)
    short = client.with_options(total_timeout=0.4)
    with pytest.raises(DeadlineExceededError):
        short.parse_chat_completion(QUESTION, City, assistant_id=server.assistant_id, max_repairs=50)


NAMES = [(City, "City"), (list[int], "list"), (int | None, "answer"), (type("Caf\u00e9", (City,), {}), "Caf_")]


@pytest.mark.parametrize(("response_type", "name"), NAMES)
def test_the_tool_is_named_like_the_type(response_type: Any, name: str) -> None:
    model = Model(completion("{}"))
    with Client("sk-test", transport=model.transport) as client, pytest.raises(ParseFailedError):
        client.parse_chat_completion(QUESTION, response_type, max_repairs=0)
    [tool] = model.sent[0]["tools"]
    assert tool["function"]["name"] == name
    assert tool["function"]["parameters"]["type"] == "object"
    Draft202012Validator.check_schema(tool["function"]["parameters"])
