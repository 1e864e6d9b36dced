"""What litellm can do with this API: chat, a tool loop, embeddings; and what it must be told that it cannot."""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches a price list from the network

import litellm
from _checks import ASSISTANT, KEY, SYSTEM, TOOL, URL, USER, check, error_of, same, serve

litellm.suppress_debug_info = True  # it would print to stdout
GIVEN = {"api_base": URL, "api_key": KEY, "max_retries": 0}
CONVERSATION = [SYSTEM, USER]


def chat(messages: list[object], **options: object) -> litellm.Choices:
    """Return the first choice of a response."""
    return litellm.completion(model="openai/pixi", messages=messages, **GIVEN, **options).choices[0]


@check("completion")
def _() -> None:
    choice = chat(CONVERSATION)
    same((choice.message.content, choice.finish_reason), ("You said: Hello!", "stop"))


@check("completion, with extra_body for assistant_id and enable_thinking")
def _() -> None:
    same(
        chat([USER], extra_body={"assistant_id": ASSISTANT, "enable_thinking": False}).message.content,
        "You said: Hello!",
    )


@check("completion, with tools, and their result sent back")
def _() -> None:
    message = chat(CONVERSATION, tools=[TOOL]).message
    call = message.tool_calls[0]
    same((call.function.name, call.function.arguments), ("now", '{"city": "text"}'))
    result = {"role": "tool", "tool_call_id": call.id, "content": "Noon."}
    same(chat([*CONVERSATION, message, result], tools=[TOOL]).message.content, "The tool answered: Noon.")


@check("completion, with stream")
def _() -> None:
    given = {"model": "openai/pixi", "messages": CONVERSATION, "stream": True, **GIVEN}
    pieces = [chunk.choices[0].delta.content or "" for chunk in litellm.completion(**given)]
    same("".join(pieces), "You said: Hello!")


@check("embedding")
def _() -> None:
    texts = ["A cat purrs.", "A dog barks."]
    found = litellm.embedding(model="openai/pixi", input=texts, **GIVEN)
    same([(each["index"], len(each["embedding"])) for each in found.data], [(0, 1024), (1, 1024)])
    same(found.usage.total_tokens, 6)


@check("BadRequestError that names what the server does not implement: response_format, tool_choice, n")
def _() -> None:
    for name, value in {
        "response_format": {"type": "json_object"},
        "tool_choice": "required",
        "n": 2,
    }.items():
        error = error_of(litellm.BadRequestError, chat, CONVERSATION, tools=[TOOL], **{name: value})
        same(f"{name}: the local server does not implement" in str(error), True)


@check("BadRequestError that names dimensions")
def _() -> None:
    given = {"model": "openai/text-embedding-3-small", "input": ["A cat."], "dimensions": 8, **GIVEN}
    same("dimensions: " in str(error_of(litellm.BadRequestError, litellm.embedding, **given)), True)


@check("AuthenticationError, 401")
def _() -> None:
    given = {**GIVEN, "api_key": "wrong"}
    error_of(litellm.AuthenticationError, litellm.completion, model="openai/pixi", messages=CONVERSATION, **given)


if __name__ == "__main__":
    serve("litellm")
