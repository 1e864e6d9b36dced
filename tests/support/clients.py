"""Sync and async clients behind one synchronous interface, and the types of the fixtures that create them."""

import inspect
from functools import partial
from typing import Any, Protocol

import anyio
from anyio.from_thread import BlockingPortal

from pixigpt import AsyncClient, Client, RetryPolicy
from pixigpt.middleware import Middleware
from support.events import HELLO, pauses
from support.scripted_server import Script, ScriptedServer

FAST = RetryPolicy(backoff=0.001)


class Connect(Protocol):
    """Creates a client of the test's variant; it is closed at the test's end."""

    def __call__(self, api_key: str | None = ..., base_url: str | None = ..., **options: Any) -> Client: ...


class Against(Protocol):
    """Starts a server that plays scripts, and creates a client of it; it retries fast unless told otherwise."""

    def __call__(self, *scripts: Script, **options: Any) -> tuple[Client, ScriptedServer]: ...


class IteratorInPortal:
    """An async iterator that is used like a sync one."""

    def __init__(self, iterator: Any, portal: BlockingPortal) -> None:
        self.iterator = iterator
        self.portal = portal

    def __iter__(self) -> "IteratorInPortal":
        return self

    def __next__(self) -> Any:
        async def read() -> Any:
            return await anext(self.iterator, None)

        found = self.portal.call(read)
        if found is None:
            raise StopIteration
        return found


class StreamInPortal(IteratorInPortal):
    """An async stream that is used like its sync counterpart."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.iterator, {"close": "aclose"}.get(name, name))
        if inspect.iscoroutinefunction(found):
            return lambda *args: self.portal.call(found, *args)
        if name == "text":
            return lambda: IteratorInPortal(found(), self.portal)
        return found

    def __enter__(self) -> "StreamInPortal":
        self.portal.call(self.iterator.__aenter__)
        return self

    def __exit__(self, *error: Any) -> None:
        self.portal.call(self.iterator.__aexit__, *error)


class InPortal:
    """An `AsyncClient` that is called like a `Client`: each method runs in another thread's event loop."""

    def __init__(self, client: AsyncClient, portal: BlockingPortal) -> None:
        self.client = client
        self.portal = portal

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, {"close": "aclose"}.get(name, name))
        if inspect.iscoroutinefunction(found):
            return lambda *args, **kwargs: self.portal.call(partial(found, *args, **kwargs))
        if name.startswith(("stream_", "map_")):
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


def cancel_a_stream(backend: str, middleware: Middleware) -> None:
    """Read a stream inside a middleware, in a task that is cancelled after the first event."""

    async def read(base_url: str) -> None:
        async with AsyncClient("sk-test", base_url, timeout=None, middleware=[middleware]) as client:
            with anyio.move_on_after(0.2):
                async with client.stream_chat_completion(HELLO) as stream:
                    async for _ in stream:
                        pass

    with ScriptedServer(pauses) as server:
        anyio.run(read, server.base_url, backend=backend)
