"""A response of server-sent events, which ends when the client leaves."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

DONE = b"data: [DONE]\n\n"


class EndedError(Exception):
    """Raised by a `send` that has ended the response itself."""


class EventStream(Response):
    """Events, each sent as it is; the same ones every time that the response is sent.

    A client that leaves cancels the sending where it stands: uvicorn swallows what is sent to nobody, so that without
    this a stream would go on to its end.
    """

    media_type = "text/event-stream"

    def __init__(self, events: Iterable[bytes]) -> None:
        super().__init__(headers={"Cache-Control": "no-cache"})
        del self.headers["content-length"]
        self._events = list(events)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the interface
        """Send the events."""
        async with anyio.create_task_group() as group:
            group.start_soon(_cancel_when_left, receive, group.cancel_scope)
            with suppress(EndedError):
                await self._send(send)
            group.cancel_scope.cancel()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for event in self._events:
            await send({"type": "http.response.body", "body": event, "more_body": True})
            await anyio.lowlevel.checkpoint()  # so that many streams take turns
        await send({"type": "http.response.body", "body": b""})


async def _cancel_when_left(receive: Receive, scope: anyio.CancelScope) -> None:
    message: Message = {"type": "http.request"}
    while message["type"] != "http.disconnect":
        message = await receive()
    scope.cancel()


def event(value: object) -> bytes:
    """Return an event whose data is JSON."""
    return b"data: " + json.dumps(value).encode("ascii") + b"\n\n"


def chunk_event(chunk: dict[str, Any]) -> bytes:
    """Return the event of a chunk; a choice that goes on says `finish_reason: null`, as OpenAI's do."""
    choices = [{**choice, "finish_reason": choice.get("finish_reason")} for choice in chunk["choices"]]
    return event({**chunk, "choices": choices})


def events_in(body: bytes) -> list[bytes]:
    """Split a body after its blank lines; joined, the pieces are the body."""
    return re.split(rb"(?<=\n\n)(?!\Z)", body)
