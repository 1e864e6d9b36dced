"""A server that streams each question back, word by word, to any number of clients at once."""

import json
from collections.abc import Generator
from contextlib import contextmanager

import anyio
import anyio.abc
from anyio.from_thread import start_blocking_portal
from anyio.streams.buffered import BufferedByteReceiveStream

from support.events import whole


@contextmanager
def echo_stream() -> Generator[str, None, None]:
    """Run the server in a thread; give its base URL."""
    with start_blocking_portal() as portal:
        serving, port = portal.start_task(_serve)
        yield f"http://127.0.0.1:{port}/v1"
        serving.cancel()


async def _serve(*, task_status: anyio.abc.TaskStatus[int]) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=2000)
    async with listener:
        task_status.started(listener.extra(anyio.abc.SocketAttribute.local_port))
        await listener.serve(_echo)


async def _echo(connection: anyio.abc.ByteStream) -> None:
    """Answer the requests of one connection, each with a pause in the middle of its answer."""
    received = BufferedByteReceiveStream(connection)
    async with connection:
        while True:
            try:
                head = await received.receive_until(b"\r\n\r\n", 65536)
            except (anyio.IncompleteRead, anyio.BrokenResourceError):
                return
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            question: str = json.loads(await received.receive_exactly(length))["messages"][-1]["content"]
            answer = whole(*(f"{word} " for word in question.split()))
            await connection.send(answer[: len(answer) // 2])
            await anyio.sleep(0.01)
            await connection.send(answer[len(answer) // 2 :])
