"""OpenAI's SDK as it comes."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

from _subject import KEY, Ask, AsyncAsk, AsyncStream, Command, Subject, messages
from _worker import serve
from openai import AsyncOpenAI, OpenAI


@contextmanager
def open_sync(command: Command) -> Generator[Ask, None, None]:
    """Open a synchronous client."""
    with OpenAI(api_key=KEY, base_url=command.url, max_retries=0) as client:

        def ask(text: str) -> str:
            answer = client.chat.completions.create(model="bench", messages=messages(text))
            return answer.choices[0].message.content

        yield ask


@asynccontextmanager
async def open_async(command: Command) -> AsyncGenerator[AsyncAsk, None]:
    """Open an asynchronous client."""
    async with AsyncOpenAI(api_key=KEY, base_url=command.url, max_retries=0) as client:

        async def ask(text: str) -> str:
            answer = await client.chat.completions.create(model="bench", messages=messages(text))
            return answer.choices[0].message.content

        yield ask


@asynccontextmanager
async def open_streams(command: Command) -> AsyncGenerator[AsyncStream, None]:
    """Open an asynchronous client for streams."""
    async with AsyncOpenAI(api_key=KEY, base_url=command.url, max_retries=0, timeout=60) as client:

        async def stream(text: str) -> AsyncIterator[str | None]:
            async with await client.chat.completions.create(
                model="bench", messages=messages(text), stream=True
            ) as chunks:
                async for chunk in chunks:
                    yield chunk.choices[0].delta.content

        yield stream


if __name__ == "__main__":
    serve(Subject("openai", "import openai; openai.OpenAI(api_key='sk-bench')", open_sync, open_async, open_streams))
