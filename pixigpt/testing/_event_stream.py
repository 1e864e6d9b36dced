"""A response of server-sent events, which ends when the client leaves."""

import json
import re
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, suppress
from typing import Any

import anyio
import anyio.lowlevel
from attrs import define, field
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from pixigpt.testing._errors import ServiceError, error_body

DONE = b"data: [DONE]\n\n"


class EndedError(Exception):
    """Raised by a `send` that has ended the response itself."""


class EventStream(Response):
    """Events, each sent as it comes; `when_whole` gets them all, once all were sent.

    A client that leaves cancels the sending where it stands, and closes where the events come from: uvicorn swallows
    what is sent to nobody, so that without this a stream would go on to its end. A ServiceError of the events is the
    response if it is the first that comes, else the last event.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes], when_whole: Callable[[bytes], None] | None = None) -> None:
        super().__init__(headers={"Cache-Control": "no-cache"})
        del self.headers["content-length"]
        self._events = events
        self._when_whole = when_whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        out = _Out(send, {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with anyio.create_task_group() as group:
            group.start_soon(_cancel_when_left, receive, group.cancel_scope)
            with suppress(EndedError):
                try:
                    await self._send(out)
                except ServiceError as error:
                    await (out.fail(error) if out.has_begun else error.response()(scope, receive, send))
            group.cancel_scope.cancel()

    async def _send(self, out: "_Out") -> None:
        sent: list[bytes] = []
        async with aclosing(self._events) as events:
            async for event in events:
                sent.append(event)
                await out.event(event)
        if self._when_whole is not None:
            self._when_whole(b"".join(sent))
        await out.end()


@define
class _Out:
    """The ASGI messages of a stream; the head goes out with the first event."""

    _send: Send
    _head: Message
    has_begun: bool = field(init=False, default=False)

    async def event(self, event: bytes) -> None:
        await self._begin()
        await self._send({"type": "http.response.body", "body": event, "more_body": True})
        await anyio.lowlevel.checkpoint()  # so that many streams take turns

    async def fail(self, error: ServiceError) -> None:
        """Say what went wrong; clients tell an error's class by a `code` that is a status."""
        await self.event(json_event(error_body(error.status, str(error), error.status, error.kind)))
        await self.end()

    async def end(self) -> None:
        await self._begin()
        await self._send({"type": "http.response.body", "body": b""})

    async def _begin(self) -> None:
        if not self.has_begun:
            self.has_begun = True
            await self._send(self._head)


async def _cancel_when_left(receive: Receive, scope: anyio.CancelScope) -> None:
    message: Message = {"type": "http.request"}
    while message["type"] != "http.disconnect":
        message = await receive()
    scope.cancel()


async def one_by_one(events: Iterable[bytes]) -> AsyncGenerator[bytes]:
    """Yield events that are there already."""
    for event in events:
        yield event


def json_event(value: object) -> bytes:
    """Return an event whose data is JSON."""
    return b"data: " + json.dumps(value).encode("ascii") + b"\n\n"


def chunk_event(chunk: dict[str, Any]) -> bytes:
    """Return the event of a chunk; a choice that goes on says `finish_reason: null`, as OpenAI's do."""
    choices = [{**choice, "finish_reason": choice.get("finish_reason")} for choice in chunk["choices"]]
    return json_event({**chunk, "choices": choices})


def events_in(body: bytes) -> list[bytes]:
    """Split a body after its blank lines; joined, the pieces are the body."""
    return re.split(rb"(?<=\n\n)(?!\Z)", body)
