"""Each method sends exactly its operation's request, and returns what the contract says, in every variant."""

import json
from collections.abc import Callable
from enum import Enum
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest
from pytest_httpx import HTTPXMock
from support.clients import Connect
from support.samples import ASSISTANT, CALL, COMPLETION, MESSAGE, RANKED, RUN, SEEN, THREAD, VECTORS, VERDICT, listed

from pixigpt import (
    Assistant,
    ChatCompletion,
    Client,
    EmbeddingList,
    FunctionCall,
    FunctionDefinition,
    FunctionParameters,
    Message,
    Moderation,
    RerankResult,
    Run,
    Thread,
    ThreadMessage,
    Tool,
    VisionResult,
)
from pixigpt.testing._contract import contract
from pixigpt_api.api.pixigpt import create_thread, get_run
from pixigpt_api.models import CreateThreadRequest

BASE_URL = "https://pixigpt.com/v1"
KEY = "sk-test"

HELLO = {"role": "user", "content": "Hello!"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


# what is called, the method and path it must send, the body it must send, the response, the result
CASES: list[tuple[str, Callable[[Client], object], str, object, object, object]] = [
    (
        "create_chat_completion",
        lambda client: client.create_chat_completion([HELLO]),
        "POST /chat/completions",
        {"messages": [HELLO]},
        COMPLETION,
        ChatCompletion.from_dict(COMPLETION),
    ),
    (
        "create_chat_completion with everything",
        lambda client: client.create_chat_completion(
            [Message("system", "S"), HELLO],
            assistant_id="asst_1",
            temperature=0.5,
            max_tokens=10,
            enable_thinking=False,
            tools=[TOOL, Tool(FunctionDefinition("g"))],
        ),
        "POST /chat/completions",
        {
            "messages": [{"role": "system", "content": "S"}, HELLO],
            "assistant_id": "asst_1",
            "temperature": 0.5,
            "max_tokens": 10,
            "enable_thinking": False,
            "tools": [TOOL, {"type": "function", "function": {"name": "g"}}],
        },
        COMPLETION,
        ChatCompletion.from_dict(COMPLETION),
    ),
    (
        "create_thread",
        lambda client: client.create_thread(),
        "POST /threads",
        {},
        THREAD,
        Thread.from_dict(THREAD),
    ),
    ("get_thread", lambda client: client.get_thread("t"), "GET /threads/t", None, THREAD, Thread.from_dict(THREAD)),
    (
        "get_thread with an id to be quoted",
        lambda client: client.get_thread("a/b ?#%é"),
        "GET /threads/a%2Fb%20%3F%23%25%C3%A9",
        None,
        THREAD,
        Thread.from_dict(THREAD),
    ),
    (
        "list_threads",
        lambda client: client.list_threads(),
        "GET /threads",
        None,
        listed(THREAD),
        [Thread.from_dict(THREAD)],
    ),
    ("delete_thread", lambda client: client.delete_thread("t"), "DELETE /threads/t", None, "anything", None),
    (
        "create_message",
        lambda client: client.create_message("t", "user", "Hi."),
        "POST /threads/t/messages",
        {"role": "user", "content": "Hi."},
        MESSAGE,
        ThreadMessage.from_dict(MESSAGE),
    ),
    (
        "create_messages_bulk",
        lambda client: client.create_messages_bulk("t", [HELLO, ThreadMessage.from_dict(MESSAGE)]),
        "POST /threads/t/messages/bulk",
        {"messages": [HELLO, {"role": "user", "content": "Hi."}]},
        listed(MESSAGE, MESSAGE),
        [ThreadMessage.from_dict(MESSAGE)] * 2,
    ),
    (
        "list_messages",
        lambda client: client.list_messages("t"),
        "GET /threads/t/messages?limit=20",
        None,
        {**listed(MESSAGE), "first_id": "msg_1", "last_id": "msg_1", "has_more": False},
        [ThreadMessage.from_dict(MESSAGE)],
    ),
    (
        "list_messages with a limit",
        lambda client: client.list_messages("t", 3),
        "GET /threads/t/messages?limit=3",
        None,
        listed(),
        [],
    ),
    (
        "list_messages without one",
        lambda client: client.list_messages("t", None),
        "GET /threads/t/messages",
        None,
        listed(),
        [],
    ),
    (
        "create_run",
        lambda client: client.create_run("t", "asst_1"),
        "POST /threads/t/runs",
        {"assistant_id": "asst_1"},
        {**RUN, "status": "queued", "message": None},
        Run.from_dict({**RUN, "status": "queued", "message": None}),
    ),
    (
        "create_run with everything",
        lambda client: client.create_run("t", "asst_1", True, temperature=0, max_tokens=5),
        "POST /threads/t/runs",
        {"assistant_id": "asst_1", "enable_thinking": True, "temperature": 0, "max_tokens": 5},
        RUN,
        Run.from_dict(RUN),
    ),
    ("get_run", lambda client: client.get_run("t", "r"), "GET /threads/t/runs/r", None, RUN, Run.from_dict(RUN)),
    (
        "wait_for_run",
        lambda client: client.wait_for_run("t", "r"),
        "GET /threads/t/runs/r",
        None,
        RUN,
        Run.from_dict(RUN),
    ),
    (
        "list_assistants",
        lambda client: client.list_assistants(),
        "GET /assistants",
        None,
        listed(ASSISTANT),
        [Assistant.from_dict(ASSISTANT)],
    ),
    (
        "get_assistant",
        lambda client: client.get_assistant("a"),
        "GET /assistants/a",
        None,
        ASSISTANT,
        Assistant.from_dict(ASSISTANT),
    ),
    (
        "create_assistant",
        lambda client: client.create_assistant("A", "I", "{}"),
        "POST /assistants",
        {"name": "A", "instructions": "I", "tools_config": "{}"},
        ASSISTANT,
        Assistant.from_dict(ASSISTANT),
    ),
    (
        "update_assistant",
        lambda client: client.update_assistant("a", "A", "I"),
        "PUT /assistants/a",
        {"name": "A", "instructions": "I"},
        ASSISTANT,
        Assistant.from_dict(ASSISTANT),
    ),
    ("delete_assistant", lambda client: client.delete_assistant("a"), "DELETE /assistants/a", None, None, None),
    (
        "list_assistant_threads",
        lambda client: client.list_assistant_threads("a"),
        "GET /assistants/a/threads",
        None,
        listed(THREAD),
        [Thread.from_dict(THREAD)],
    ),
    (
        "list_assistant_threads with a limit",
        lambda client: client.list_assistant_threads("a", limit=2),
        "GET /assistants/a/threads?limit=2",
        None,
        listed(),
        [],
    ),
    (
        "analyze_image",
        lambda client: client.analyze_image("https://x.test/a.png", "What is it?"),
        "POST /vision/analyze",
        {"image_url": "https://x.test/a.png", "user_prompt": "What is it?"},
        SEEN,
        VisionResult.from_dict(SEEN),
    ),
    (
        "analyze_image_for_tags",
        lambda client: client.analyze_image_for_tags("https://x.test/a.png"),
        "POST /vision/tags",
        {"image_url": "https://x.test/a.png"},
        SEEN,
        VisionResult.from_dict(SEEN),
    ),
    (
        "extract_text",
        lambda client: client.extract_text("https://x.test/a.png"),
        "POST /vision/ocr",
        {"image_url": "https://x.test/a.png"},
        SEEN,
        VisionResult.from_dict(SEEN),
    ),
    (
        "analyze_video",
        lambda client: client.analyze_video("https://x.test/a.mp4"),
        "POST /vision/video",
        {"video_url": "https://x.test/a.mp4"},
        SEEN,
        VisionResult.from_dict(SEEN),
    ),
    (
        "moderate_text",
        lambda client: client.moderate_text("Hi."),
        "POST /moderations",
        {"prompt": "Hi."},
        VERDICT,
        Moderation.from_dict(VERDICT),
    ),
    (
        "moderate_media",
        lambda client: client.moderate_media("https://x.test/a.png"),
        "POST /moderations/media",
        {"media_url": "https://x.test/a.png", "is_video": False},
        VERDICT,
        Moderation.from_dict(VERDICT),
    ),
    (
        "create_embedding of one text",
        lambda client: client.create_embedding("a"),
        "POST /embeddings",
        {"input": "a"},
        VECTORS,
        EmbeddingList.from_dict(VECTORS),
    ),
    (
        "create_embedding of several",
        lambda client: client.create_embedding(("a", "b"), model="m"),
        "POST /embeddings",
        {"input": ["a", "b"], "model": "m"},
        VECTORS,
        EmbeddingList.from_dict(VECTORS),
    ),
    (
        "rerank",
        lambda client: client.rerank("q", ["a", "b"], top_k=1, model="m"),
        "POST /rerank",
        {"query": "q", "documents": ["a", "b"], "top_k": 1, "model": "m"},
        RANKED,
        RerankResult.from_dict(RANKED),
    ),
]
CONTRACT = OpenAPI.from_dict(dict(contract()))


@pytest.mark.parametrize(
    ("call", "sent", "body", "response", "result"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_method_sends_its_operations_request_and_returns_its_response(
    httpx_mock: HTTPXMock,
    connect: Connect,
    call: Callable[[Client], object],
    sent: str,
    body: object,
    response: object,
    result: object,
) -> None:
    httpx_mock.add_response(json=response)
    assert call(connect(KEY)) == result
    (request,) = httpx_mock.get_requests()
    method, _, path = sent.partition(" ")
    assert (request.method, str(request.url)) == (method, BASE_URL + path)
    assert (json.loads(request.content) if request.content else None) == body
    assert_headers(request)
    assert_in_contract(request)


def assert_headers(request: httpx.Request) -> None:
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "gzip"
    assert request.headers["user-agent"].startswith("pixigpt/")
    assert request.headers.get("content-type") == ("application/json" if request.content else None)
    assert ("idempotency-key" in request.headers) == (request.method == "POST")


def assert_in_contract(request: httpx.Request) -> None:
    copy = MockRequest(
        f"https://{request.url.host}",
        request.method.lower(),
        request.url.raw_path.decode().split("?")[0],
        args=dict(request.url.params),
        headers=dict(request.headers),
        data=request.content or None,
        content_type="application/json",
    )
    CONTRACT.validate_request(copy)


def test_a_message_that_came_back_is_sent_again_as_it_is(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json=COMPLETION, is_reusable=True)
    client = connect(KEY)
    message = client.create_chat_completion([HELLO]).choices[0].message
    message.additional_properties["refusal"] = None  # a field that the contract does not know
    calls = {"role": "assistant", "tool_calls": message.tool_calls}
    refused = Message.from_dict({"role": "assistant", "refusal": "No."})
    result = {"role": "tool", "tool_call_id": "call_1", "content": "18"}
    client.create_chat_completion([message, calls, result, refused, ThreadMessage.from_dict(MESSAGE)])
    sent = json.loads(httpx_mock.get_requests()[-1].content)["messages"]
    assert sent == [
        {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        result,
        {"role": "assistant", "content": None, "refusal": "No."},
        {"role": "user", "content": "Hi."},
    ]


def test_a_message_that_no_utf_8_can_hold_can_be_sent_again(httpx_mock: HTTPXMock, connect: Connect) -> None:
    odd = json.loads(json.dumps(COMPLETION))
    message = odd["choices"][0]["message"]
    message |= {
        "content": "\u00e4 \ud83d",
        "notes": [{"\ud83d": "\udfff", "chance": float("nan"), "sure": 0.5, "n": 1}],
    }
    message["tool_calls"][0]["function"]["arguments"] = "\ud83d"
    seen = json.loads(json.dumps(MESSAGE))
    seen["content"][0]["text"]["value"] = "\ud83d"
    httpx_mock.add_response(text=json.dumps(odd), is_reusable=True)
    received = connect(KEY).create_chat_completion([HELLO]).choices[0].message
    assert received.content == "\u00e4 \ud83d"
    calls = {"role": "assistant", "tool_calls": received.tool_calls}
    connect(KEY).create_chat_completion([received, calls, ThreadMessage.from_dict(seen)])
    first, second, third = json.loads(httpx_mock.get_requests()[-1].content)["messages"]
    assert first["content"] == "\u00e4 ?"
    assert first["notes"] == [{"?": "?", "chance": None, "sure": 0.5, "n": 1}]
    assert first["tool_calls"] == second["tool_calls"] == [{**CALL, "function": {"name": "f", "arguments": "?"}}]
    assert third["content"] == "?"


def test_tools_and_calls_may_mix_dicts_and_objects(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json=COMPLETION)
    tool = {"type": "function", "function": FunctionDefinition("f", parameters=FunctionParameters())}
    call = {"id": "call_1", "type": "function", "function": FunctionCall("f", "{}")}
    connect(KEY).create_chat_completion([{"role": "assistant", "tool_calls": [call]}], tools=[tool])
    sent = json.loads(httpx_mock.get_requests()[0].content)
    assert sent["tools"] == [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    assert sent["messages"] == [{"role": "assistant", "content": None, "tool_calls": [CALL]}]


def test_a_message_may_be_any_mapping(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json=COMPLETION)
    message = MappingProxyType({"role": "user", "content": "Hi.", "more": MappingProxyType({"a": [1]})})
    connect(KEY).create_chat_completion([message])
    assert json.loads(httpx_mock.get_requests()[0].content)["messages"] == [
        {"role": "user", "content": "Hi.", "more": {"a": [1]}}
    ]


def test_text_is_sent_as_utf_8(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json=MESSAGE)
    connect(KEY).create_message("t", "user", "Grüße, 世界 🙂")
    assert "Grüße, 世界 🙂".encode() in httpx_mock.get_requests()[0].content


class Known(str, Enum):  # noqa: UP042  # whose str() is its name, unlike a StrEnum's
    THREAD = "thread_1"


def test_a_member_of_an_enumeration_is_sent_as_its_value(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json=RUN, is_reusable=True)
    client = connect(KEY, extra_query={"known": Known.THREAD})
    client.get_run(Known.THREAD, "r")
    client.call(get_run, thread_id=Known.THREAD, run_id="r")
    client.create_run(Known.THREAD, Known.THREAD)
    *polls, creation = httpx_mock.get_requests()
    assert [str(each.url.raw_path, "ascii") for each in polls] == ["/v1/threads/thread_1/runs/r?known=thread_1"] * 2
    assert creation.url.path == "/v1/threads/thread_1/runs"
    assert json.loads(creation.content) == {"assistant_id": "thread_1"}


EMPTY = CreateThreadRequest()
CIRCLE: dict[str, Any] = {"role": "user", "content": "x"}
CIRCLE["self"] = CIRCLE
BAD_ARGUMENTS: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda client: client.get_thread(""), ValueError, "thread_id must not be empty"),
    (lambda client: client.get_thread("  "), ValueError, "thread_id must not be empty"),
    (lambda client: client.get_thread(".."), ValueError, "thread_id"),
    (lambda client: client.get_thread("\ud800"), ValueError, "thread_id must not hold half a surrogate pair"),
    (lambda client: client.get_thread(None), TypeError, "thread_id is NoneType, not str"),
    (lambda client: client.get_thread(5), TypeError, "thread_id is int, not str"),
    (lambda client: client.get_run("t", ""), ValueError, "run_id must not be empty"),
    (lambda client: client.wait_for_run("t", ""), ValueError, "run_id must not be empty"),
    (lambda client: client.wait_for_run("t", "r", timeout=-1), ValueError, "timeout"),
    (lambda client: client.wait_for_run("t", "r", timeout="1"), TypeError, "timeout"),
    (lambda client: client.delete_assistant(""), ValueError, "assistant_id must not be empty"),
    (lambda client: client.create_chat_completion([]), ValueError, "messages must not be empty"),
    (lambda client: client.create_chat_completion(None), TypeError, "messages must be a list"),
    (lambda client: client.create_chat_completion("Hello!"), TypeError, "messages must be a list"),
    (lambda client: client.create_chat_completion(HELLO), TypeError, "messages must be a list"),
    (lambda client: client.create_chat_completion([HELLO, "x"]), TypeError, r"messages\[1\] must be a dict"),
    (lambda client: client.create_chat_completion([{"content": "x"}]), ValueError, r"messages\[0\] has no 'role'"),
    (
        lambda client: client.create_chat_completion([{"role": 5, "content": ""}]),
        ValueError,
        r"messages\[0\] is malformed",
    ),
    (lambda client: client.create_chat_completion([HELLO], tools=[{}]), ValueError, r"tools\[0\] has no 'type'"),
    (
        lambda client: client.stream_chat_completion([HELLO], tools=[print]),
        TypeError,
        r"tools\[0\] must be a dict .*; run_tools\(\) takes functions, this method tool\(function\).definition",
    ),
    (lambda client: client.create_chat_completion([HELLO], tools=TOOL), TypeError, "tools must be a list"),
    (lambda client: client.create_chat_completion([HELLO], temperature=float("nan")), ValueError, "sent as JSON"),
    (
        lambda client: client.create_chat_completion([HELLO], temperature=object()),
        TypeError,
        "temperature is object, not float",
    ),
    (
        lambda client: client.create_chat_completion([{**HELLO, "more": object()}]),
        TypeError,
        "sent as JSON",
    ),
    (lambda client: client.create_message("t", "user", "\ud800"), ValueError, "sent as JSON"),
    (
        lambda client: client.create_messages_bulk("t", [{"role": "user"}]),
        ValueError,
        r"messages\[0\] has no 'content'",
    ),
    (lambda client: client.get_thread(), TypeError, "thread_id"),
    (lambda client: client.create_chat_completion([HELLO], max_tokens=1.5), TypeError, "max_tokens is float, not int"),
    (lambda client: client.create_chat_completion([HELLO], max_tokens=True), TypeError, "max_tokens is bool, not int"),
    (lambda client: client.create_chat_completion([HELLO], enable_thinking="yes"), TypeError, "enable_thinking is str"),
    (lambda client: client.create_chat_completion([HELLO], assistant_id=""), ValueError, "assistant_id must not be"),
    (lambda client: client.create_chat_completion([{"role": "user"}]), ValueError, r"messages\[0\] has no 'content'"),
    (
        lambda client: client.create_chat_completion([{"role": "user", "content": 5}]),
        TypeError,
        r"messages\[0\].content is int, not str",
    ),
    (lambda client: client.create_message("t", "user", None), TypeError, "content is NoneType, not str"),
    (lambda client: client.create_message("t", None, "x"), TypeError, "role is NoneType, not str"),
    (lambda client: client.create_run("t", None), TypeError, "assistant_id is NoneType, not str"),
    (lambda client: client.create_run("t", ""), ValueError, "assistant_id must not be empty"),
    (lambda client: client.create_assistant("A", "I", {}), TypeError, "tools_config is dict, not str"),
    (lambda client: client.list_messages("t", "5"), TypeError, "limit is str, not int"),
    (lambda client: client.wait_for_run("t", "r", on_update=5), TypeError, "on_update must be a function"),
    (lambda client: client.get_thread("x" * 70_000), ValueError, "thread_id is too long"),
    (lambda client: client.create_chat_completion([CIRCLE]), ValueError, r"messages\[0\] is malformed"),
    (lambda client: client.call(create_thread, body=EMPTY, idempotency_key="a\n"), ValueError, "idempotency-key"),
    (lambda client: client.call(create_thread, body=EMPTY, idempotency_key="\u043a"), ValueError, "idempotency-key"),
    (lambda client: client.call(None), TypeError, "endpoint must be a module"),
    (lambda client: client.analyze_image(None), TypeError, "image_url is NoneType, not str"),
    (lambda client: client.moderate_media("u", is_video="no"), TypeError, "is_video is str, not bool"),
    (lambda client: client.create_embedding([]), ValueError, "input must not be empty"),
    (lambda client: client.create_embedding(5), TypeError, "input must be a list, not int"),
    (lambda client: client.create_embedding(["a", 5]), TypeError, r"input\[1\] is int, not str"),
    (lambda client: client.rerank("q", "a document"), TypeError, "documents must be a list, not str"),
    (lambda client: client.rerank("q", []), ValueError, "documents must not be empty"),
    (lambda client: client.rerank("q", ["a", None]), TypeError, r"documents\[1\] is NoneType, not str"),
    (lambda client: client.rerank("q", ["a"], top_k="1"), TypeError, "top_k is str, not int"),
    (lambda client: client.call(create_thread, body="x"), TypeError, "is str, not CreateThreadRequest"),
]


@pytest.mark.parametrize(("call", "kind", "names"), BAD_ARGUMENTS)
def test_a_bad_argument_is_refused_before_anything_is_sent(
    httpx_mock: HTTPXMock, connect: Connect, call: Callable[[Client], object], kind: type[Exception], names: str
) -> None:
    with pytest.raises(kind, match=names):
        call(connect(KEY))
    assert httpx_mock.get_requests() == []
