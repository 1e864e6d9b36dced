"""Fixtures for users' own tests: `pixigpt_server`, `pixigpt_client`, `pixigpt_async_client`.

A test that used one of them fails if it left a fault or a reply that no request has met, or if the server's own code
raised an exception.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # the rest is imported at the first use: pytest loads this file in every project that has pixigpt
    from pixigpt import AsyncClient, Client
    from pixigpt.testing import LocalServer


@pytest.fixture(scope="session")
def _pixigpt_session_server() -> "Iterator[LocalServer]":
    from pixigpt.testing import LocalServer

    with LocalServer() as server:
        yield server


@pytest.fixture
def pixigpt_server(_pixigpt_session_server: "LocalServer") -> "LocalServer":
    """Provide a local PixiGPT server, empty at the start of each test."""
    _pixigpt_session_server.reset()
    return _pixigpt_session_server


@pytest.fixture
def pixigpt_client(pixigpt_server: "LocalServer") -> "Iterator[Client]":
    """Provide a client of `pixigpt_server`."""
    from pixigpt import Client

    with Client(pixigpt_server.api_key, pixigpt_server.base_url) as client:
        yield client


@pytest.fixture
def pixigpt_async_client(pixigpt_server: "LocalServer") -> "Iterator[AsyncClient]":
    """Provide an async client of `pixigpt_server`, for the event loop of the test."""
    import anyio

    from pixigpt import AsyncClient

    client = AsyncClient(pixigpt_server.api_key, pixigpt_server.base_url)
    yield client
    anyio.run(client.aclose)  # what was open has gone with the test's event loop


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed, if it left something unused or the server had an error of its own."""
    result = yield
    fixtures: dict[str, Any] = getattr(item, "funcargs", {})
    server: LocalServer | None = fixtures.get("pixigpt_server")
    if server is not None:
        _fail_if_not_clean(server)
    return result


def _fail_if_not_clean(server: "LocalServer") -> None:
    if server.errors:
        raise AssertionError("the local server had an error of its own") from server.errors[0]
    if server.unused:
        pytest.fail(f"no request has met {' or '.join(server.unused)}", pytrace=False)
