"""OpenAI's SDK on aiohttp instead of its own HTTP client."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from _subject import KEY, AsyncAsk, AsyncStream, Command, Subject, messages
from _worker import serve
from openai import AsyncOpenAI, DefaultAioHttpClient


@asynccontextmanager
async def open_async(command: Command) -> AsyncGenerator[AsyncAsk, None]:
    """Open an asynchronous client."""
    http = DefaultAioHttpClient()
    async with AsyncOpenAI(api_key=KEY, base_url=command.url, max_retries=0, http_client=http) as client:

        async def ask(text: str) -> str:
            answer = await client.chat.completions.create(model="bench", messages=messages(text))
            return answer.choices[0].message.content

        yield ask


@asynccontextmanager
async def open_streams(command: Command) -> AsyncGenerator[AsyncStream, None]:
    """Open an asynchronous client for streams."""
    async with AsyncOpenAI(
        api_key=KEY, base_url=command.url, max_retries=0, timeout=60, http_client=DefaultAioHttpClient()
    ) as client:

        async def stream(text: str) -> AsyncIterator[str | None]:
            async with await client.chat.completions.create(
                model="bench", messages=messages(text), stream=True
            ) as chunks:
                async for chunk in chunks:
                    yield chunk.choices[0].delta.content

        yield stream


if __name__ == "__main__":
    serve(Subject("openai", open_async=open_async, open_streams=open_streams))
