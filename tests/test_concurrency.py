"""One client shared by many threads or tasks: every answer goes to its own question."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from support.echo_stream import echo_stream

from pixigpt import AsyncClient, Client, DeadlineExceededError, RunTimeoutError, capture_responses, deadline
from pixigpt.testing import LocalServer


def question(number: int) -> list[dict[str, Any]]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"number {number}"}]


def test_threads_share_a_client(server: LocalServer) -> None:
    def ask(number: int) -> tuple[str | None, list[str]]:
        with capture_responses() as answers:
            answer = client.create_chat_completion(question(number))
        return answer.choices[0].message.content, [each.path for each in answers]

    with Client(server.api_key, server.base_url) as client, ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(ask, range(32 * 50)))
    assert answers == [(f"You said: number {number}", ["/chat/completions"]) for number in range(32 * 50)]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_share_a_client(server: LocalServer, backend: str) -> None:
    answers: dict[int, tuple[str | None, int]] = {}

    async def ask(client: AsyncClient, number: int) -> None:
        with capture_responses() as captured:
            answer = await client.create_chat_completion(question(number))
        answers[number] = answer.choices[0].message.content, len(captured)

    async def ask_all() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client, anyio.create_task_group() as tasks:
            for number in range(500):
                tasks.start_soon(ask, client, number)

    anyio.run(ask_all, backend=backend)
    assert answers == {number: (f"You said: number {number}", 1) for number in range(500)}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_thousand_streams_at_once_each_have_their_own_words(backend: str) -> None:
    answers: dict[int, str] = {}

    async def ask(client: AsyncClient, number: int) -> None:
        async with client.stream_chat_completion(question(number)) as stream:
            answers[number] = "".join([text async for text in stream.text()])

    async def ask_all(base_url: str) -> None:
        async with AsyncClient("sk-test", base_url) as client, anyio.create_task_group() as tasks:
            for number in range(1000):
                tasks.start_soon(ask, client, number)

    with echo_stream() as base_url:
        anyio.run(ask_all, base_url, backend=backend)
    assert answers == {number: f"number {number} " for number in range(1000)}


def test_threads_stream_at_once_each_its_own_words() -> None:
    def ask(number: int) -> str:
        with client.stream_chat_completion(question(number)) as stream:
            return "".join(stream.text())

    with echo_stream() as base_url, Client("sk-test", base_url) as client, ThreadPoolExecutor(32) as threads:
        assert [*threads.map(ask, range(320))] == [f"number {number} " for number in range(320)]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_on_update_is_awaited(server: LocalServer, backend: str) -> None:
    seen: list[str] = []

    async def on_update(run: Any) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(run.status)

    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            thread = await client.create_thread()
            await client.create_message(thread.id, "user", "Hi.")
            run = await client.create_run(thread.id, server.assistant_id)
            await client.wait_for_run(thread.id, run.id, on_update=on_update)

    anyio.run(use, backend=backend)
    assert seen == ["queued", "in_progress", "completed"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_wait_ends_an_async_on_update_that_does_not_end(server: LocalServer, backend: str) -> None:
    async def on_update(_: Any) -> None:
        await anyio.sleep(30)

    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            with pytest.raises(RunTimeoutError, match="the run is still"):
                await client.ask(server.assistant_id, "Hi.", timeout=1, on_update=on_update)
            with pytest.raises(DeadlineExceededError, match="the run is still"), deadline(1):
                await client.ask(server.assistant_id, "Hi.", on_update=on_update)

    started = time.monotonic()
    anyio.run(use, backend=backend)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_call_leaves_the_client_as_it_was(server: LocalServer, backend: str) -> None:
    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            server.delay(5.0, times=1)
            with anyio.move_on_after(0.1) as scope:
                await client.create_thread()
            assert scope.cancelled_caught
            assert await client.list_assistants()

    anyio.run(use, backend=backend)
