"""A host with several addresses is reached by whichever of them works, soon, and each socket that lost is closed."""

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from support.clients import Connect
from support.scripted_server import EMPTY, ScriptedServer, responds

from pixigpt import APIConnectionError, APITimeoutError, Client
from pixigpt._transport import resolver
from pixigpt._transport.asyncio_dial import dial_async
from pixigpt._transport.dial import dial

Resolve = Callable[..., None]


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Let every name have these addresses."""

    def resolve(*hosts: str) -> None:
        def look_up(_: object, port: int, *__: object, **___: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]

        monkeypatch.setattr("socket.getaddrinfo", look_up)

    return resolve


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(responds(EMPTY), responds(EMPTY), responds(EMPTY)) as running:
        yield running


@pytest.fixture
def dead(server: ScriptedServer) -> Iterator[str]:
    """An address that takes no connection, on the server's port: its backlog is full."""
    address = ("127.0.0.3", int(server.base_url.split(":")[2].split("/")[0]))
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(address)
        listener.listen(0)
        stack.enter_context(socket.create_connection(address))
        yield address[0]


def named(server: ScriptedServer) -> str:
    return server.base_url.replace("127.0.0.1", "many.localhost")


@pytest.mark.parametrize("refusing", [[], ["127.0.0.2"], ["255.255.255.255", "127.0.0.2"]])
def test_the_next_address_is_tried_where_one_refuses(
    connect: Connect, server: ScriptedServer, addresses: Resolve, refusing: list[str]
) -> None:
    addresses(*refusing, "127.0.0.1")
    client = connect(base_url=named(server), max_retries=0)
    assert client.list_threads() == []
    client.close()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_dead_address_does_not_cost_the_time_that_connecting_may_take(
    connect: Connect, server: ScriptedServer, dead: str, addresses: Resolve, is_first: bool
) -> None:
    addresses(*([dead, "127.0.0.1"] if is_first else ["127.0.0.2", "127.0.0.1", dead]))
    client = connect(base_url=named(server), max_retries=0)
    started = time.monotonic()
    assert client.list_threads() == []
    assert time.monotonic() - started < 4  # connecting may take 10 s
    client.close()


def test_where_the_last_address_refuses_an_earlier_one_is_still_waited_for(
    connect: Connect, server: ScriptedServer, dead: str, addresses: Resolve
) -> None:
    addresses(dead, "127.0.0.2")
    client = connect(base_url=named(server), max_retries=0, timeout=0.6)
    with pytest.raises(APITimeoutError, match="could not connect"):
        client.list_threads()
    client.close()


@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:1"])
def test_a_connection_that_the_system_gives_up_is_a_timeout(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, proxy: str | None
) -> None:
    """As Linux does when nobody has answered for two minutes."""

    def give_up(*_: object) -> None:
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    client = connect(base_url="http://127.0.0.1:1/v1", max_retries=0, proxy=proxy)
    monkeypatch.setattr(socket.socket, "connect", give_up)
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: errno.ETIMEDOUT)
    with pytest.raises(APITimeoutError, match=r"could not connect to 127\.0\.0\.1:1 in time"):
        client.list_threads()
    client.close()


def test_where_all_addresses_refuse_one_is_named(connect: Connect, addresses: Resolve) -> None:
    addresses("127.0.0.2", "127.0.0.4")
    client = connect(base_url="http://many.localhost:1/v1", max_retries=0)
    with pytest.raises(APIConnectionError, match=r"could not connect to many\.localhost:1: .*\[Errno 111\]"):
        client.list_threads()
    client.close()


def test_without_a_timeout_an_address_is_waited_for(server: ScriptedServer, addresses: Resolve) -> None:
    addresses("127.0.0.2", "127.0.0.1")
    with Client("sk-test", named(server), timeout=None, max_retries=0) as client:
        assert client.list_threads() == []


def test_an_address_of_a_family_that_the_machine_lacks_is_passed_over(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pixigpt._transport.dial.family_of", lambda host: 9999 if host == "::1" else socket.AF_INET)
    port = int(server.base_url.split(":")[2].split("/")[0])
    with dial(["::1", "127.0.0.1"], port, time.monotonic() + 5) as connected:
        assert connected.getpeername() == ("127.0.0.1", port)
    with pytest.raises(OSError, match="not supported"):
        dial(["::1"], port, time.monotonic() + 5)


def test_of_two_addresses_that_take_the_connection_at_once_one_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[socket.socket] = []

    async def main() -> None:
        are_through = asyncio.Event()

        async def connected(*_: object) -> socket.socket:
            await are_through.wait()
            opened.append(socket.socket())
            return opened[-1]

        monkeypatch.setattr("pixigpt._transport.asyncio_dial._connected", connected)
        asyncio.get_running_loop().call_later(0.01, are_through.set)
        winner = await dial_async(["192.0.2.1", "192.0.2.2"], 80)
        await asyncio.sleep(0)
        assert [each.fileno() >= 0 for each in opened].count(True) == 1
        winner.close()

    monkeypatch.setattr("pixigpt._transport.asyncio_dial.ATTEMPT_DELAY", 0)
    asyncio.run(main())
    assert len(opened) == 2


def test_ipv6_and_ipv4_take_turns_in_the_order_of_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.1"]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (host, 1)) for host in hosts])
    turns = ["2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3"]
    assert resolver.resolve("many.test", 1, None) == turns
