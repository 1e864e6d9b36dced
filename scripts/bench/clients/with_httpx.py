"""Bare httpx: what this SDK stands on."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import httpx
from _worker import HEADERS, Ask, AsyncAsk, Subject, answer_in, messages, serve


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


if __name__ == "__main__":
    serve(Subject("httpx", "import httpx; httpx.Client()", open_sync, open_async))
