"""Bare httpx: what this SDK stands on."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import httpx
from _worker import HEADERS, Ask, AsyncAsk, AsyncStream, Subject, answer_in, messages, serve


@contextmanager
def open_sync(base_url: str) -> Generator[Ask, None, None]:
    """Open a synchronous client."""
    url = f"{base_url}/chat/completions"
    with httpx.Client(headers=HEADERS) as http:
        yield lambda text: answer_in(http.post(url, json={"messages": messages(text)}).json())


@asynccontextmanager
async def open_async(base_url: str, in_flight: int) -> AsyncGenerator[AsyncAsk, None]:
    """Open an asynchronous client with a connection for each call."""
    url = f"{base_url}/chat/completions"
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(headers=HEADERS, limits=limits, timeout=60) as http:

        async def ask(text: str) -> str:
            response = await http.post(url, json={"messages": messages(text)})
            return answer_in(response.json())

        yield ask


@asynccontextmanager
async def open_streams(base_url: str, in_flight: int) -> AsyncGenerator[AsyncStream, None]:
    """Open an asynchronous client for streams: the loop that people write themselves."""
    url = f"{base_url}/chat/completions"
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(headers=HEADERS, limits=limits, timeout=60) as http:

        async def stream(text: str) -> AsyncIterator[str | None]:
            async with http.stream("POST", url, json={"messages": messages(text), "stream": True}) as response:
                async for line in response.aiter_lines():
                    if line.startswith("data: ") and line != "data: [DONE]":
                        yield json.loads(line[6:])["choices"][0]["delta"].get("content")

        yield stream


if __name__ == "__main__":
    serve(Subject("httpx", "import httpx; httpx.Client()", open_sync, open_async, open_streams))
