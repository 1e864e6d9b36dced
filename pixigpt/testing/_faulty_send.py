"""What a fault does to a response on its way out."""

import anyio
from attrs import define, field
from starlette.types import Message, Send

from pixigpt.testing._errors import error_body
from pixigpt.testing._event_stream import DONE, EndedError, json_event
from pixigpt.testing._faults import Fault

_CHUNKS_BEFORE_AN_ERROR = 2  # the role and a piece


class CutError(Exception):
    """Tells uvicorn to close the connection where it stands."""


@define
class FaultySend:
    """A `send` that does to a response what a fault says; each message of a streamed body is an event.

    The head is held back until something of the body comes, since a cut may change it.
    """

    _send: Send
    _fault: Fault
    _head: Message | None = field(init=False, default=None)
    _chunks: int = field(init=False, default=0)
    _is_stream: bool = field(init=False, default=False)

    async def __call__(self, message: Message) -> None:
        """Send a message, or what the fault makes of it."""
        if message["type"] == "http.response.start":
            self._head = message
            return
        self._is_stream = self._is_stream or message.get("more_body", False)
        if not (self._fault.kind == "skip_done" and message.get("body") == DONE):
            await self._send_faulty(message)
        self._chunks += 1

    async def _send_faulty(self, message: Message) -> None:
        match self._fault.kind:
            case "cut":
                return await self._cut(message)
            case "drip" if message.get("body") and self._fault.seconds:
                return await self._drip(message)
            case "fail" if self._chunks == _CHUNKS_BEFORE_AN_ERROR:
                return await self._fail()
            case "delay" if message.get("body") and self._chunks:
                await anyio.sleep(self._fault.between_chunks)
            case "linger" if self._is_stream and not message.get("more_body"):
                await anyio.sleep_forever()  # until the client leaves
            case _:
                pass
        return await self._forward(message)

    async def _forward(self, message: Message) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            await self._send(head)
        await self._send(message)

    async def _cut(self, message: Message) -> None:
        """Cut off a stream after some of its events, or in the middle of its second one; a plain body in its middle."""
        body: bytes = message.get("body", b"")
        after = self._fault.after_chunks if self._is_stream else None
        if self._is_stream and message.get("more_body") and self._chunks < (1 if after is None else after):
            await self._forward(message)
            return
        if not body and self._head is not None:  # there is no body, so promise one
            self._head = {**self._head, "status": 200, "headers": [(b"content-length", b"2")]}
            body = b"  "
        sent = body[: len(body) // 2] if after is None else b""
        await self._forward({"type": "http.response.body", "body": sent, "more_body": True})
        raise CutError

    async def _fail(self) -> None:
        """Say in the stream that it has failed, and end it there."""
        status = self._fault.status or 500
        error = json_event(error_body(status, "This failure was asked for.", code=status))
        await self._forward({"type": "http.response.body", "body": error})
        raise EndedError

    async def _drip(self, message: Message) -> None:
        body: bytes = message["body"]
        for index in range(len(body)):
            await anyio.sleep(self._fault.seconds)
            more_body = message.get("more_body", False) or index < len(body) - 1
            await self._forward({**message, "body": body[index : index + 1], "more_body": more_body})
