"""What other servers send in place of the contract's responses: what is useless is refused, all else is read."""

import copy
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpx import HTTPXMock
from support.clients import Connect
from support.samples import (
    ASSISTANT,
    ASSISTANT_MESSAGE,
    CALL,
    COMPLETION,
    RANKED,
    RUN,
    SEEN,
    THREAD,
    VECTORS,
    VERDICT,
    listed,
)

from pixigpt import APIResponseError, Client
from pixigpt._generated import fields_of
from pixigpt._leniency import DEFAULTS, NUMBERED, PARTS
from pixigpt.testing._contract import contract

GONE = object()


def changed(body: Any, **changes: object) -> Any:
    """A body with other values at some paths, such as `choices__0__message`; GONE takes a field out."""
    made = copy.deepcopy(body)
    for path, value in changes.items():
        *steps, last = [int(step) if step.isdecimal() else step for step in path.split("__")]
        place = made
        for step in steps:
            place = place[step]
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return made


Ask = Callable[[Client], Any]


def chat(client: Client) -> Any:
    return client.create_chat_completion([{"role": "user", "content": "Hi."}], assistant_id="a")


def choice(client: Client) -> Any:
    return chat(client).choices[0]


def rerank(client: Client) -> Any:
    return client.rerank("q", ["a", "b"]).results[0]


PARTED = [{"type": "text", "text": "Hel"}, {"type": "image_url"}, 7, "lo"]

# who sends it, the call, the body, what is read of the result, and what it is
READ: list[tuple[str, Ask, Any, Callable[[Any], object], object]] = [
    (
        "Groq: no content",
        choice,
        changed(COMPLETION, choices__0__message__content=GONE),
        lambda r: r.message.content,
        None,
    ),
    ("no role", choice, changed(COMPLETION, choices__0__message__role=GONE), lambda r: r.message.role, "assistant"),
    (
        "Mistral: no type",
        choice,
        changed(COMPLETION, choices__0__message__tool_calls__0__type=GONE),
        lambda r: r.message.tool_calls[0].type_,
        "function",
    ),
    (
        "OpenRouter: no arguments",
        choice,
        changed(COMPLETION, choices__0__message__tool_calls__0__function__arguments=GONE),
        lambda r: r.message.tool_calls[0].function.arguments,
        "{}",
    ),
    (
        "calls without ids",
        choice,
        changed(COMPLETION, choices__0__message__tool_calls=[{"function": CALL["function"]}, CALL]),
        lambda r: [call.id for call in r.message.tool_calls],
        ["call_0", "call_1"],
    ),
    ("no usage", chat, changed(COMPLETION, usage=GONE), lambda r: r.usage.total_tokens, 0),
    ("usage null", chat, changed(COMPLETION, usage=None), lambda r: r.usage.total_tokens, 0),
    (
        "half a usage",
        chat,
        changed(COMPLETION, usage={"total_tokens": 3}),
        lambda r: (r.usage.prompt_tokens, r.usage.total_tokens),
        (0, 3),
    ),
    ("no created", chat, changed(COMPLETION, created=GONE), lambda r: r.created, 0),
    ("Writer: digits", chat, changed(COMPLETION, created="1760000000"), lambda r: r.created, 1760000000),
    ("no id", chat, changed(COMPLETION, id=GONE), lambda r: r.id, ""),
    ("no model", chat, changed(COMPLETION, model=GONE), lambda r: r.model, ""),
    ("no object", chat, changed(COMPLETION, object=GONE), lambda r: r.object_, "chat.completion"),
    ("no index", choice, changed(COMPLETION, choices__0__index=GONE), lambda r: r.index, 0),
    (
        "no finish_reason",
        choice,
        changed(COMPLETION, choices__0__finish_reason=None),
        lambda r: r.finish_reason,
        "stop",
    ),
    ("parts", choice, changed(COMPLETION, choices__0__message__content=PARTED), lambda r: r.message.content, "Hello"),
    (
        "parts, as they came",
        choice,
        changed(COMPLETION, choices__0__message__content=PARTED),
        lambda r: r.to_dict()["message"][PARTS],
        PARTED,
    ),
    (
        "llama.cpp: reasoning in the message",
        choice,
        changed(COMPLETION, choices__0__reasoning_content=GONE, choices__0__message__reasoning_content="So."),
        lambda r: r.reasoning_content,
        "So.",
    ),
    (
        "OpenRouter: reasoning",
        choice,
        changed(COMPLETION, choices__0__reasoning_content=GONE, choices__0__message__reasoning="So."),
        lambda r: r.reasoning_content,
        "So.",
    ),
    (
        "reasoning of another kind",
        choice,
        changed(COMPLETION, choices__0__reasoning_content=GONE, choices__0__message__reasoning={"a": 1}),
        lambda r: r.reasoning_content,
        None,
    ),
    (
        "its own reasoning goes first",
        choice,
        changed(COMPLETION, choices__0__message__reasoning="So."),
        lambda r: r.reasoning_content,
        "Because.",
    ),
    (
        "Voyage",
        lambda c: c.create_embedding("a"),
        changed(VECTORS, usage={"total_tokens": 1}),
        lambda r: r.usage.prompt_tokens,
        0,
    ),
    (
        "vectors alone",
        lambda c: c.create_embedding("a"),
        {"data": [{"embedding": [1]}] * 2},
        lambda r: [e.index for e in r.data],
        [0, 1],
    ),
    ("Cohere", rerank, {"results": [{"index": 1, "relevance_score": 0.5}]}, lambda r: r.document, "b"),
    ("an index of nowhere", rerank, {"results": [{"index": 7, "relevance_score": 0.5}]}, lambda r: r.document, ""),
    ("vision", lambda c: c.extract_text("https://x.test"), {"result": "x"}, lambda r: r.usage.total_tokens, 0),
    ("moderation", lambda c: c.moderate_text("x"), {"category": "SAFE", "score": 1}, lambda r: r.usage.total_tokens, 0),
    (
        "a thread's id alone",
        lambda c: c.get_thread("t"),
        {"id": "t"},
        lambda r: (r.object_, r.created_at),
        ("thread", 0),
    ),
    ("a list without its name", lambda c: c.list_threads(), {"data": [{"id": "t"}]}, lambda r: r[0].id, "t"),
    ("an assistant's id alone", lambda c: c.get_assistant("a"), {"id": "a"}, lambda r: r.name, ""),
    ("a run", lambda c: c.get_run("t", "r"), {"id": "r", "status": "queued"}, lambda r: r.model, ""),
    (
        "a message",
        lambda c: c.list_messages("t"),
        {
            "data": [
                {
                    "id": "m",
                    "content": [{"text": {"value": "x"}}],
                    "media": [{"signed_url": "u"}],
                    "code": [{"code": "1"}],
                    "sources": [{}],
                }
            ]
        },
        lambda r: (
            r[0].content[0].text.annotations,
            r[0].media[0].id,
            r[0].code[0].language,
            r[0].sources[0].tool_name,
        ),
        ([], "", "", ""),
    ),
]


@pytest.mark.parametrize(("ask", "body", "read", "value"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_a_response_that_lacks_something_is_read(
    httpx_mock: HTTPXMock, connect: Connect, ask: Ask, body: Any, read: Callable[[Any], object], value: object
) -> None:
    httpx_mock.add_response(json=body)
    assert read(ask(connect("sk-test", "https://api.test"))) == value


FILTERED = {"index": 0, "finish_reason": "content_filter", "content_filter_results": {"hate": {"filtered": True}}}

# the call, the body, and what the error says
REFUSED: list[tuple[Ask, Any, str]] = [
    (chat, changed(COMPLETION, choices=GONE), "the result's choices is missing"),
    (chat, changed(COMPLETION, choices=None), "the result's choices is NoneType, not list"),
    (chat, changed(COMPLETION, choices=[]), "the result's choices is empty"),
    (chat, changed(COMPLETION, choices__0__message=GONE), r"choices\[0\].message is missing$"),
    (chat, changed(COMPLETION, choices=[FILTERED]), r"choices\[0\].message is missing: the server's content filter"),
    (chat, changed(COMPLETION, created="yesterday"), "created is str, not int"),
    (chat, changed(COMPLETION, choices__0__message__content=7), "content is int, not str"),
    (chat, changed(COMPLETION, choices__0__message__tool_calls__0__function=GONE), "function is missing"),
    (chat, changed(COMPLETION, usage=5), "usage is int, not an object"),
    (lambda c: c.create_embedding("a"), changed(VECTORS, data__0__embedding=GONE), r"data\[0\].embedding is missing"),
    (rerank, changed(RANKED, results__0__relevance_score=GONE), "relevance_score is missing"),
    (rerank, changed(RANKED, results=GONE), "results is missing"),
    (lambda c: c.extract_text("https://x.test"), changed(SEEN, result=GONE), "result is missing"),
    (lambda c: c.moderate_text("x"), changed(VERDICT, category=GONE), "category is missing"),
    (lambda c: c.moderate_text("x"), changed(VERDICT, score=GONE), "score is missing"),
    (lambda c: c.get_thread("t"), changed(THREAD, id=GONE), "the result's id is missing"),
    (lambda c: c.get_run("t", "r"), changed(RUN, status=GONE), "the result's status is missing"),
    (lambda c: c.get_run("t", "r"), changed(RUN, id=None), "the result's id is NoneType, not str"),
    (lambda c: c.get_assistant("a"), changed(ASSISTANT, id=GONE), "the result's id is missing"),
    (
        lambda c: c.list_messages("t"),
        listed(changed(ASSISTANT_MESSAGE, id=GONE)),
        r"the result's data\[0\].id is missing",
    ),
    (lambda c: c.list_messages("t"), listed(changed(ASSISTANT_MESSAGE, content=GONE)), r"data\[0\].content is missing"),
]


@pytest.mark.parametrize(("ask", "body", "says"), REFUSED, ids=[row[2] for row in REFUSED])
def test_a_response_without_its_content_is_refused(
    httpx_mock: HTTPXMock, connect: Connect, ask: Ask, body: Any, says: str
) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(APIResponseError) as caught:
        ask(connect("sk-test", "https://api.test"))
    assert re.search(says, caught.value.message)


def test_what_was_filled_in_is_logged(
    httpx_mock: HTTPXMock, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="pixigpt")
    httpx_mock.add_response(json=changed(COMPLETION, usage=GONE, choices__0__index=GONE))
    chat(connect("sk-test", "https://api.test"))
    filled = [record.getMessage() for record in caplog.records if "lacks" in record.getMessage()]
    assert filled == [
        "the response lacks Choice.index: filled in",
        "the response lacks ChatCompletion.usage: filled in",
    ]


def test_parts_that_came_are_not_sent_again(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json=changed(COMPLETION, choices__0__message__content=PARTED), is_reusable=True)
    client = connect("sk-test", "https://api.test")
    message = choice(client).message
    client.create_chat_completion([message], assistant_id="a")
    (sent,) = json.loads(httpx_mock.get_requests()[-1].content)["messages"]
    assert (sent["content"], PARTS in sent) == ("Hello", False)


def test_two_responses_share_no_default(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=changed(COMPLETION, usage=GONE), is_reusable=True)
    with Client("sk-test", "https://api.test") as client:
        first, second = chat(client), chat(client)
    first.usage.additional_properties["mine"] = 1
    assert second.usage.additional_properties == {}


# What makes a result useless where it is missing: its content, and the id of what one must name again.
CONTENT = {
    "Assistant": {"id"},
    "AssistantList": {"data"},
    "ChatCompletion": {"choices"},
    "Choice": {"message"},
    "CodeExecution": {"code"},
    "ContentBlock": {"text"},
    "EmbeddingList": {"data"},
    "EmbeddingVector": {"embedding"},
    "FunctionCall": {"name"},
    "Media": {"signed_url"},
    "Moderation": {"category", "score"},
    "RankedDocument": {"index", "relevance_score"},
    "RerankResult": {"results"},
    "Run": {"id", "status"},
    "TextContent": {"value"},
    "Thread": {"id"},
    "ThreadList": {"data"},
    "ThreadMessage": {"id", "content"},
    "ThreadMessageList": {"data"},
    "ToolCall": {"function"},
    "VisionResult": {"result"},
}


def test_the_tables_say_of_each_required_field_what_it_reads_as_or_that_it_is_needed() -> None:
    for cls, defaults in DEFAULTS.items():
        required = {field.name for field in fields_of(cls) if field.is_required}
        numbered = {NUMBERED[cls][0]} if cls in NUMBERED else set[str]()
        assert set(defaults) | numbered | CONTENT.get(cls.__name__, set()) == required, cls
    assert set(CONTENT) <= {cls.__name__ for cls in DEFAULTS} | {cls.__name__ for cls in NUMBERED}


def test_each_default_fits_the_contract() -> None:
    from openapi_schema_validator import OAS31Validator

    schemas = contract()["components"]
    for cls, defaults in DEFAULTS.items():
        properties = contract()["components"]["schemas"][cls.__name__]["properties"]
        for name, value in defaults.items():
            if value == "":
                continue  # the zero value of every string, be it an enumerated one
            OAS31Validator({**properties[name], "components": schemas}).validate(value)
