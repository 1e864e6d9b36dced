"""What langchain-openai can do with this API: chat, a tool loop, embeddings; and what is refused."""

import openai
from _checks import ASSISTANT, KEY, TOOL, URL, check, refusal_of, same, serve
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

GIVEN = {"base_url": URL, "api_key": KEY, "max_retries": 0}
CONVERSATION = [SystemMessage("Be brief."), HumanMessage("Hello!")]
model = ChatOpenAI(model="pixi", **GIVEN)
vectors = OpenAIEmbeddings(model="pixi", check_embedding_ctx_length=False, **GIVEN)  # True sends tokens, no text


class City(BaseModel):
    """A city."""

    name: str


@check("ChatOpenAI.invoke")
def _() -> None:
    message = model.invoke(CONVERSATION)
    same((message.content, message.response_metadata["finish_reason"]), ("You said: Hello!", "stop"))
    same(message.usage_metadata["output_tokens"] > 0, True)


@check("ChatOpenAI.invoke, with extra_body for assistant_id")
def _() -> None:
    own = ChatOpenAI(model="pixi", extra_body={"assistant_id": ASSISTANT}, **GIVEN)
    same(own.invoke("Hello!").content, "You said: Hello!")


@check("ChatOpenAI.batch")
def _() -> None:
    same([each.content for each in model.batch([CONVERSATION, CONVERSATION])], ["You said: Hello!"] * 2)


@check("ChatOpenAI.bind_tools, and their result sent back")
def _() -> None:
    bound = model.bind_tools([TOOL])
    message = bound.invoke(CONVERSATION)
    (call,) = message.tool_calls
    same((call["name"], call["args"]), ("now", {"city": "text"}))
    final = bound.invoke([*CONVERSATION, message, ToolMessage("Noon.", tool_call_id=call["id"])])
    same(final.content, "The tool answered: Noon.")


@check("ChatOpenAI.stream, with usage and tools")
def _() -> None:
    same("".join(piece.content for piece in model.stream(CONVERSATION)), "You said: Hello!")
    first, *rest = model.bind_tools([TOOL]).stream(CONVERSATION, stream_usage=True)
    whole = sum(rest, first)
    same([(call["name"], call["args"]) for call in whole.tool_calls], [("now", {"city": "text"})])
    same(whole.usage_metadata["total_tokens"] > 0, True)


@check("OpenAIEmbeddings.embed_documents, embed_query")
def _() -> None:
    same([len(each) for each in vectors.embed_documents(["A cat purrs.", "A dog barks."])], [1024, 1024])
    same(any(vectors.embed_query("A cat purrs.")), True)


@check("BadRequestError that names what the server does not implement: tool_choice, n, response_format")
def _() -> None:
    forced = model.bind_tools([TOOL], tool_choice="now")
    structured = model.with_structured_output(City, method="json_schema")
    for name, call in {
        "tool_choice": lambda: forced.invoke(CONVERSATION),
        "n": lambda: model.bind(n=2).invoke(CONVERSATION),
        "response_format": lambda: structured.invoke(CONVERSATION),
    }.items():
        error = refusal_of(openai.BadRequestError, call)
        same(f"{name}: the local server does not implement" in str(error), True)


@check("BadRequestError that names dimensions")
def _() -> None:
    short = OpenAIEmbeddings(model="pixi", dimensions=8, check_embedding_ctx_length=False, **GIVEN)
    same("dimensions: " in str(refusal_of(openai.BadRequestError, short.embed_query, "A cat.")), True)


@check("AuthenticationError, 401")
def _() -> None:
    refusal_of(openai.AuthenticationError, ChatOpenAI(model="pixi", **{**GIVEN, "api_key": "wrong"}).invoke, "Hello!")


if __name__ == "__main__":
    serve("langchain-openai")
