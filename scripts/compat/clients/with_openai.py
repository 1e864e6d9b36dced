"""What OpenAI's SDK can do with this API: chat, embeddings, and, deprecated there, threads, runs and assistants."""

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import openai
from _checks import ASSISTANT, KEY, SYSTEM, TOOL, URL, USER, check, error_of, same, serve

warnings.simplefilter("ignore", DeprecationWarning)

# Strict: an answer that lacks a field which OpenAI promises is an error. Where the API lacks some, `client` is used.
strict = openai.OpenAI(api_key=KEY, base_url=URL, max_retries=0, _strict_response_validation=True)
client = openai.OpenAI(api_key=KEY, base_url=URL, max_retries=0)
CONVERSATION = [SYSTEM, USER]


def chat(messages: list[object], **options: object) -> openai.types.chat.chat_completion.Choice:
    """Return the first choice of an answer."""
    return strict.chat.completions.create(model="pixi", messages=messages, **options).choices[0]


@check("with max_retries, 503 twice, then an answer")
def _() -> None:
    same(client.with_options(max_retries=2).beta.assistants.list().data[0].name, "Pixi")


@check("chat.completions.create")
def _() -> None:
    choice = chat(CONVERSATION)
    same((choice.message.content, choice.finish_reason), ("You said: Hello!", "stop"))
    same(choice.reasoning_content, "The last message has 1 words.")


@check("chat.completions.create, with options that the API does not know")
def _() -> None:
    options = {"top_p": 0.5, "seed": 1, "stop": ["."], "user": "ada", "n": 1}
    same(chat(CONVERSATION, temperature=0.7, max_tokens=3000, **options).finish_reason, "stop")


@check("chat.completions.create, with null for what is absent, as model_dump() gives it")
def _() -> None:
    message = chat(CONVERSATION, tools=[TOOL]).message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "Noon."}
    messages = [*CONVERSATION, message.model_dump(), result]
    same(chat(messages, temperature=None, max_tokens=None).message.content, "The tool answered: Noon.")


@check("BadRequestError that names what the server does not implement")
def _() -> None:
    refused = {
        "response_format": {"type": "json_object"},
        "tool_choice": {"type": "function", "function": {"name": "now"}},
        "n": 2,
    }
    for name, value in refused.items():
        error = error_of(openai.BadRequestError, chat, CONVERSATION, tools=[TOOL], **{name: value})
        same(error.body["message"].startswith(f"{name}: the local server does not implement"), True)
    given = {"model": "pixi", "input": "A cat.", "dimensions": 8}
    error = error_of(openai.BadRequestError, client.embeddings.create, **given)
    same(error.body["message"].startswith("dimensions: "), True)


@check("chat.completions.create, with extra_body for assistant_id and enable_thinking")
def _() -> None:
    choice = chat([USER], extra_body={"assistant_id": ASSISTANT, "enable_thinking": False})
    same((choice.message.content, getattr(choice, "reasoning_content", None)), ("You said: Hello!", None))


@check("chat.completions.create, with tools, and their result sent back")
def _() -> None:
    choice = chat(CONVERSATION, tools=[TOOL])
    call = choice.message.tool_calls[0]
    same((choice.finish_reason, call.type), ("tool_calls", "function"))
    same((call.function.name, call.function.arguments), ("now", '{"city": "text"}'))
    messages = [*CONVERSATION, choice.message, {"role": "tool", "tool_call_id": call.id, "content": "Noon."}]
    same(chat(messages, tools=[TOOL]).message.content, "The tool answered: Noon.")


@check("chat.completions.parse, with a strict tool")
def _() -> None:
    tool = {**TOOL, "function": {**TOOL["function"], "strict": True}}
    answer = strict.chat.completions.parse(model="pixi", messages=CONVERSATION, tools=[tool])
    same(answer.choices[0].message.tool_calls[0].function.parsed_arguments, {"city": "text"})


@check("chat.completions.with_raw_response, and _request_id")
def _() -> None:
    raw = strict.chat.completions.with_raw_response.create(model="pixi", messages=CONVERSATION)
    same((raw.status_code, raw.parse()._request_id), (200, raw.request_id))
    same(raw.request_id.startswith("req_"), True)


@check("AsyncOpenAI, chat.completions.create")
def _() -> None:
    async def ask() -> str:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=URL, max_retries=0) as own:
            answer = await own.chat.completions.create(model="pixi", messages=CONVERSATION)
            return answer.choices[0].message.content

    same(asyncio.run(ask()), "You said: Hello!")


def streamed(create: Callable[..., Any], **options: object) -> list[openai.types.chat.ChatCompletionChunk]:
    """Return the chunks of a stream."""
    with create(model="pixi", messages=CONVERSATION, stream=True, **options) as chunks:
        return list(chunks)


@check("chat.completions.create, with stream: text and reasoning")
def _() -> None:
    chunks = streamed(strict.chat.completions.create)
    deltas = [chunk.choices[0].delta for chunk in chunks]
    same("".join(delta.content or "" for delta in deltas), "You said: Hello!")
    same("".join(getattr(delta, "reasoning_content", "") for delta in deltas), "The last message has 1 words.")
    same((deltas[0].role, chunks[-1].choices[0].finish_reason, chunks[-1].usage), ("assistant", "stop", None))


@check("chat.completions.create, with stream and stream_options: usage")
def _() -> None:
    *_, finish, last = streamed(strict.chat.completions.create, stream_options={"include_usage": True})
    same((last.choices, last.usage.total_tokens), ([], 12))
    same((finish.choices[0].finish_reason, finish.usage), ("stop", None))


@check("chat.completions.create, with stream and tools")
def _() -> None:
    chunks = streamed(strict.chat.completions.create, tools=[TOOL])
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    same((calls[0].id, calls[0].type, calls[0].function.name), ("call_2", "function", "now"))
    same("".join(call.function.arguments for call in calls), '{"city": "text"}')
    same(chunks[-1].choices[0].finish_reason, "tool_calls")


@check("chat.completions.stream, which merges chunks itself")
def _() -> None:
    given = {"model": "pixi", "messages": CONVERSATION, "stream_options": {"include_usage": True}}
    with strict.chat.completions.stream(**given) as stream:
        whole = stream.get_final_completion()
    choice = whole.choices[0]
    same((choice.message.content, choice.finish_reason, whole.usage.total_tokens), ("You said: Hello!", "stop", 12))
    with strict.chat.completions.stream(**given, tools=[TOOL]) as stream:
        call = stream.get_final_completion().choices[0].message.tool_calls[0]
    same((call.function.name, call.function.arguments), ("now", '{"city": "text"}'))


@check("AsyncOpenAI: chat.completions.create, with stream")
def _() -> None:
    async def ask() -> str:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=URL, max_retries=0) as patient:
            chunks = await patient.chat.completions.create(model="pixi", messages=CONVERSATION, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])

    same(asyncio.run(ask()), "You said: Hello!")


@check("embeddings.create, in base64 by default, in numbers on demand")
def _() -> None:
    answer = client.embeddings.create(model="pixi", input=["A cat purrs.", "A dog barks."])
    same([(each.index, len(each.embedding)) for each in answer.data], [(0, 1024), (1, 1024)])
    same((type(answer.data[0].embedding[0]), answer.usage.total_tokens), (float, 6))
    one = client.embeddings.create(model="pixi", input="A cat purrs.", encoding_format="float")
    pairs = zip(one.data[0].embedding, answer.data[0].embedding, strict=True)
    same(all(abs(exact - packed) < 1e-6 for exact, packed in pairs), True)  # in base64 numbers have 32 bits


@check("moderations.create, with extra_body for prompt")
def _() -> None:
    verdict = client.moderations.create(input="", extra_body={"prompt": "murder"})
    same((verdict.category, verdict.score), ("VIOLENT", 1.0))


@check("beta.threads.create, retrieve")
def _() -> None:
    thread = strict.beta.threads.create()
    same(strict.beta.threads.retrieve(thread.id), thread)


@check("beta.threads.delete")
def _() -> None:
    thread = client.beta.threads.create()
    client.beta.threads.delete(thread.id)
    error_of(openai.NotFoundError, client.beta.threads.retrieve, thread.id)


@check("beta.threads.messages.create, list")
def _() -> None:
    thread = client.beta.threads.create()
    for text in ("One.", "Two."):
        client.beta.threads.messages.create(thread.id, role="user", content=text)
    messages = client.beta.threads.messages.list(thread.id)
    same([each.content[0].text.value for each in messages], ["Two.", "One."])
    same(client.beta.threads.messages.list(thread.id, limit=1).has_more, True)


@check("beta.threads.create, with messages; beta.threads.messages.list, page by page")
def _() -> None:
    messages = [{"role": "user", "content": text} for text in ("One.", "Two.", "Three.")]
    thread = client.beta.threads.create(messages=messages, metadata={"topic": "numbers"})
    same(thread.metadata, {"topic": "numbers"})
    listed = list(client.beta.threads.messages.list(thread.id, limit=2))
    same([each.content[0].text.value for each in listed], ["Three.", "Two.", "One."])


@check("beta.assistants.list, page by page")
def _() -> None:
    made = [
        client.beta.assistants.create(model="pixi", name=name, instructions="Count.").id for name in ("A", "B", "C")
    ]
    same([each.id for each in client.beta.assistants.list(limit=2)], [ASSISTANT, *made])
    for assistant_id in made:
        client.beta.assistants.delete(assistant_id)


@check("beta.threads.runs.create, retrieve, create_and_poll")
def _() -> None:
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content="Hello!")
    run = client.beta.threads.runs.create(thread.id, assistant_id=ASSISTANT)
    same(client.beta.threads.runs.retrieve(run.id, thread_id=thread.id).id, run.id)
    options = {"thread_id": thread.id, "assistant_id": ASSISTANT, "poll_interval_ms": 50}
    run = client.beta.threads.runs.create_and_poll(**options)
    same((run.status, run.message["content"][0]["text"]["value"]), ("completed", "You said: Hello!"))


@check("beta.assistants.create, retrieve, list, delete")
def _() -> None:
    assistant = client.beta.assistants.create(model="pixi", name="Ada", instructions="Count.")
    same(client.beta.assistants.retrieve(assistant.id), assistant)
    same(assistant in client.beta.assistants.list().data, True)
    client.beta.assistants.delete(assistant.id)
    error_of(openai.NotFoundError, client.beta.assistants.retrieve, assistant.id)


@check("BadRequestError, 400")
def _() -> None:
    error = error_of(openai.BadRequestError, chat, [])
    same((error.status_code, error.type, error.code), (400, "invalid_request_error", None))


@check("BadRequestError, for what the contract lacks: parts of a message, the role developer")
def _() -> None:
    error_of(openai.BadRequestError, chat, [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "Hi."}]}])
    error_of(openai.BadRequestError, chat, [{"role": "developer", "content": "Be brief."}])
    error_of(openai.BadRequestError, client.embeddings.create, model="pixi", input=[1, 2])


@check("AuthenticationError, 401")
def _() -> None:
    error = error_of(openai.AuthenticationError, client.with_options(api_key="wrong").beta.assistants.list)
    same((error.status_code, error.type, error.code), (401, "authentication_error", "invalid_api_key"))


@check("NotFoundError, 404")
def _() -> None:
    error = error_of(openai.NotFoundError, client.beta.threads.retrieve, "none")
    same((error.status_code, error.type, error.code), (404, "invalid_request_error", "not_found"))
    same((error.body["message"], error.request_id.startswith("req_")), ("There is no thread none.", True))
    error_of(openai.NotFoundError, client.models.list)


@check("APIStatusError, 405, for what the contract does otherwise: beta.assistants.update")
def _() -> None:
    error = error_of(openai.APIStatusError, client.beta.assistants.update, ASSISTANT, name="Ada", instructions="Count.")
    same(error.status_code, 405)


@check("RateLimitError, 429")
def _() -> None:
    error = error_of(openai.RateLimitError, client.beta.threads.retrieve, "busy")
    same((error.status_code, error.type), (429, "rate_limit_error"))


@check("InternalServerError, 503")
def _() -> None:
    error = error_of(openai.InternalServerError, client.beta.threads.retrieve, "broken")
    same((error.status_code, error.type), (503, "server_error"))


if __name__ == "__main__":
    serve("openai")
