"""What the hostile tests share: a client of the test's colour against a server that plays scripts."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
from conftest import Connect

from hostile.server import Script, ScriptedServer
from pixigpt import Client, RetryPolicy

FAST = RetryPolicy(backoff=0.001)


class Against(Protocol):
    """Starts a server that plays scripts, and makes a client of it; its retries come fast if nothing else is said."""

    def __call__(self, *scripts: Script, **options: Any) -> tuple[Client, ScriptedServer]: ...


@pytest.fixture
def against(connect: Connect) -> Iterator[Against]:
    with ExitStack() as servers:

        def make(*scripts: Script, **options: Any) -> tuple[Client, ScriptedServer]:
            server = servers.enter_context(ScriptedServer(*scripts))
            given: dict[str, Any] = {"retry": FAST, **options}
            return connect(base_url=server.base_url, **given), server

        yield make
