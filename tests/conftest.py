"""Fixtures: a local server, servers that play scripts, and clients of each variant with one synchronous interface."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from support.clients import FAST, Against, Connect, InPortal
from support.command import Done, Run, run_command
from support.scripted_server import Script, ScriptedServer
from support.waiting import FakeTime

from pixigpt import AsyncClient, Client
from pixigpt.testing import LocalServer

pytest_plugins = ["pytester"]


@pytest.fixture(params=["sync", "asyncio", "trio"])
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def portal(variant: str) -> Iterator[BlockingPortal | None]:
    if variant == "sync":
        yield None
    else:
        with start_blocking_portal(backend=variant) as started:
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


@pytest.fixture
def against(connect: Connect) -> Iterator[Against]:
    with ExitStack() as servers:

        def make(*scripts: Script, **options: Any) -> tuple[Client, ScriptedServer]:
            server = servers.enter_context(ScriptedServer(*scripts))
            given: dict[str, Any] = {"retry": FAST, **options}
            return connect(base_url=server.base_url, **given), server

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
    """Return a client of the local server, of the test's variant."""
    return connect(server.api_key, server.base_url)


@pytest.fixture
def http(server: LocalServer) -> Iterator[httpx.Client]:
    """Return a bare client of the local server."""
    headers = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def cli(server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a runner of commands against the local server, with no settings of the machine's user."""
    for name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "PIXIGPT_PROFILE",
        "PIXIGPT_TIMEOUT",
        "PIXIGPT_RETRIES",
        "PIXIGPT_ASSISTANT",
        "DEFAULT_ASSISTANT_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    given = {
        "PIXIGPT_API_KEY": server.api_key,
        "PIXIGPT_BASE_URL": server.base_url,
        "PIXIGPT_CONFIG": str(tmp_path / "config.toml"),
        "COLUMNS": "80",
    }

    def run(
        *arguments: str, stdin: bytes = b"", terminal: bool = False, terminal_in: bool = False, **environment: str
    ) -> Done:
        return run_command(arguments, stdin, {**given, **environment}, terminal=terminal, terminal_in=terminal_in)

    return run
