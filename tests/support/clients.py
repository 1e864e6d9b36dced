"""Sync and async clients behind one synchronous interface, and the types of the fixtures that create them."""

import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

from anyio.from_thread import BlockingPortal

from pixigpt import AsyncClient, Client, RetryPolicy
from support.scripted_server import Script, ScriptedServer

FAST = RetryPolicy(backoff=0.001)


class Connect(Protocol):
    """Creates a client of the test's variant; it is closed at the test's end."""

    def __call__(self, api_key: str | None = ..., base_url: str | None = ..., **options: Any) -> Client: ...


class Against(Protocol):
    """Starts a server that plays scripts, and creates a client of it; it retries fast unless told otherwise."""

    def __call__(self, *scripts: Script, **options: Any) -> tuple[Client, ScriptedServer]: ...


class StreamInPortal:
    """An `AsyncResponseStream`, or an iterator of many calls, that is used like its sync counterpart."""

    def __init__(self, stream: Any, portal: BlockingPortal) -> None:
        self.stream = stream
        self.portal = portal

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.stream, {"close": "aclose"}.get(name, name))
        if inspect.iscoroutinefunction(found):
            return lambda *args: self.portal.call(found, *args)
        return found

    def __enter__(self) -> "StreamInPortal":
        self.portal.call(self.stream.__aenter__)
        return self

    def __exit__(self, *error: Any) -> None:
        self.portal.call(self.stream.__aexit__, *error)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, None)

    def __next__(self) -> Any:
        if (item := self.read()) is None:
            raise StopIteration
        return item

    def read(self) -> Any:
        async def read() -> bytes | None:
            return await anext(self.stream, None)

        return self.portal.call(read)


class InPortal:
    """An `AsyncClient` that is called like a `Client`: each method runs in another thread's event loop."""

    def __init__(self, client: AsyncClient, portal: BlockingPortal) -> None:
        self.client = client
        self.portal = portal

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, {"close": "aclose"}.get(name, name))
        if inspect.iscoroutinefunction(found):
            return lambda *args, **kwargs: self.portal.call(partial(found, *args, **kwargs))
        if name in ("stream_call", "map_chat_completions", "map_embeddings"):
            return lambda *args, **kwargs: StreamInPortal(found(*args, **kwargs), self.portal)
        return found

    def with_options(self, **options: Any) -> "InPortal":
        return InPortal(self.client.with_options(**options), self.portal)

    def __enter__(self) -> "InPortal":
        self.portal.call(self.client.__aenter__)
        return self

    def __exit__(self, *error: Any) -> None:
        self.portal.call(self.client.__aexit__, *error)

    def __repr__(self) -> str:
        return repr(self.client)
