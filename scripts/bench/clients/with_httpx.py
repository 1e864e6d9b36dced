"""Bare httpx, which this SDK stands on, or httpx2, whichever is installed."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from _subject import (
    HEADERS,
    Ask,
    AsyncAsk,
    AsyncEmbed,
    AsyncStream,
    Command,
    Embed,
    Subject,
    answer_in,
    messages,
    numbers_in,
)
from _worker import serve

NAME = "httpx2" if find_spec("httpx2") else "httpx"
httpx: Any = import_module(NAME)


def limits(command: Command) -> object:
    """Return room for all connections."""
    return httpx.Limits(max_connections=command.connections, max_keepalive_connections=command.kept)


@contextmanager
def open_sync(command: Command) -> Generator[Ask, None, None]:
    """Open a synchronous client."""
    url = f"{command.url}/chat/completions"
    with httpx.Client(headers=HEADERS, limits=limits(command), timeout=60, verify=command.context()) as http:
        yield lambda text: answer_in(http.post(url, json={"messages": messages(text)}).json())


@asynccontextmanager
async def open_async(command: Command) -> AsyncGenerator[AsyncAsk, None]:
    """Open an asynchronous client with a connection for each call."""
    url = f"{command.url}/chat/completions"
    async with httpx.AsyncClient(headers=HEADERS, limits=limits(command), timeout=60, verify=command.context()) as http:

        async def ask(text: str) -> str:
            response = await http.post(url, json={"messages": messages(text)})
            return answer_in(response.json())

        yield ask


@asynccontextmanager
async def open_streams(command: Command) -> AsyncGenerator[AsyncStream, None]:
    """Open an asynchronous client for streams: the loop that people write themselves."""
    url = f"{command.url}/chat/completions"
    async with httpx.AsyncClient(headers=HEADERS, limits=limits(command), timeout=60) as http:

        async def stream(text: str) -> AsyncIterator[str | None]:
            async with http.stream("POST", url, json={"messages": messages(text), "stream": True}) as response:
                async for line in response.aiter_lines():
                    if line.startswith("data: ") and line != "data: [DONE]":
                        yield json.loads(line[6:])["choices"][0]["delta"].get("content")

        yield stream


@contextmanager
def open_embed(command: Command) -> Generator[Embed, None, None]:
    """Open a synchronous client for embeddings."""
    url = f"{command.url}/embeddings"
    with httpx.Client(headers=HEADERS, timeout=60) as http:
        yield lambda texts: numbers_in(json.loads(http.post(url, json={"input": texts}).content))


@asynccontextmanager
async def open_async_embed(command: Command) -> AsyncGenerator[AsyncEmbed, None]:
    """Open an asynchronous client for embeddings."""
    url = f"{command.url}/embeddings"
    async with httpx.AsyncClient(headers=HEADERS, timeout=60) as http:

        async def embed(texts: list[str]) -> int:
            response = await http.post(url, json={"input": texts})
            return numbers_in(json.loads(response.content))

        yield embed


if __name__ == "__main__":
    construct = f"import {NAME}; {NAME}.Client()"
    serve(Subject(NAME, construct, open_sync, open_async, open_streams, open_embed, open_async_embed))
