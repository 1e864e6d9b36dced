"""A result is an object, a read-only mapping by its names in JSON, and data for other libraries."""

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import anyio
import httpx
import pydantic
import pytest
from fastapi import FastAPI

from pixigpt import ChatCompletion, ChatCompletionChunk, Client, EmbeddingList, FunctionParameters, Message, Run, Tool
from pixigpt._response import UnexpectedShapeError, decoded
from pixigpt.testing import LocalServer

BODY: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "**Paris**"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    "top_p": 0.5,
}


@pytest.fixture
def result() -> ChatCompletion:
    return ChatCompletion.from_dict(copy.deepcopy(BODY))


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with LocalServer() as server, Client(server.api_key, server.base_url) as client:
        yield client


def test_a_result_is_a_mapping_by_its_names_in_json(result: ChatCompletion) -> None:
    assert isinstance(result, Mapping)
    assert result["choices"] is result.choices
    assert result["choices"][0]["message"]["content"] == "**Paris**"
    assert result["object"] == result.object_ == "chat.completion"
    assert list(result) == list(result.keys()) == list(BODY)
    assert len(result) == len(BODY)
    assert dict(result)["usage"] is result.usage
    assert dict(result.items()) == dict(zip(result.keys(), result.values(), strict=True))
    assert {**result}["id"] == "c"


def test_a_field_that_this_version_does_not_know_is_read_as_one_that_it_knows(result: ChatCompletion) -> None:
    assert result["top_p"] == result.get("top_p") == 0.5
    assert "top_p" in result
    assert result.to_dict() == BODY


def test_what_is_absent_is_not_in_the_mapping(result: ChatCompletion) -> None:
    choice = result.choices[0]
    assert choice.reasoning_content is None
    assert "reasoning_content" not in choice
    assert choice.get("reasoning_content", "none") == "none"
    for name in ("reasoning_content", "no_such_field", "finish_reason_"):
        with pytest.raises(KeyError, match=name):
            choice[name]


def test_a_required_null_is_in_the_mapping() -> None:
    message = Message.from_dict({"role": "assistant", "content": None})
    assert dict(message) == {"role": "assistant", "content": None}


def test_what_came_as_null_and_was_set_since_is_in_the_mapping_once() -> None:
    message = Message.from_dict({"role": "assistant", "content": None, "name": None})
    message.content = "Paris"
    assert list(message) == ["role", "content", "name"]
    assert len(message) == len(message.items()) == 3
    assert dict(message) == message.to_dict() == {"role": "assistant", "content": "Paris", "name": None}


def test_results_are_equal_where_they_are_of_one_class_and_hold_the_same(result: ChatCompletion) -> None:
    same = ChatCompletion.from_dict(result.to_dict())
    assert same == result
    assert result != result.to_dict()
    for name, value in (("model", "another"), ("extra", 1)):
        assert ChatCompletion.from_dict({**result.to_dict(), name: value}) != result
    assert not isinstance(result, Hashable)


def test_an_empty_object_is_true_as_any_object() -> None:
    empty = FunctionParameters.from_dict({})
    assert len(empty) == 0
    assert empty


def test_a_result_cannot_be_written_as_a_mapping(result: ChatCompletion) -> None:
    target: Any = result
    with pytest.raises(TypeError):
        target["id"] = "other"
    with pytest.raises(TypeError):
        del target["id"]


def test_a_result_goes_to_json_and_back(result: ChatCompletion) -> None:
    assert json.loads(result.to_json()) == json.loads(json.dumps(result.to_dict())) == BODY
    assert ChatCompletion.from_dict(json.loads(result.to_json())) == result
    assert ChatCompletion.from_dict(result) == result
    assert pickle.loads(pickle.dumps(result)) == copy.deepcopy(result) == result


def test_a_repr_leaves_out_what_is_empty_and_cuts_long_vectors(client: Client, result: ChatCompletion) -> None:
    assert "reasoning_content" not in repr(result)
    assert "Message(role='assistant', content='**Paris**')" in repr(result)
    assert "top_p=0.5" in repr(result)
    vectors = repr(client.create_embedding("Hello."))
    assert len(vectors) < 400
    assert "... 1,024 in all]" in vectors


def test_jupyter_shows_a_completion_as_markdown(result: ChatCompletion) -> None:
    assert result._repr_markdown_() == "**Paris**"
    assert result.choices[0].message._repr_markdown_() is None
    assert ChatCompletionChunk.from_dict({"choices": [{"index": 0}]})._repr_markdown_() is None


def test_help_lists_the_fields() -> None:
    documented = Run.__doc__ or ""
    assert all(f"    {name} (" in documented for name in ("id", "status", "message"))


def test_a_result_is_a_pydantic_field(result: ChatCompletion) -> None:
    class Turn(pydantic.BaseModel):
        answer: ChatCompletion
        earlier: list[ChatCompletion] = []

    turn = Turn(answer=result, earlier=[result])
    assert turn.answer is result
    assert turn.model_dump()["answer"] == BODY
    assert Turn.model_validate_json(turn.model_dump_json()) == turn
    assert Turn.model_json_schema()["properties"]["answer"]["title"] == "ChatCompletion"


@pytest.mark.parametrize("value", [5, "text", {"id": "c"}, {**BODY, "choices": None}, {**BODY, "usage": 5}])
def test_pydantic_refuses_what_is_no_result(value: object) -> None:
    with pytest.raises(pydantic.ValidationError, match="ChatCompletion"):
        pydantic.TypeAdapter(ChatCompletion).validate_python(value)


def test_fastapi_returns_a_result_as_it_is(result: ChatCompletion) -> None:
    app = FastAPI()

    @app.get("/chat")
    def chat() -> ChatCompletion:
        return result

    @app.get("/many")
    def many() -> dict[str, list[ChatCompletion]]:
        return {"answers": [result]}

    @app.get("/untyped", response_model=None)
    def untyped() -> object:
        return result

    async def get(path: str) -> Any:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as browser:
            return (await browser.get(path)).json()

    assert anyio.run(get, "/chat") == anyio.run(get, "/untyped") == BODY
    assert anyio.run(get, "/many") == {"answers": [BODY]}
    assert "/chat" in anyio.run(get, "/openapi.json")["paths"]
    assert all(map(callable, (chat, many, untyped)))


def test_a_tool_is_data_too(client: Client) -> None:
    tool = Tool.from_dict({"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}})
    assert tool["function"]["parameters"]["type"] == "object"
    assert isinstance(client.create_embedding("Hello."), EmbeddingList)


def test_pydantic_is_not_imported_by_the_sdk() -> None:
    code = "import sys, pixigpt; print('pydantic' in sys.modules, 'pydantic_core' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "False False\n"


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1}',
        b' {"a": 1}',
        b'{"a": 1}\r\n\t ',
        b'{"a": 1} x',
        b'{"a": 1}\x0c',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": "\u00e9"}'.encode("utf-16"),
        '{"a": "\u00e9"}'.encode("utf-16-be"),
        '{"a": "\u00e9"}'.encode("utf-32-le"),
        "1".encode("utf-16-le"),
        '{"a": "\ud800"}'.encode("utf-8", "surrogatepass"),
        b'{"a": "\xff"}',
        b"[" + b"9" * 5000 + b"]",
        b"",
    ],
)
def test_a_body_is_decoded_as_json_loads_does(content: bytes) -> None:
    try:
        wanted = json.loads(content)
    except ValueError:
        with pytest.raises(UnexpectedShapeError):
            decoded("the body", content)
    else:
        assert decoded("the body", content) == wanted
