"""A model server that is not ours, llama.cpp's: what it answers, we parse; what it refuses, we raise."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import attrs
import pytest
from model_server import API_KEY, SLOTS, serving
from support.clients import Connect
from support.tools import completion
from tiny_model import CONTEXT, HELLO, NOW, THINK_FIRST, WIDTH

from pixigpt import (
    APIError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ChatCompletion,
    Client,
    NotFoundError,
    ServerError,
    capture_responses,
)
from pixigpt._arguments import MessageLike
from pixigpt.tools._conversation import Conversation, Received
from pixigpt_api.api.pixigpt import create_chat_completion, list_threads
from pixigpt_api.models import CreateChatCompletionRequest, Message

pytest_plugins = ["model_fixtures"]


# ---- chat ----


def test_a_chat_completion_parses(chat: Client) -> None:
    answer = chat.create_chat_completion(HELLO, max_tokens=8)
    assert (answer.object_, answer.model) == ("chat.completion", "tiny")
    assert abs(answer.created - time.time()) < 60
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "length", "assistant")
    assert choice.message.content
    assert answer.usage.completion_tokens == 8
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 8


def test_fields_that_the_contract_does_not_know_stay_reachable(chat: Client) -> None:
    answer = chat.create_chat_completion(HELLO, max_tokens=8)
    assert answer["timings"]["predicted_n"] == 8
    assert answer["system_fingerprint"]
    assert answer.usage["prompt_tokens_details"]["cached_tokens"] >= 0


def test_optional_fields_that_it_leaves_out_read_as_none(chat: Client) -> None:
    (choice,) = chat.create_chat_completion(HELLO, max_tokens=8).choices
    assert choice.reasoning_content is None
    assert choice.message.tool_calls is None


def test_text_cut_in_the_middle_of_a_letter_is_still_text(chat: Client) -> None:
    """The model's noise is bytes, hardly ever UTF-8, and max_tokens cuts what is."""
    for length in (1, 2, 3, 50):
        assert isinstance(chat.create_chat_completion(HELLO, max_tokens=length).choices[0].message.content, str)


def test_a_message_that_came_back_can_be_sent_again(chat: Client) -> None:
    first = chat.create_chat_completion(HELLO, max_tokens=50)
    second = chat.create_chat_completion([*HELLO, first.choices[0].message, *HELLO], max_tokens=8)
    assert second.usage.prompt_tokens > first.usage.prompt_tokens + 50


def test_a_chain_of_thought_in_the_message_is_found_in_the_choice_too(chat: Client) -> None:
    """PixiGPT has it in the choice; llama.cpp, in the message."""
    (choice,) = chat.create_chat_completion([{"role": "user", "content": THINK_FIRST}]).choices
    assert (choice.message.content, choice.finish_reason) == ("Noon it is.", "stop")
    assert choice.reasoning_content is not None
    assert choice.reasoning_content.strip() == choice.message["reasoning_content"].strip() == "Clocks know."


def test_a_message_with_a_chain_of_thought_can_be_sent_again(chat: Client) -> None:
    question = {"role": "user", "content": THINK_FIRST}
    thought = chat.create_chat_completion([question]).choices[0].message
    assert chat.create_chat_completion([question, thought, question]).choices[0].message.content == "Noon it is."


def test_enable_thinking_is_not_llama_cpps_switch(chat: Client) -> None:
    """It takes the field and does not heed it; its own can be sent through `call`."""
    question = Message.from_dict({"role": "user", "content": THINK_FIRST})
    (choice,) = chat.create_chat_completion([question], enable_thinking=False, max_tokens=20).choices
    assert choice.message["reasoning_content"]
    body = CreateChatCompletionRequest(messages=[question], max_tokens=20)
    body.additional_properties["chat_template_kwargs"] = {"enable_thinking": False}
    (choice,) = chat.call(create_chat_completion, body=body).choices
    assert "reasoning_content" not in choice.message


# ---- tools ----


def test_a_tool_call_goes_there_and_back(chat: Client) -> None:
    choice = chat.create_chat_completion(HELLO, tools=[NOW], max_tokens=50).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert not choice.message.content
    assert choice.message.tool_calls
    (call,) = choice.message.tool_calls
    assert (call.type_, call.function.name, call.function.arguments) == ("function", "now", "{}")
    assert call.id

    messages: list[MessageLike] = [
        *HELLO,
        choice.message,
        {"role": "tool", "tool_call_id": call.id, "content": "12:00"},
    ]
    choice = chat.create_chat_completion(messages, tools=[NOW], max_tokens=50).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("stop", "It is noon.")
    assert choice.message.tool_calls is None


def test_a_field_of_the_servers_own_can_be_sent(chat: Client) -> None:
    body = CreateChatCompletionRequest(messages=[Message.from_dict(HELLO[0])])
    body.additional_properties["grammar"] = 'root ::= "Good " ("day" | "night")'
    (choice,) = chat.call(create_chat_completion, body=body).choices
    assert choice.finish_reason == "stop"
    assert choice.message.content in {"Good day", "Good night"}


# ---- streams ----


def test_text_is_streamed(chat: Client) -> None:
    with chat.stream_chat_completion(HELLO, max_tokens=50) as stream:
        assert stream.is_streamed
        texts = list(stream.text())
    answer = stream.completion()
    assert len(texts) > 1
    assert "".join(texts) == answer.choices[0].message.content
    assert (answer.object_, answer.model, answer.choices[0].finish_reason) == ("chat.completion", "tiny", "length")
    assert answer["system_fingerprint"]


def test_a_stream_tells_its_usage_where_it_is_asked_to(chat: Client) -> None:
    with chat.stream_chat_completion(HELLO, max_tokens=8) as stream:
        assert stream.completion().usage.completion_tokens == 8
    assert stream.usage is not None
    with chat.stream_chat_completion(HELLO, max_tokens=8, include_usage=False) as stream:
        assert stream.completion().choices[0].message.content
    assert stream.usage is None


def test_a_chain_of_thought_is_streamed(chat: Client) -> None:
    with chat.stream_chat_completion([{"role": "user", "content": THINK_FIRST}]) as stream:
        assert "".join(stream.text()) == "Noon it is."
    (choice,) = stream.completion().choices
    assert (choice.reasoning_content or "").strip() == "Clocks know."


def test_a_tool_call_is_streamed(chat: Client) -> None:
    with chat.stream_chat_completion(HELLO, tools=[NOW], max_tokens=50) as stream:
        (choice,) = stream.completion().choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls
    (call,) = choice.message.tool_calls
    assert (call.type_, call.function.name, call.function.arguments) == ("function", "now", "{}")
    messages: list[MessageLike] = [
        *HELLO,
        choice.message,
        {"role": "tool", "tool_call_id": call.id, "content": "12:00"},
    ]
    with chat.stream_chat_completion(messages, tools=[NOW], max_tokens=50) as stream:
        assert "".join(stream.text()) == "It is noon."


def test_a_stream_after_a_stream_is_answered(chat: Client) -> None:
    """It closes the connection after each stream, without a word; a request may be lost to that, and is retried."""
    for _ in range(5):
        with chat.with_options(max_retries=1).stream_chat_completion(HELLO, max_tokens=2) as stream:
            assert stream.completion().usage.completion_tokens == 2


def test_a_stream_that_is_left_ends_on_the_server_too(connect: Connect, model: Path) -> None:
    with serving(model, "chat") as address:
        client = connect(API_KEY, f"{address}/v1", max_retries=0)
        for _ in range(3 * SLOTS):  # more than it writes at once, and none of them would end in this minute
            with client.stream_chat_completion(HELLO) as stream:
                next(iter(stream))
        assert client.create_chat_completion(HELLO, max_tokens=4).usage.completion_tokens == 4


def test_an_error_in_mid_stream_is_a_server_error(connect: Connect, model: Path) -> None:
    """Two answers share the context, which is full before either ends."""
    long = [{"role": "user", "content": "x" * (CONTEXT // 2 - 200)}]
    with serving(model, "chat") as address, ThreadPoolExecutor(2) as threads:
        client = connect(API_KEY, f"{address}/v1", max_retries=0)

        def read(_: int) -> APIError:
            with pytest.raises(APIError) as caught, client.stream_chat_completion(long) as stream:
                list(stream)
            assert stream.snapshot is not None
            assert stream.snapshot.choices[0].message.content
            return caught.value

        errors = list(threads.map(read, range(2)))
    assert any(error.mid_stream and "Context size has been exceeded" in error.message for error in errors)
    assert {(type(error), error.status_code) for error in errors} == {(ServerError, 500)}


def test_an_error_before_the_stream_is_a_bad_request(chat: Client) -> None:
    with (
        pytest.raises(BadRequestError, match="exceeds the available context size") as caught,
        chat.stream_chat_completion([{"role": "user", "content": "x" * CONTEXT}]),
    ):
        pytest.fail("it must not be entered")
    assert not caught.value.mid_stream


# ---- errors ----


def test_an_invalid_body_is_a_bad_request(chat: Client) -> None:
    """Their `code` is a number; ours is text, and the body keeps what came."""
    body = CreateChatCompletionRequest(messages=[Message.from_dict(HELLO[0])])
    body.additional_properties["response_format"] = {"type": "poem"}
    with pytest.raises(BadRequestError, match="response_format type must be") as caught:
        chat.call(create_chat_completion, body=body)
    error = caught.value
    assert (error.status_code, error.type, error.code) == (400, "invalid_request_error", "400")
    assert error.body == {"error": {"code": 400, "message": error.message, "type": error.type}}
    assert error.request_id is None


def now() -> str:
    """The time."""
    return "12:00"


def test_a_tool_runs(chat: Client) -> None:
    words: list[str] = []
    run = chat.run_tools(HELLO, [now], max_tokens=50)
    streamed = chat.run_tools(HELLO, [now], max_tokens=50, on_text=words.append)
    assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
    assert (run.rounds, run.calls[0].arguments, run.calls[0].result) == (1, {}, "12:00")
    assert run.text
    assert run.usage.total_tokens > run.completion.usage.total_tokens
    assert [(message.role, message.content or "") for message in streamed.messages] == [
        (message.role, message.content or "")
        for message in run.messages  # beside calls, "" if it is not streamed
    ]
    assert "".join(words).endswith(streamed.text)


def test_a_conversation_whose_arguments_were_no_json_goes_on(chat: Client) -> None:
    broken = completion(calls=[("call_1", "now", '{"zone": '), ("call_1", "now", "[]")])
    conversation = Conversation.begun(chat._settings, HELLO)
    message = conversation.receive(Received(ChatCompletion.from_dict(broken), 1))
    conversation.append(message, {call.id: "That is no JSON object." for call in message.tool_calls or []})
    choice = chat.create_chat_completion(conversation.messages, tools=[NOW], max_tokens=50).choices[0]
    assert choice.finish_reason == "stop"


def test_a_typed_answer(chat: Client) -> None:
    @attrs.define
    class Now:
        """The time."""

    Now.__name__ = "now"  # the one function that the tiny model calls
    answer = chat.parse_chat_completion(HELLO, Now, max_tokens=50)
    assert (answer.parsed, answer.repairs) == (Now(), 0)
    more = chat.create_chat_completion([*answer.messages, *HELLO], max_tokens=50)
    assert more.choices[0].message.content


def test_a_tool_whose_schema_is_none_is_a_bad_request(chat: Client) -> None:
    tool = {"type": "function", "function": {"name": "now", "parameters": {"type": "nonsense"}}}
    with pytest.raises(BadRequestError, match="nonsense"):
        chat.create_chat_completion(HELLO, tools=[tool])


def test_a_prompt_longer_than_the_context_is_a_bad_request(chat: Client) -> None:
    with pytest.raises(BadRequestError, match="exceeds the available context size") as caught:
        chat.create_chat_completion([{"role": "user", "content": "x" * CONTEXT}])
    assert caught.value.type == "exceed_context_size_error"


def test_a_wrong_key_is_an_authentication_error(connect: Connect, chat_address: str) -> None:
    with pytest.raises(AuthenticationError, match="Invalid API Key") as caught:
        connect("sk-wrong", f"{chat_address}/v1").create_chat_completion(HELLO)
    assert (caught.value.attempts, caught.value.code) == (1, "401")


def test_an_endpoint_that_it_does_not_have_is_not_found(chat: Client) -> None:
    with pytest.raises(NotFoundError, match="File Not Found") as caught:
        chat.call(list_threads)
    assert caught.value.type == "not_found_error"


def test_what_it_cannot_do_is_a_server_error(chat: Client) -> None:
    with pytest.raises(ServerError, match="does not support embeddings") as caught:
        chat.create_embedding("A cat purrs.")
    assert (caught.value.status_code, caught.value.type) == (501, "not_supported_error")


def test_tool_arguments_that_are_not_json_are_a_server_error(chat: Client) -> None:
    """A request that can never succeed, and yet a 500: only the policy says how often it is sent."""
    call = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "not JSON"}}
    answer = {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}
    messages: list[MessageLike] = [*HELLO, {"role": "assistant", "tool_calls": [call]}, answer]
    with pytest.raises(ServerError, match="Failed to parse tool call arguments") as caught:
        chat.create_chat_completion(messages)
    assert caught.value.status_code == 500


# ---- connections ----


def test_more_calls_at_once_than_it_writes_answers(chat: Client) -> None:
    with ThreadPoolExecutor(4 * SLOTS) as threads:
        lengths = range(1, 4 * SLOTS + 1)
        answers = list(threads.map(lambda length: chat.create_chat_completion(HELLO, max_tokens=length), lengths))
    assert [answer.usage.completion_tokens for answer in answers] == list(lengths)
    assert len({answer.id for answer in answers}) == len(answers)


def test_a_connection_that_it_closes_after_a_hundred_answers_is_not_missed(chat: Client) -> None:
    """It says so in Keep-Alive alone; `max_retries=0` would show a request lost to it."""
    with capture_responses() as answers:
        for _ in range(120):
            chat.create_chat_completion(HELLO, max_tokens=1)
    assert "max=100" in answers[0].headers["keep-alive"]


def test_a_connection_that_it_closes_while_idle_is_not_missed(chat: Client) -> None:
    with capture_responses() as answers:
        chat.create_chat_completion(HELLO, max_tokens=1)
    assert "timeout=5" in answers[0].headers["keep-alive"]
    time.sleep(5.5)
    chat.create_chat_completion(HELLO, max_tokens=1)


def test_a_call_after_an_error_is_answered(chat: Client) -> None:
    """It closes the connection after each error."""
    for _ in range(5):
        with capture_responses() as answers, pytest.raises(NotFoundError):
            chat.call(list_threads)
        assert answers[0].headers["connection"] == "close"
        chat.create_chat_completion(HELLO, max_tokens=1)


def test_a_timeout_in_the_middle_of_an_answer_leaves_the_client_usable(connect: Connect, model: Path) -> None:
    # A server of its own: a busy one goes on writing an answer that nobody waits for any more.
    with serving(model, "chat") as address:
        client = connect(API_KEY, f"{address}/v1", max_retries=0)
        with pytest.raises(APITimeoutError):
            client.with_options(timeout=0.5).create_chat_completion(HELLO)
        assert client.create_chat_completion(HELLO, max_tokens=4).usage.completion_tokens == 4


# ---- embeddings and rerank ----


def test_embeddings_parse(connect: Connect, embedding_address: str) -> None:
    client = connect(API_KEY, f"{embedding_address}/v1", max_retries=0)
    vectors = client.create_embedding(["ab", "ba", "xyz"], model="tiny")
    assert [(each.index, len(each.embedding)) for each in vectors.data] == [(0, WIDTH), (1, WIDTH), (2, WIDTH)]
    assert vectors.usage.total_tokens == 7
    # The mean of its letters is all that the model knows of a text.
    same, different = (
        sum(a * b for a, b in zip(one.embedding, other.embedding, strict=True)) for one, other in pairwise(vectors.data)
    )
    assert same == pytest.approx(1)
    assert different == pytest.approx(0)


def test_one_text_has_one_vector(connect: Connect, embedding_address: str) -> None:
    client = connect(API_KEY, f"{embedding_address}/v1", max_retries=0)
    (vector,) = client.create_embedding("A cat purrs.").data
    assert vector.index == 0


def test_a_rerank_without_the_documents_has_those_of_the_request(connect: Connect, rank_address: str) -> None:
    """PixiGPT sends each document back; llama.cpp sends its index alone."""
    client = connect(API_KEY, f"{rank_address}/v1", max_retries=0)
    documents = ["A cat purrs.", "A dog barks."]
    ranked = client.rerank("Which animal purrs?", documents).results
    assert sorted(each.index for each in ranked) == [0, 1]
    assert all(each.document == documents[each.index] for each in ranked)
