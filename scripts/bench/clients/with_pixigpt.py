"""This repository's client, with its default settings."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
from _middleware import COUNTS, with_middleware
from _subject import KEY, Ask, AsyncAsk, AsyncEmbed, AsyncStream, Command, Embed, Measures, Subject, messages
from _tools import BY_NAME, with_tools
from _worker import serve

from pixigpt import AsyncClient, Client
from pixigpt_api.models import Run


def options(command: Command) -> dict[str, Any]:
    """Return options for what is not a client's default: a certificate, and connections that are kept, or not."""
    changed: dict[str, Any] = {"verify": command.ca} if command.is_tls else {}
    if command.idle or not command.keeps:
        changed["limits"] = httpx.Limits(max_connections=1000, max_keepalive_connections=command.kept)
    return changed


@contextmanager
def open_sync(command: Command) -> Generator[Ask, None, None]:
    """Open a synchronous client."""
    with Client(KEY, command.url, **options(command)) as client:
        yield lambda text: client.create_chat_completion(messages(text)).choices[0].message.content or ""


@asynccontextmanager
async def open_async(command: Command) -> AsyncGenerator[AsyncAsk, None]:
    """Open an asynchronous client."""
    async with AsyncClient(KEY, command.url, **options(command)) as client:

        async def ask(text: str) -> str:
            answer = await client.create_chat_completion(messages(text))
            return answer.choices[0].message.content or ""

        yield ask


@asynccontextmanager
async def open_streams(command: Command) -> AsyncGenerator[AsyncStream, None]:
    """Open an asynchronous client for streams."""
    async with AsyncClient(KEY, command.url) as client:

        async def stream(text: str) -> AsyncIterator[str | None]:
            async with client.stream_chat_completion(messages(text)) as chunks:
                async for chunk in chunks:
                    delta = chunk.choices[0].delta
                    yield delta.content if delta else None

        yield stream


@contextmanager
def open_embed(command: Command) -> Generator[Embed, None, None]:
    """Open a synchronous client for embeddings."""
    with Client(KEY, command.url) as client:
        yield lambda texts: sum(len(each.embedding) for each in client.create_embedding(texts).data)


@asynccontextmanager
async def open_async_embed(command: Command) -> AsyncGenerator[AsyncEmbed, None]:
    """Open an asynchronous client for embeddings."""
    async with AsyncClient(KEY, command.url) as client:

        async def embed(texts: list[str]) -> int:
            return sum(len(each.embedding) for each in (await client.create_embedding(texts)).data)

        yield embed


def wait_sync(command: Command) -> Measures:
    """Measure how late `wait_for_run` returns, several threads waiting for a run each."""
    with Client(KEY, command.base_url) as client, ThreadPoolExecutor(command.in_flight) as threads:

        def wait(seconds: float) -> tuple[float, Run]:
            started = time.perf_counter()
            run = client.create_run(f"{seconds:g}", "asst-bench")
            run = client.wait_for_run(run.thread_id, run.id)
            return time.perf_counter() - started, run

        list(threads.map(wait, [0.0] * command.in_flight))
        return waited(list(threads.map(wait, [command.seconds] * command.in_flight)), command.seconds)


def wait_async(command: Command) -> Measures:
    """Measure how late `wait_for_run` returns, several tasks waiting for a run each."""
    return asyncio.run(_wait_async(command))


async def _wait_async(command: Command) -> Measures:
    async with AsyncClient(KEY, command.base_url) as client:

        async def wait(seconds: float) -> tuple[float, Run]:
            started = time.perf_counter()
            run = await client.create_run(f"{seconds:g}", "asst-bench")
            run = await client.wait_for_run(run.thread_id, run.id)
            return time.perf_counter() - started, run

        await asyncio.gather(*(wait(0.0) for _ in range(command.in_flight)))
        done = await asyncio.gather(*(wait(command.seconds) for _ in range(command.in_flight)))
    return waited(done, command.seconds)


def waited(done: list[tuple[float, Run]], seconds: float) -> Measures:
    """Return what is reported of waits for runs of equal length; the server has counted the polls."""
    lags = [elapsed - seconds for elapsed, _ in done]
    allowed = 0.12 * seconds + 0.06
    return {
        "lag_ms": 1000 * sum(lags) / len(lags),
        "worst_lag_ms": 1000 * max(lags),
        "allowed_ms": 1000 * allowed,
        "lag_share": sum(lags) / len(lags) / allowed,
        "polls": max(run["polls"] for _, run in done),
    }


if __name__ == "__main__":
    own = {"wait_sync": wait_sync, "wait_async": wait_async, **dict.fromkeys(COUNTS, with_middleware)}
    own.update(dict.fromkeys(BY_NAME, with_tools))
    construct = "import pixigpt; pixigpt.Client('sk-bench')"
    serve(Subject("pixigpt", construct, open_sync, open_async, open_streams, open_embed, open_async_embed, own))
