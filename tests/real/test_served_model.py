"""The local server over llama.cpp's: threads, runs and assistants, which that one does not have, by its model."""

from collections.abc import Iterator
from typing import Any

import pytest
from model_server import API_KEY
from tiny_model import CONTEXT, HELLO, NOW, THINK_FIRST, WIDTH

from pixigpt import BadRequestError, Client, RunFailedError, ServerError
from pixigpt.testing import LocalServer

pytest_plugins = ["model_fixtures"]

QUESTION = [{"role": "user", "content": THINK_FIRST}]


@pytest.fixture
def server(chat_address: str) -> Iterator[LocalServer]:
    with LocalServer(upstream=f"{chat_address}/v1", upstream_key=API_KEY) as made:
        yield made
        assert made.errors == []


@pytest.fixture
def client(server: LocalServer) -> Iterator[Client]:
    with Client(server.api_key, server.base_url, max_retries=0) as made:
        yield made


def test_a_chat_has_its_chain_of_thought_where_pixigpt_has_it(client: Client, server: LocalServer) -> None:
    answer = client.create_chat_completion(QUESTION, assistant_id=server.assistant_id)
    (choice,) = answer.choices
    assert (choice.message.content, choice.reasoning_content) == ("Noon it is.", "Clocks know.")
    assert (choice.finish_reason, answer.model) == ("stop", "tiny")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert set(answer) == {"id", "object", "created", "model", "choices", "usage"}
    hidden = client.create_chat_completion(QUESTION, assistant_id=server.assistant_id, enable_thinking=False)
    assert (hidden.choices[0].message.content, hidden.choices[0].reasoning_content) == ("Noon it is.", None)


def test_a_stream_comes_in_pieces_and_tells_its_usage(client: Client, server: LocalServer) -> None:
    with client.stream_chat_completion(QUESTION, assistant_id=server.assistant_id) as stream:
        assert "".join(stream.text()) == "Noon it is."
        whole = stream.completion()
    assert whole.choices[0].reasoning_content == "Clocks know."
    assert (whole.choices[0].finish_reason, whole.usage.total_tokens > 0) == ("stop", True)


def test_an_option_that_the_api_does_not_know_reaches_the_model(client: Client, server: LocalServer) -> None:
    asking = client.with_options(extra_body={"grammar": 'root ::= "Good " ("day" | "night")'})
    (choice,) = asking.create_chat_completion(HELLO, assistant_id=server.assistant_id).choices
    assert choice.message.content in {"Good day", "Good night"}


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_tool_call_goes_there_and_back(client: Client, server: LocalServer, is_streamed: bool) -> None:
    given: dict[str, Any] = {"assistant_id": server.assistant_id, "max_tokens": 50}
    if is_streamed:
        with client.stream_chat_completion(HELLO, tools=[NOW], **given) as stream:
            message = stream.completion().choices[0].message
    else:
        message = client.create_chat_completion(HELLO, tools=[NOW], **given).choices[0].message
    assert message.tool_calls
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("now", "{}")
    result = {"role": "tool", "tool_call_id": call.id, "content": "12:00"}
    answer = client.create_chat_completion([*HELLO, message, result], tools=[NOW], assistant_id=server.assistant_id)
    assert answer.choices[0].message.content == "It is noon."


def test_a_thread_of_three_turns_is_answered_by_runs(client: Client, server: LocalServer) -> None:
    thread = client.create_thread().id
    for _ in range(3):
        client.create_message(thread, "user", THINK_FIRST)
        run = client.wait_for_run(thread, client.create_run(thread, server.assistant_id).id)
        assert run.message is not None
        assert (run.message.content[0].text.value, run.message.reasoning_content) == ("Noon it is.", "Clocks know.")
        assert run.model == "tiny"
    texts = [message.content[0].text.value for message in client.list_messages(thread)]
    assert texts == ["Noon it is.", THINK_FIRST] * 3


def test_a_conversation_that_is_too_long_for_the_model_tells_so(client: Client, server: LocalServer) -> None:
    long = "x" * CONTEXT
    with pytest.raises(BadRequestError, match="exceeds the available context size") as caught:
        client.create_chat_completion([{"role": "user", "content": long}], assistant_id=server.assistant_id)
    assert caught.value.type == "exceed_context_size_error"
    with (
        pytest.raises(BadRequestError, match="exceeds the available context size"),
        client.stream_chat_completion([{"role": "user", "content": long}], assistant_id=server.assistant_id),
    ):
        pass
    thread = client.create_thread().id
    client.create_message(thread, "user", long)
    with pytest.raises(RunFailedError) as failed:
        client.wait_for_run(thread, client.create_run(thread, server.assistant_id).id)
    assert failed.value.run is not None
    assert failed.value.run.message is not None
    assert "exceeds the available context size" in failed.value.run.message.content[0].text.value


def test_embeddings_are_the_models(embedding_address: str) -> None:
    with (
        LocalServer(upstream=f"{embedding_address}/v1", upstream_key=API_KEY) as server,
        Client(server.api_key, server.base_url) as client,
    ):
        found = client.create_embedding(["A cat purrs.", "A dog barks."])
    assert [len(each.embedding) for each in found.data] == [WIDTH, WIDTH]
    assert set(found.usage) == {"prompt_tokens", "total_tokens"}


def test_a_wrong_key_is_the_servers_failure_not_the_callers(chat_address: str) -> None:
    with (
        LocalServer(upstream=f"{chat_address}/v1", upstream_key="sk-wrong") as server,
        Client(server.api_key, server.base_url, max_retries=0) as client,
        pytest.raises(ServerError, match="The upstream refuses its key") as caught,
    ):
        client.create_chat_completion(HELLO, assistant_id=server.assistant_id)
    assert caught.value.status_code == 502
    assert "sk-wrong" not in str(caught.value)
