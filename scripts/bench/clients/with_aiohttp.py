"""Bare aiohttp: about the fastest that asyncio and Python allow."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
from _worker import HEADERS, AsyncAsk, Subject, answer_in, messages, serve


@asynccontextmanager
async def open_async(base_url: str, in_flight: int) -> AsyncGenerator[AsyncAsk, None]:
    """Open a session with a connection for each call."""
    url = f"{base_url}/chat/completions"
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:

        async def ask(text: str) -> str:
            async with session.post(url, json={"messages": messages(text)}) as response:
                return answer_in(await response.json())

        yield ask


if __name__ == "__main__":
    serve(Subject("aiohttp", open_async=open_async))
