"""A browser that leaves ends the model's stream: what the guide shows, on Starlette, with a server that counts."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from starlette.responses import StreamingResponse
from support.events import HEAD, HELLO, chunk
from support.pools import async_slots_of, usage
from support.scripted_server import ScriptedServer, read_request
from support.waiting import eventually_async

from pixigpt import AsyncClient


def waits(connection: socket.socket) -> None:
    """Send one word, and wait."""
    read_request(connection)
    connection.sendall(HEAD + chunk("Par"))
    connection.recv(1)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_browser_that_leaves_ends_the_models_stream(backend: str) -> None:
    async def browse(server: ScriptedServer) -> None:
        async with AsyncClient("sk-test", server.base_url) as client:
            sent: list[Any] = []
            has_word = anyio.Event()

            async def words() -> AsyncIterator[str]:
                async with client.stream_chat_completion(HELLO) as stream:
                    async for text in stream.text():
                        yield text

            async def send(message: Any) -> None:
                sent.append(message)
                if message.get("body"):
                    has_word.set()

            async def leave() -> Any:
                await has_word.wait()
                return {"type": "http.disconnect"}

            scope: Any = {"type": "http", "asgi": {"spec_version": "2.3"}}
            await StreamingResponse(words())(scope, leave, send)
            assert b"Par" in [message.get("body") for message in sent]
            assert await eventually_async(lambda: server.open == 0)
            assert usage(await async_slots_of(client)) == (0, 0, 0)

    with ScriptedServer(waits) as server:
        anyio.run(browse, server, backend=backend)
