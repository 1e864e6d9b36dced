"""Bare aiohttp, about the fastest that asyncio and Python allow; with pydantic, what people write themselves."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec

import aiohttp
from _subject import HEADERS, AsyncAsk, Command, Subject, answer_in, messages
from _worker import serve

if find_spec("pydantic"):
    from _pydantic_models import answer_in


@asynccontextmanager
async def open_async(command: Command) -> AsyncGenerator[AsyncAsk, None]:
    """Open a session with a connection for each call."""
    url = f"{command.url}/chat/completions"
    connector = aiohttp.TCPConnector(limit=command.connections, ssl=command.context())
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:

        async def ask(text: str) -> str:
            async with session.post(url, json={"messages": messages(text)}) as response:
                return answer_in(await response.json())

        yield ask


if __name__ == "__main__":
    serve(Subject("aiohttp", open_async=open_async))
