"""What pydantic-ai can do with this API: chat, a tool loop; and what it must be told that it cannot."""

from _checks import ASSISTANT, KEY, URL, check, refusal_of, same, serve
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, ModelHTTPError
from pydantic_ai.embeddings import Embedder
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


def provider(key: str = KEY) -> OpenAIProvider:
    """Return our server as a provider."""
    return OpenAIProvider(openai_client=AsyncOpenAI(base_url=URL, api_key=key, max_retries=0))


def agent(**options: object) -> Agent:
    """Return an agent on our server."""
    return Agent(OpenAIChatModel("pixi", provider=provider()), **options)


class City(BaseModel):
    """A city."""

    name: str


@check("Agent.run_sync, with instructions")
def _() -> None:
    done = agent(system_prompt="Be brief.").run_sync("Hello!")
    same((done.output, done.usage.output_tokens > 0), ("You said: Hello!", True))


@check("Agent.run_sync, with extra_body for assistant_id")
def _() -> None:
    done = agent(model_settings={"extra_body": {"assistant_id": ASSISTANT}}).run_sync("Hello!")
    same(done.output, "You said: Hello!")


@check("Agent.run_sync, with a tool that it calls, whose result it gets")
def _() -> None:
    asked: list[str] = []

    def now(city: str) -> str:
        """Return the time."""
        asked.append(city)
        return "Noon."

    done = agent(system_prompt="Be brief.", tools=[now]).run_sync("Hello!")
    same((done.output, asked), ("The tool answered: Noon.", ["text"]))


@check("Agent.run_stream_sync")
def _() -> None:
    texts = list(agent(system_prompt="Be brief.").run_stream_sync("Hello!").stream_text())
    same(texts[-1], "You said: Hello!")


@check("Embedder.embed_documents_sync")
def _() -> None:
    found = Embedder(OpenAIEmbeddingModel("pixi", provider=provider())).embed_documents_sync(["A cat.", "A dog."])
    same([len(each) for each in found.embeddings], [1024, 1024])


@check("ModelHTTPError, 400, that names what the server does not implement: tool_choice")
def _() -> None:
    error = refusal_of(ModelHTTPError, agent(system_prompt="Be brief.", output_type=City).run_sync, "Hello!")
    same((error.status_code, "tool_choice: " in str(error)), (400, True))


@check("ModelHTTPError, 401")
def _() -> None:
    own = Agent(OpenAIChatModel("pixi", provider=provider("wrong")))
    same(refusal_of(ModelHTTPError, own.run_sync, "Hello!").status_code, 401)


if __name__ == "__main__":
    serve("pydantic-ai-slim")
