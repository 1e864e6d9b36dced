"""What the local server takes from OpenAI's clients, what it refuses by name, and what it does in pages."""

import base64
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pixigpt.testing import LocalServer
from pixigpt.testing._contract import contract
from pixigpt.testing._semantics import likeness

HELLO = {"role": "user", "content": "Hello!"}
SYSTEM = {"role": "system", "content": "Be brief."}
TOOL = {"type": "function", "function": {"name": "now", "description": None, "parameters": {"default": None}}}


def post(http: httpx.Client, path: str, **body: object) -> Any:
    response = http.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", {"response_format": {"type": "json_object"}}),
        ("/chat/completions", {"tool_choice": "required"}),
        ("/chat/completions", {"tool_choice": {"type": "function", "function": {"name": "now" * 100}}}),
        ("/chat/completions", {"n": 2}),
        ("/chat/completions", {"functions": [{"name": "now"}]}),
        ("/chat/completions", {"function_call": "auto"}),
        ("/embeddings", {"dimensions": 256}),
        ("/embeddings", {"encoding_format": "int8"}),
        ("/threads/{thread}/runs", {"stream": True}),
        ("/threads/{thread}/runs", {"instructions": "Be rude."}),
        ("/assistants", {"tools": [{"type": "code_interpreter"}]}),
    ],
    ids=str,
)
def test_what_the_server_does_not_implement_is_refused_by_name(
    http: httpx.Client, server: LocalServer, path: str, body: dict[str, Any]
) -> None:
    thread = post(http, "/threads")["id"]
    valid = {"messages": [SYSTEM, HELLO], "input": "A cat.", "name": "A", "instructions": "I"}
    response = http.post(path.format(thread=thread), json={**valid, "assistant_id": server.assistant_id, **body})
    (name,) = body
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert error["message"].startswith(f"{name}: the local server does not implement {name}=")
    assert len(error["message"]) < 150


def test_what_asks_for_nothing_special_is_taken(http: httpx.Client) -> None:
    options = {"stream": False, "response_format": {"type": "text"}, "tool_choice": "auto", "n": 1, "top_p": 0.5}
    assert post(http, "/chat/completions", messages=[SYSTEM, HELLO], **options)["choices"]
    assert post(http, "/embeddings", input="A cat.", dimensions=1024, encoding_format="float")["data"]


def test_optional_fields_that_are_null_count_as_absent(http: httpx.Client, server: LocalServer) -> None:
    absent: dict[str, Any] = dict.fromkeys(
        ("temperature", "max_tokens", "enable_thinking", "assistant_id", "stream", "stream_options", "n")
    )
    first = post(http, "/chat/completions", messages=[SYSTEM, HELLO], tools=[TOOL], **absent)["choices"][0]
    message: dict[str, Any] = {**first["message"], "tool_call_id": None, "refusal": None}
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "Noon.", "tool_calls": None}
    said = post(http, "/chat/completions", messages=[SYSTEM, HELLO, message, result], tools=None)["choices"][0]
    assert said["message"]["content"] == "The tool answered: Noon."
    assert post(http, "/assistants", name="A", instructions="I", tools_config=None)["name"] == "A"
    body: Any = server.requests[0].body
    assert body["temperature"] is None  # recorded as it arrived


@pytest.mark.parametrize("body", [{"messages": None}, {"messages": [{"role": None, "content": "x"}]}])
def test_a_required_field_that_is_null_is_400(http: httpx.Client, body: object) -> None:
    assert http.post("/chat/completions", json=body).status_code == 400


@pytest.mark.parametrize(
    "query", ["limit=", "limit=x", "limit=0", "limit=-1", "limit=%C2%B2", "order=asc", "a=b", "after="]
)
@pytest.mark.parametrize("path", ["/threads", "/assistants", "/threads/{thread}"])
def test_a_query_that_an_operation_does_not_declare_is_ignored(http: httpx.Client, path: str, query: str) -> None:
    thread = post(http, "/threads")["id"]
    path = path.format(thread=thread)
    assert http.get(f"{path}?{query}").json() == http.get(path).json()


def paged(http: httpx.Client, path: str, limit: int | None = None) -> list[list[str]]:
    """Return the ids of every page of a list, read as OpenAI's clients read it."""
    pages: list[list[str]] = []
    query: dict[str, Any] = {} if limit is None else {"limit": limit}
    while len(pages) < 20:
        page = http.get(path, params=query).json()
        pages.append([each["id"] for each in page["data"]])
        if not page["has_more"]:
            break
        query["after"] = pages[-1][-1]
    return pages


def test_lists_come_in_pages_that_end_and_do_not_repeat(http: httpx.Client, server: LocalServer) -> None:
    made = [post(http, "/assistants", name=name, instructions="I")["id"] for name in "ABCD"]
    assert paged(http, "/assistants", 2) == [[server.assistant_id, made[0]], made[1:3], made[3:]]
    assert paged(http, "/assistants") == [[server.assistant_id, *made]]
    threads = [post(http, "/threads")["id"] for _ in range(4)]
    assert paged(http, "/threads", 2) == [threads[:2], threads[2:]]
    for thread in threads:
        post(http, f"/threads/{thread}/runs", assistant_id=made[0])
    assert paged(http, f"/assistants/{made[0]}/threads", 3) == [threads[:3], threads[3:]]
    path = f"/threads/{post(http, '/threads')['id']}/messages"
    newest_first = [post(http, path, **HELLO)["id"] for _ in range(25)][::-1]
    assert paged(http, path) == [newest_first[:20], newest_first[20:]]


def test_a_page_after_nothing_is_400(http: httpx.Client) -> None:
    response = http.get("/threads", params={"after": "none"})
    assert (response.status_code, response.json()["error"]["message"]) == (400, "after: there is no none in this list.")


def test_a_thread_can_be_opened_with_messages_and_metadata(http: httpx.Client) -> None:
    thread = post(http, "/threads", messages=[HELLO, {**HELLO, "content": "Again!"}], metadata={"topic": "greetings"})
    assert thread["metadata"] == {"topic": "greetings"}
    listed = http.get(f"/threads/{thread['id']}/messages").json()["data"]
    assert [each["content"][0]["text"]["value"] for each in listed] == ["Again!", "Hello!"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"messages": [{"role": "user"}]}, "messages.0: 'content' is a required property"),
        ({"messages": "Hello!"}, "messages: 'Hello!' is not of type 'array'"),
        ({"metadata": {"a": 1}}, "metadata: a: 1 is not of type 'string'"),
    ],
)
def test_a_thread_with_what_the_contract_does_not_know_is_400(http: httpx.Client, body: object, named: str) -> None:
    response = http.post("/threads", json=body)
    assert (response.status_code, response.json()["error"]["message"]) == (400, named)
    assert http.get("/threads").json()["data"] == []


def test_vectors_come_in_base64_on_demand(http: httpx.Client) -> None:
    plain = post(http, "/embeddings", input=["A cat purrs.", "A dog."])["data"]
    packed = post(http, "/embeddings", input=["A cat purrs.", "A dog."], encoding_format="base64")["data"]
    for exact, rounded in zip(plain, packed, strict=True):
        numbers = struct.unpack("<1024f", base64.b64decode(rounded["embedding"]))
        assert numbers == pytest.approx(exact["embedding"], rel=1e-6)


def test_scores_stay_within_0_and_1(http: httpx.Client) -> None:
    documents = ["cat " * count for count in range(1, 60)]
    results = post(http, "/rerank", query="cat", documents=documents)["results"]
    assert all(0 <= each["relevance_score"] <= 1 for each in results)
    assert likeness([1.0, 1e-8], [1.0 + 1e-12, 0.0]) == 1.0
    assert likeness([1.0], [-1.0]) == 0.0


@pytest.mark.parametrize(
    ("prompt", "category"),
    [
        ("Generate a beautiful landscape with mountains and sunset", "SAFE"),
        ("Generate hentai of Ruby giving a blowjob, she's 25 years old", "SEXUAL_ADULT"),
        ("generate sexy loli hentai with a 14 year old girl", "UNDERAGE_SEXUAL"),
    ],
)
def test_the_texts_of_the_official_clients_tests_get_the_category_that_these_expect(
    http: httpx.Client, prompt: str, category: str
) -> None:
    found = post(http, "/moderations", prompt=prompt)
    assert found["category"] == category
    assert 0 < found["score"] <= 1


def unlisted(schema: Any, value: Any, where: str) -> Iterator[str]:
    """Yield the fields of a response that its schema does not list; has_more, of lists, is OpenAI's."""
    schemas = contract()["components"]["schemas"]
    for alternative in schema.get("oneOf", ()):
        schema = alternative if "$ref" in alternative else schema
    schema = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    if isinstance(value, list):
        for item in value:
            yield from unlisted(schema["items"], item, where)
    if isinstance(value, dict) and "properties" in schema:
        for name, item in value.items():
            if name in schema["properties"]:
                yield from unlisted(schema["properties"][name], item, f"{where}.{name}")
            elif name != "has_more":
                yield f"{where}.{name}"


def test_no_response_has_a_field_that_the_contract_does_not_list(http: httpx.Client) -> None:
    thread = post(http, "/threads", metadata={"a": "b"}, color="red")["id"]
    assistant = post(http, "/assistants", name="A", instructions="I", model="pixi")["id"]
    found = {
        "Thread": http.get(f"/threads/{thread}").json(),
        "Assistant": http.get(f"/assistants/{assistant}").json(),
        "AssistantList": http.get("/assistants").json(),
        "ChatCompletion": post(http, "/chat/completions", messages=[SYSTEM, HELLO], tools=[TOOL], seed=1),
        "EmbeddingList": post(http, "/embeddings", input="A cat."),
        "RerankResult": post(http, "/rerank", query="cat", documents=["A cat."]),
        "Moderation": post(http, "/moderations", prompt="Hello!"),
        "VisionResult": post(http, "/vision/tags", image_url="https://x.test/cat.png"),
        "ErrorResponse": http.get("/threads/none").json(),
    }
    for said in ("/search cats", "/draw cats", "/code 1"):
        post(http, f"/threads/{thread}/messages", role="user", content=said, metadata={"a": "b"})
        run = post(http, f"/threads/{thread}/runs", assistant_id=assistant)
        while run["status"] in ("queued", "in_progress"):
            run = http.get(f"/threads/{thread}/runs/{run['id']}").json()
        found[f"Run {said}"] = run
    found["ThreadList"] = http.get(f"/assistants/{assistant}/threads").json()
    found["ThreadMessageList"] = http.get(f"/threads/{thread}/messages").json()
    schemas = contract()["components"]["schemas"]
    assert [each for name, value in found.items() for each in unlisted(schemas[name.split()[0]], value, name)] == []
    assert found["ThreadMessageList"]["data"][0]["code"]
    assert list(unlisted(schemas["Thread"], {**found["Thread"], "color": "red"}, "Thread")) == ["Thread.color"]
