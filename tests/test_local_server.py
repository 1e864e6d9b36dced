"""The local server, driven by httpx alone: what it serves, what it refuses, and what its clients must never see."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from pixigpt.testing import LocalServer
from pixigpt.testing._contract import contract, operations
from pixigpt.testing._sample import sample
from pixigpt.testing._semantics import likeness
from pixigpt.testing._service import Service

HELLO = {"role": "user", "content": "Hello there!"}
SYSTEM = {"role": "system", "content": "Be brief."}


def chat(http: httpx.Client, *messages: dict[str, Any], **fields: Any) -> Any:
    response = http.post("/chat/completions", json={"messages": messages, **fields})
    assert response.status_code == 200, response.text
    return response.json()


def test_the_service_has_a_method_for_each_operation() -> None:
    assert [each.name for each in operations() if not callable(getattr(Service, each.name, None))] == []


def test_a_chat_is_answered_with_reasoning_and_usage(http: httpx.Client, server: LocalServer) -> None:
    response = chat(http, HELLO, assistant_id=server.assistant_id)
    assert set(response) == {"id", "object", "created", "model", "choices", "usage"}
    (choice,) = response["choices"]
    assert choice["message"] == {"role": "assistant", "content": "You said: Hello there!"}
    assert choice["finish_reason"] == "stop"
    assert choice["reasoning_content"]
    usage = response["usage"]
    assert usage["prompt_tokens"] == 2 + 5  # two words said, five of instructions
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert type(response["created"]) is int


def test_without_thinking_there_is_no_reasoning(http: httpx.Client) -> None:
    assert "reasoning_content" not in chat(http, SYSTEM, HELLO, enable_thinking=False)["choices"][0]


def test_max_tokens_cuts_the_answer_but_never_below_3000_with_thinking(http: httpx.Client) -> None:
    cut = chat(http, SYSTEM, HELLO, enable_thinking=False, max_tokens=2)["choices"][0]
    assert (cut["message"]["content"], cut["finish_reason"]) == ("You said:", "length")
    assert chat(http, SYSTEM, HELLO, max_tokens=2)["choices"][0]["finish_reason"] == "stop"


def test_the_same_question_has_the_same_answer(http: httpx.Client) -> None:
    first, second = (chat(http, SYSTEM, HELLO)["choices"] for _ in range(2))
    assert first == second


WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 3}},
    "required": ["city", "days"],
}


def test_a_tool_is_called_and_its_result_answered(http: httpx.Client) -> None:
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]
    choice = chat(http, SYSTEM, HELLO, tools=tools)["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "text", "days": 3}
    result = {"role": "tool", "tool_call_id": call["id"], "content": "Sunny."}
    final = chat(http, SYSTEM, HELLO, choice["message"], result, tools=tools)["choices"][0]
    assert final["message"]["content"] == "The tool answered: Sunny."


def test_the_tool_that_is_named_is_called(http: httpx.Client) -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("one", "two")]
    message = chat(http, SYSTEM, {"role": "user", "content": "call two"}, tools=tools)["choices"][0]["message"]
    assert message["tool_calls"][0]["function"] == {"name": "two", "arguments": "{}"}


SCHEMAS: list[dict[str, Any]] = [
    {},
    {"type": "object"},
    {"type": ["string", "null"]},
    {"type": "boolean"},
    {"type": "null"},
    {"const": 5},
    {"enum": ["a", "b"]},
    {"type": "string", "default": "d"},
    {"type": "string", "examples": ["e"]},
    {"type": "string", "minLength": 10},
    {"type": "string", "maxLength": 2},
    {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
    {"type": "string", "format": "date"},
    {"type": "integer", "minimum": 7},
    {"type": "integer", "exclusiveMinimum": 7, "multipleOf": 5},
    {"type": "integer", "maximum": -7},
    {"type": "integer", "exclusiveMaximum": -7},
    {"type": "number", "minimum": 0.2, "maximum": 0.9},
    {"type": "array", "items": {"type": "integer"}, "minItems": 2},
    {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "string"}]},
    {"oneOf": [{"type": "null"}, {"type": "string"}]},
    {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"required": ["a"]}], "type": "object"},
    {"type": "number", "minimum": 0.1, "maximum": 0.3},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.4},
    {"type": "number", "minimum": 5},
    {"type": "number", "maximum": -5},
    {"type": "number", "multipleOf": 0.5, "minimum": 0.3},
    {"type": "integer", "minimum": 3, "maximum": 3},
    {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2},
    {"type": "array", "items": True, "minItems": 1},
    {"type": "object", "properties": {"a": True}, "required": ["a"]},
    {"type": "string", "default": None},
    {"type": "string", "minLength": 20.0},
    {"type": "integer", "allOf": [{"minimum": 7}, {"minimum": 3}, {"maximum": 9}, {"maximum": 20}]},
    {"anyOf": [False, {"type": "integer"}]},
    {"type": "integer", "multipleOf": 5, "maximum": -7},
    {"type": "integer", "multipleOf": 7, "exclusiveMinimum": 7},
    {
        "type": "object",
        "allOf": [
            {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"b": {"type": "null"}}, "required": ["b"]},
        ],
    },
    {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer", "minimum": 2}}},
    {
        "properties": {"deep": {"properties": {"deeper": {"type": "boolean"}}, "required": ["deeper"]}},
        "required": ["deep"],
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_a_sample_satisfies_its_schema_and_is_always_the_same(schema: dict[str, Any]) -> None:
    assert sample(schema) == sample(schema)  # sample() itself validates what it made


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"not": {}},
        {"$ref": "#/$defs/none"},
        {"$ref": "#"},
        {"type": "no such type"},
        {"enum": "abc", "type": 5},
        {"type": "array"},
        {"type": []},
        {"allOf": [5]},
        {"allOf": "x"},
        {"properties": ["a"]},
        {"required": ["a"], "properties": {"a": {"pattern": "("}}},
        {"required": ["a"], "properties": {"a": {"type": "integer", "multipleOf": 0}}},
        {"required": ["a"], "properties": {"a": False}},
        {"not": {"$ref": "#/$defs/none"}},
        {"$dynamicRef": "#x"},
    ],
    ids=str,
)
def test_a_tool_whose_schema_cannot_be_satisfied_is_refused(http: httpx.Client, schema: dict[str, Any]) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    response = http.post("/chat/completions", json={"messages": [SYSTEM, HELLO], "tools": tools})
    assert response.status_code == 400
    assert "arguments" in response.json()["error"]["message"]


@pytest.mark.parametrize("parameters", [{}, {"additionalProperties": False}, {"required": ["a"]}])
def test_a_functions_arguments_are_always_an_object(http: httpx.Client, parameters: dict[str, Any]) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
    message = chat(http, SYSTEM, HELLO, tools=tools)["choices"][0]["message"]
    assert isinstance(json.loads(message["tool_calls"][0]["function"]["arguments"]), dict)


def test_a_tools_schema_makes_the_server_fetch_nothing(http: httpx.Client, server: LocalServer) -> None:
    parameters = {"not": {"$ref": f"{server.base_url}/fetched"}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
    response = http.post("/chat/completions", json={"messages": [SYSTEM, HELLO], "tools": tools})
    assert response.status_code == 400
    assert [each.path for each in server.requests] == ["/chat/completions"]


def test_think_tags_and_blanks_are_taken_out(http: httpx.Client) -> None:
    said = {"role": "user", "content": "  <think>hm\nhm</think> Hello! "}
    assert chat(http, SYSTEM, said)["choices"][0]["message"]["content"] == "You said: Hello!"


def test_a_thread_remembers(http: httpx.Client, server: LocalServer) -> None:
    thread = http.post("/threads", json={}).json()
    assert set(thread) == {"id", "object", "created_at"}
    path = f"/threads/{thread['id']}"
    for text in ("My name is Ada.", "What is my name?"):
        http.post(f"{path}/messages", json={"role": "user", "content": text})
        finished(http, path, http.post(f"{path}/runs", json={"assistant_id": server.assistant_id}).json())
    listed = http.get(f"{path}/messages").json()
    said = [message["content"][0]["text"]["value"] for message in listed["data"]]
    assert said[0] == "You said: What is my name? (Before that: My name is Ada.)"
    assert said[::-1][:3] == ["My name is Ada.", "You said: My name is Ada.", "What is my name?"]
    assert (listed["first_id"], listed["has_more"]) == (listed["data"][0]["id"], False)
    assert http.get("/threads").json()["data"] == [thread]
    assert http.get(f"/assistants/{server.assistant_id}/threads").json()["data"] == [thread]
    assert http.delete(path).status_code == 204
    assert http.get(path).status_code == 404


def finished(http: httpx.Client, path: str, run: dict[str, Any]) -> dict[str, Any]:
    seen = [run["status"]]
    end = time.monotonic() + 10
    while run["status"] in ("queued", "in_progress") and time.monotonic() < end:
        time.sleep(0.01)
        run = http.get(f"{path}/runs/{run['id']}").json()
        seen += [run["status"]] if run["status"] != seen[-1] else []
    assert seen[:2] == ["queued", "in_progress"]
    return run


@pytest.mark.parametrize(("said", "status"), [("/fail", "failed"), ("/cancel", "cancelled"), ("/expire", "expired")])
def test_a_run_fails_on_demand(http: httpx.Client, server: LocalServer, said: str, status: str) -> None:
    path = f"/threads/{http.post('/threads', json={}).json()['id']}"
    http.post(f"{path}/messages", json={"role": "user", "content": f"{said} please"})
    run = finished(http, path, http.post(f"{path}/runs", json={"assistant_id": server.assistant_id}).json())
    assert run["status"] == status
    assert "message" not in run
    assert len(http.get(f"{path}/messages").json()["data"]) == 1


def test_a_run_on_an_empty_thread_completes(http: httpx.Client, server: LocalServer) -> None:
    path = f"/threads/{http.post('/threads', json={}).json()['id']}"
    request = {"assistant_id": server.assistant_id, "enable_thinking": False}
    run = finished(http, path, http.post(f"{path}/runs", json=request).json())
    assert run["status"] == "completed"
    assert "reasoning_content" not in run["message"]


@pytest.mark.parametrize(
    ("said", "kind", "found"),
    [
        ("/search cats and dogs", "sources", {"tool_name": "WebSearch", "title": "cats and dogs"}),
        ("/draw a cat in a hat", "media", {"source": "DrawImage", "type": "image", "prompt": "a cat in a hat"}),
        ("/code print(1)", "code", {"language": "python", "code": "print(1)"}),
    ],
)
def test_a_run_brings_an_attachment_on_demand(
    http: httpx.Client, server: LocalServer, said: str, kind: str, found: dict[str, str]
) -> None:
    message = answer_to(http, server.assistant_id, said)
    (attachment,) = message[kind]
    assert found.items() <= attachment.items()
    assert {"sources", "media", "code"} & message.keys() == {kind}


def test_only_an_assistant_without_tools_of_its_own_brings_attachments(http: httpx.Client) -> None:
    made = http.post("/assistants", json={"name": "A", "instructions": "I", "tools_config": "{}"}).json()
    message = answer_to(http, made["id"], "/search cats")
    assert {"sources", "media", "code"} & message.keys() == set()


def answer_to(http: httpx.Client, assistant_id: str, said: str) -> Any:
    """Return the message that a run on a new thread, in which something is said, ends with."""
    path = f"/threads/{http.post('/threads', json={}).json()['id']}"
    http.post(f"{path}/messages", json={"role": "user", "content": said})
    run = http.post(f"{path}/runs", json={"assistant_id": assistant_id}).json()
    return finished(http, path, run)["message"]


def post(http: httpx.Client, path: str, **body: object) -> Any:
    response = http.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_picture_shows_what_its_name_says(http: httpx.Client) -> None:
    url = "https://x.test/a%20cat_in-a-hat.png?size=2"
    seen = post(http, "/vision/analyze", image_url=url)
    assert seen["result"] == "An image of a cat in a hat."
    assert seen["usage"] == {"prompt_tokens": 5, "completion_tokens": 8, "total_tokens": 13}
    assert post(http, "/vision/tags", image_url=url)["result"] == "a, cat, in, a, hat"
    assert post(http, "/vision/ocr", image_url=url)["result"] == "a cat in a hat"
    asked = post(http, "/vision/video", video_url="https://x.test/cat.mp4", user_prompt="Why?")
    assert asked["result"] == "You asked about a video of cat: Why?"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("How are you?", ("SAFE", 1.0)),
        ("", ("SAFE", 1.0)),
        ("kill", ("VIOLENT", 1.0)),
        ("You cheat at the game of cards, my old friend", ("UNETHICAL", 0.55)),
        ("kill the underage one", ("UNDERAGE_SEXUAL", 0.62)),
    ],
)
def test_a_text_is_judged_by_its_gravest_words(http: httpx.Client, text: str, verdict: tuple[str, float]) -> None:
    found = post(http, "/moderations", prompt=text)
    assert (found["category"], found["score"]) == verdict


def test_a_picture_is_judged_by_its_name(http: httpx.Client) -> None:
    found = post(http, "/moderations/media", media_url="https://x.test/nude.png", is_video=False)
    assert found["category"] == "SEXUAL_ADULT"


def embedded(http: httpx.Client, *texts: str) -> list[list[float]]:
    data = post(http, "/embeddings", input=texts)["data"]
    assert [each["index"] for each in data] == list(range(len(texts)))
    return [each["embedding"] for each in data]


def test_vectors_have_length_one_and_lie_close_where_words_are_shared(http: httpx.Client) -> None:
    cat, same, near, far, none = embedded(http, "A cat purrs.", "a CAT, purrs!", "The cat purrs", "Go by train", "")
    assert {len(each) for each in (cat, near, far, none)} == {1024}
    assert all(likeness(each, each) == pytest.approx(1) for each in (cat, near, far, none))
    assert cat == same
    assert likeness(cat, near) > 0.5
    assert likeness(cat, far) < 0.2
    assert post(http, "/embeddings", input="A cat purrs.")["data"][0]["embedding"] == cat
    assert post(http, "/embeddings", input="A cat purrs.")["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


def test_documents_are_sorted_by_their_likeness_to_the_query(http: httpx.Client) -> None:
    documents = ["Dogs bark.", "Cats purr.", "A cat that purrs sleeps."]
    ranked = post(http, "/rerank", query="Which cat purrs?", documents=documents)
    assert ranked["results"][0]["document"] == documents[2]
    assert sorted(each["index"] for each in ranked["results"]) == [0, 1, 2]
    scores = [each["relevance_score"] for each in ranked["results"]]
    assert scores == sorted(scores, reverse=True)
    assert len(post(http, "/rerank", query="cat", documents=documents, top_k=2)["results"]) == 2
    assert ranked["usage"] == {"total_tokens": 12}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rerank", {"query": "q", "documents": None}),
        ("/rerank", {"query": "q", "documents": []}),
        ("/rerank", {"query": "q", "documents": ["a"], "top_k": 0}),
        ("/embeddings", {"input": []}),
        ("/embeddings", {"input": 5}),
        ("/moderations", {"input": "OpenAI's name for it"}),
        ("/vision/analyze", {}),
    ],
)
def test_a_bad_request_of_these_is_400(http: httpx.Client, path: str, body: object) -> None:
    response = http.post(path, json=body)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


def test_messages_in_bulk_and_by_limit(http: httpx.Client) -> None:
    path = f"/threads/{http.post('/threads', json={}).json()['id']}/messages"
    added = http.post(f"{path}/bulk", json={"messages": [HELLO, HELLO, HELLO]}).json()
    assert len(added["data"]) == 3
    listed = http.get(path, params={"limit": 2}).json()
    assert [each["id"] for each in listed["data"]] == [each["id"] for each in added["data"]][:0:-1]
    assert listed["has_more"] is True


def test_assistants_come_and_go(http: httpx.Client, server: LocalServer) -> None:
    made = http.post("/assistants", json={"name": "A", "instructions": "I", "tools_config": "{}"}).json()
    path = f"/assistants/{made['id']}"
    assert made["tools_config"] == "{}"
    changed = http.put(path, json={"name": "B", "instructions": "J"}).json()
    del made["tools_config"]
    assert changed == {**made, "name": "B", "instructions": "J"}
    assert http.get(path).json() == changed
    assert [each["id"] for each in http.get("/assistants").json()["data"]] == [server.assistant_id, made["id"]]
    assert http.get(f"{path}/threads", params={"limit": 1}).json()["data"] == []
    assert http.delete(path).status_code == 204
    assert http.get(path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/threads/none", None),
        ("DELETE", "/threads/none", None),
        ("GET", "/threads/none/messages", None),
        ("POST", "/threads/none/messages", HELLO),
        ("POST", "/threads/none/messages/bulk", {"messages": [HELLO]}),
        ("POST", "/threads/none/runs", {"assistant_id": "asst_1"}),
        ("GET", "/assistants/none", None),
        ("PUT", "/assistants/none", {"name": "A", "instructions": "I"}),
        ("DELETE", "/assistants/none", None),
        ("GET", "/assistants/none/threads", None),
        ("POST", "/chat/completions", {"messages": [HELLO], "assistant_id": "none"}),
        ("GET", "/no/such/path", None),
    ],
)
def test_what_does_not_exist_is_404_in_openais_form(http: httpx.Client, method: str, path: str, body: object) -> None:
    response = http.request(method, path, json=body)
    assert response.status_code == 404
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert response.headers["x-request-id"]


def test_an_unknown_run_and_a_runs_unknown_assistant_are_404(http: httpx.Client) -> None:
    path = f"/threads/{http.post('/threads', json={}).json()['id']}/runs"
    assert http.get(f"{path}/none").status_code == 404
    assert http.post(path, json={"assistant_id": "none"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/chat/completions", {"messages": None}, "messages"),
        ("/chat/completions", {"messages": []}, "messages"),
        ("/chat/completions", {}, "messages"),
        ("/chat/completions", {"messages": [HELLO]}, "system message"),
        ("/chat/completions", {"messages": [SYSTEM, {"role": "robot", "content": "x"}]}, "role"),
        ("/chat/completions", {"messages": [SYSTEM], "temperature": 3}, "temperature"),
        ("/chat/completions", {"messages": [SYSTEM], "max_tokens": 0}, "max_tokens"),
        ("/chat/completions", {"messages": [SYSTEM], "tools": [{"type": "function"}]}, "function"),
        ("/assistants", {"name": "A"}, "instructions"),
        ("/assistants", [], ""),
        ("/assistants", {"name": 5, "instructions": "I"}, "name"),
    ],
)
def test_a_request_against_the_contract_is_400_and_says_why(
    http: httpx.Client, path: str, body: object, named: str
) -> None:
    response = http.post(path, json=body)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert named in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"null", b"[" * 200_000], ids=lambda content: repr(content)[:9]
)
def test_a_body_that_is_no_json_object_is_400(http: httpx.Client, content: bytes) -> None:
    response = http.post("/assistants", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 400


def test_half_a_surrogate_pair_comes_back_as_it_was_sent(http: httpx.Client) -> None:
    content = rb'{"name": "A", "instructions": "\ud800"}'
    response = http.post("/assistants", content=content, headers={"Content-Type": "application/json"})
    assert response.json()["instructions"] == "\ud800"


def test_a_bad_limit_is_400(http: httpx.Client) -> None:
    path = f"/threads/{http.post('/threads', json={}).json()['id']}/messages"
    assert [http.get(path, params={"limit": limit}).status_code for limit in ("0", "x", "-1", "5")] == [
        400,
        400,
        400,
        200,
    ]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sk-local"}, {"Authorization": b"\xff"}]
)
def test_a_wrong_key_is_401(server: LocalServer, headers: Any) -> None:
    response = httpx.get(f"{server.base_url}/threads", headers=headers)
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"


def test_the_same_idempotency_key_and_body_is_done_once(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": "one"}
    first, second = (http.post("/threads", json={}, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert len(http.get("/threads").json()["data"]) == 1
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_the_same_idempotency_key_with_another_body_is_409(http: httpx.Client) -> None:
    headers = {"Idempotency-Key": "one"}
    http.post("/assistants", json={"name": "A", "instructions": "I"}, headers=headers)
    response = http.post("/assistants", json={"name": "B", "instructions": "I"}, headers=headers)
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "idempotency_key_reused"


def test_a_refused_request_does_not_use_up_its_key(http: httpx.Client, server: LocalServer) -> None:
    headers = {"Idempotency-Key": "one"}
    server.fail(status=500)
    assert http.post("/threads", json={}, headers=headers).status_code == 500
    assert http.post("/threads", json={}, headers=headers).status_code == 200


def test_a_fault_is_met_by_the_path_it_names_and_as_often_as_asked(http: httpx.Client, server: LocalServer) -> None:
    server.fail("/threads/*", status=429, times=2, retry_after=7)
    assert http.get("/assistants").status_code == 200
    responses = [http.get("/threads/none") for _ in range(3)]
    assert [response.status_code for response in responses] == [429, 429, 404]
    assert responses[0].headers["retry-after"] == "7"
    assert responses[0].json()["error"]["type"] == "rate_limit_error"
    server.fail(times=None)
    assert {http.get("/threads").status_code for _ in range(5)} == {500}
    server.reset()
    assert http.get("/threads").status_code == 200


def test_a_delay_comes_before_the_answer(http: httpx.Client, server: LocalServer) -> None:
    server.delay(0.2)
    started = time.monotonic()
    assert http.get("/threads").status_code == 200
    assert time.monotonic() - started >= 0.2


def test_a_cut_answer_breaks_off_and_a_dripping_one_is_whole(http: httpx.Client, server: LocalServer) -> None:
    server.cut()
    server.drip(0.001)
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/threads")
    assert http.get("/threads").json() == {"object": "list", "data": [], "has_more": False}


def test_an_answer_without_a_body_can_be_cut_and_dripped(http: httpx.Client, server: LocalServer) -> None:
    threads = [http.post("/threads", json={}).json()["id"] for _ in range(2)]
    server.cut()
    server.drip(0.001)
    with pytest.raises(httpx.RemoteProtocolError):
        http.delete(f"/threads/{threads[0]}")
    assert http.delete(f"/threads/{threads[1]}").status_code == 204
    assert http.get("/threads").json()["data"] == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda server: server.fail(status=99),
        lambda server: server.fail(times=-1),
        lambda server: server.delay(-1),
        lambda server: server.drip("1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(server: LocalServer, ask: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        ask(server)


def test_a_fractional_max_tokens_that_is_whole_is_taken(http: httpx.Client) -> None:
    choice = chat(http, SYSTEM, HELLO, enable_thinking=False, max_tokens=2.0)["choices"][0]
    assert choice["finish_reason"] == "length"


def test_a_server_can_be_started_again_with_what_it_has_stored() -> None:
    server = LocalServer()
    server.stop()
    for _ in range(2):
        with server:
            response = httpx.post(f"{server.base_url}/threads", json={}, headers={"Authorization": "Bearer sk-local"})
            assert response.status_code == 200
    assert len(server.requests) == 2


def with_optional_nulls(document: Any) -> Any:
    """Return the contract as the server reads requests: an optional property may be null."""
    document = json.loads(json.dumps(document))
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Request") or name in ("Message", "Tool", "FunctionDefinition"):
            for key, value in schema.get("properties", {}).items():
                if key not in schema.get("required", ()):
                    schema["properties"][key] = {"anyOf": [value, {"type": "null"}]}
    return document


def with_streams(document: Any) -> Any:
    """Return the contract with the media type of a stream, which the generator does not know; the body is any."""
    chat = document["paths"]["/chat/completions"]["post"]
    chat["responses"]["2XX"]["content"]["text/event-stream"] = {}
    return document


def test_schemathesis_finds_nothing_that_the_contract_does_not_allow(server: LocalServer, tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(with_streams(with_optional_nulls(contract()))), encoding="utf-8")
    command = [Path(sys.executable).with_name("schemathesis"), "run", document]
    command += ["--url", server.base_url, "--header", f"Authorization: Bearer {server.api_key}"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "1", "--no-color"]
    command += ["--exclude-checks", "positive_data_acceptance"]  # a chat's first message obeys a rule of its own
    done = subprocess.run([*map(str, command)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"Tested: {len(list(operations()))}" in done.stdout


def test_what_arrived_is_recorded(http: httpx.Client, server: LocalServer) -> None:
    http.post("/assistants", content=b"{", headers={"X-Trace": "1"})
    (received,) = server.requests
    assert (received.method, received.path, received.body) == ("POST", "/assistants", b"{")
    assert received.headers["x-trace"] == "1"
    assert "sk-local" not in repr(received)


def test_a_server_can_be_made_with_a_key_and_a_run_time_of_ones_own() -> None:
    with LocalServer(api_key="sk-mine", run_seconds=0) as server:
        response = httpx.get(f"{server.base_url}/assistants", headers={"Authorization": "Bearer sk-mine"})
        assert response.status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.base_url}/assistants")


def test_a_server_also_listens_on_ipv6() -> None:
    with LocalServer(host="::1") as server:
        assert server.base_url.startswith("http://[::1]:")
        assert httpx.get(f"{server.base_url}/assistants").status_code == 401
