"""Responses by Idempotency-Key, so that nothing is done twice, also after a restart."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from attrs import define, field
from starlette.responses import Response

from pixigpt.testing._errors import ServiceError
from pixigpt.testing._event_stream import EventStream, events_in, one_by_one
from pixigpt.testing._store import Replay, Store


@define
class Replays:
    """The responses under the newest keys; a request that was not served leaves none."""

    _store: Store
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(init=False, factory=WeakValueDictionary[str, asyncio.Lock])

    @asynccontextmanager
    async def turn(self, key: str | None) -> AsyncGenerator[None]:
        """Let the block run alone for its key, so that a retry waits for the response to the first attempt."""
        if key is None:
            yield
            return
        lock = self._turns.setdefault(key, asyncio.Lock())
        async with lock:
            yield

    def response(self, key: str, asked: bytes) -> Response | None:
        """Return the response that a key has had; raise ServiceError if it was to another request."""
        replay = self._store.replay(key)
        if replay is None:
            return None
        if replay.asked != asked:
            raise ServiceError(409, "This Idempotency-Key belongs to another request.", "idempotency_key_reused")
        if (replay.media_type or "").startswith(EventStream.media_type):
            return EventStream(one_by_one(events_in(replay.body)))
        headers = {} if replay.media_type is None else {"Content-Type": replay.media_type}
        return Response(replay.body, replay.status, headers)

    def keep(self, key: str, asked: bytes, response: Response, body: bytes) -> None:
        """Keep a response, unless it is an error."""
        if response.status_code < 300:
            media_type = response.headers.get("content-type")
            self._store.keep_replay(key, Replay(asked, response.status_code, media_type, body))


def fingerprint(path: str, body: bytes) -> bytes:
    """Return what tells a request from another one."""
    return hashlib.sha256(path.encode() + b"\0" + body).digest()
