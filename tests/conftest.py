"""What the tests share: a local server, and clients of every colour behind one synchronous face."""

import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, Protocol, cast

import anyio
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from pixigpt import AsyncClient, Client
from pixigpt._clock import Clock
from pixigpt.testing import LocalServer

pytest_plugins = ["pytester"]


class Connect(Protocol):
    """Makes a client of the test's colour; it is closed at the test's end."""

    def __call__(self, api_key: str | None = ..., base_url: str | None = ..., **options: Any) -> Client: ...


class StreamInPortal:
    """An `AsyncResponseStream` that is used like a `ResponseStream`."""

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
        if name == "stream_call":
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


@pytest.fixture(params=["sync", "asyncio", "trio"])
def colour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def portal(colour: str) -> Iterator[BlockingPortal | None]:
    if colour == "sync":
        yield None
    else:
        with start_blocking_portal(backend=colour) as started:
            yield started


@pytest.fixture
def connect(portal: BlockingPortal | None) -> Iterator[Connect]:
    with ExitStack() as clients:

        def make(api_key: str | None = "sk-test", base_url: str | None = None, **options: Any) -> Client:
            if portal is None:
                return clients.enter_context(Client(api_key, base_url, **options))
            client = AsyncClient(api_key, base_url, **options)
            return cast("Client", clients.enter_context(InPortal(client, portal)))

        yield make


@pytest.fixture(scope="session")
def session_server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


@pytest.fixture
def server(session_server: LocalServer) -> LocalServer:
    session_server.reset()
    return session_server


@pytest.fixture
def client(connect: Connect, server: LocalServer) -> Client:
    """A client of the local server, of the test's colour."""
    return connect(server.api_key, server.base_url)


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether a condition holds soon, which something in another thread is to make true."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


async def eventually_async(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """The same, in an event loop that goes on."""
    with anyio.move_on_after(seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for tells no event
            await anyio.sleep(0.005)
    return condition()


class FakeTime:
    """A clock that only a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.clock = Clock(monotonic=lambda: self.now, wall=lambda: self.now + 1e9, random=lambda: 1.0)


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()
