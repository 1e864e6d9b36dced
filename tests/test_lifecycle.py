"""Event loops and processes: a client outlives its event loop, a fork, and a pickle."""

import asyncio
import copy
import gc
import multiprocessing
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncGenerator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from operator import methodcaller
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from support.pools import open_files
from support.scripted_server import EMPTY, ScriptedServer, responds
from support.waiting import eventually

from pixigpt import AsyncClient, Client, ClientClosedError, NotFoundError, RetryPolicy, _fork
from pixigpt._transport.loops import start_task
from pixigpt.testing import LocalServer


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_client_works_in_one_event_loop_after_the_other(backend: str) -> None:
    with ScriptedServer(responds(EMPTY)) as server:
        client = AsyncClient("sk-test", server.base_url)
        anyio.run(client.list_threads, backend=backend)
        before = open_files()
        for number in range(2, 6):
            assert anyio.run(client.list_threads, backend=backend) == []
            assert server.connections == number
            assert eventually(lambda: server.open == 0)  # the loop took its connections along
        gc.collect()
        assert open_files() <= before
        anyio.run(client.aclose, backend=backend)


def test_an_async_client_does_not_keep_the_event_loops_that_have_ended(server: LocalServer) -> None:
    loops: weakref.WeakSet[object] = weakref.WeakSet()

    async def use() -> None:
        loops.add(asyncio.get_running_loop())
        await client.list_assistants()

    client = AsyncClient(server.api_key, server.base_url)
    for _ in range(10):
        asyncio.run(use())
    gc.collect()
    assert len(loops) == 0
    anyio.run(client.aclose)


def test_an_async_client_works_on_trio_after_asyncio() -> None:
    with ScriptedServer(responds(EMPTY)) as server:
        client = AsyncClient("sk-test", server.base_url)
        assert anyio.run(client.list_threads, backend="asyncio") == []
        assert anyio.run(client.list_threads, backend="trio") == []
        anyio.run(client.aclose)


def test_an_async_client_works_in_two_event_loops_at_once() -> None:
    async def use() -> list[Any]:
        return [await client.list_threads() for _ in range(20)]

    def run(backend: str) -> list[Any]:
        return anyio.run(use, backend=backend)

    with ScriptedServer(responds(EMPTY)) as server, ThreadPoolExecutor(4) as threads:
        client = AsyncClient("sk-test", server.base_url)
        assert list(threads.map(run, ["asyncio", "trio", "asyncio", "trio"])) == [[[]] * 20] * 4
        anyio.run(client.aclose)
        assert eventually(lambda: server.open == 0)


@pytest.mark.parametrize("closes", ["asyncio", "trio"])
@pytest.mark.parametrize("other", ["asyncio", "trio"])
def test_closed_in_one_event_loop_it_leaves_no_connection_in_another(closes: str, other: str) -> None:
    with (
        ScriptedServer(responds(EMPTY)) as server,
        start_blocking_portal(closes) as goes,
        start_blocking_portal(other) as stays,
    ):
        client = AsyncClient("sk-test", server.base_url)
        assert goes.call(client.list_threads) == stays.call(client.list_threads) == []
        assert server.open == 2
        goes.call(client.aclose)
        gc.collect()
        assert eventually(lambda: server.open == 0)
        with pytest.raises(ClientClosedError):
            stays.call(client.list_threads)


def test_a_loop_of_trio_that_is_ending_is_asked_in_vain_to_start_a_task() -> None:
    ended: list[str] = []

    async def left_open() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:  # trio closes it at its end, when it starts no more tasks
            start_task(anyio.lowlevel.checkpoint)
            ended.append("well")

    async def use() -> None:
        generators.append(left_open())
        await anext(generators[0])

    generators: list[AsyncGenerator[None, None]] = []
    anyio.run(use, backend="trio")
    assert ended == ["well"]


ABRUPT_END = """
import asyncio, sys
from pixigpt import AsyncClient

client = AsyncClient("sk-local", sys.argv[1])
loop = asyncio.new_event_loop()
print(loop.run_until_complete(client.list_threads()))
loop.close()
print(asyncio.run(client.list_threads()))
asyncio.run(client.aclose())
"""


def run_script(script: str, *arguments: str, warnings: str = "default") -> str:
    """Run Python code in a process of its own; what it printed."""
    command = [sys.executable, "-W", warnings, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    return done.stdout


def test_an_event_loop_that_is_closed_without_ceremony_does_not_harm_the_next(server: LocalServer) -> None:
    # asyncio itself warns of what such a loop leaves behind
    assert run_script(ABRUPT_END, server.base_url, warnings="ignore::ResourceWarning") == "[]\n[]\n"


def test_an_async_client_that_was_closed_in_one_loop_is_closed_in_the_next() -> None:
    client = AsyncClient("sk-test", "http://127.0.0.1:1/v1")
    anyio.run(client.aclose)
    with pytest.raises(Exception, match="the client is closed"):
        anyio.run(client.list_threads)


FORK = """
import os, stat, sys, threading, time
from pixigpt import Client

def open_files():
    for name in os.listdir("/proc/self/fd"):
        if os.path.exists(f"/proc/self/fd/{name}"):
            yield int(name)

client = Client("sk-local", sys.argv[1])
thread = client.create_thread()
in_call = threading.Thread(target=client.wait_for_run, args=sys.argv[2:4])
in_call.start()
time.sleep(0.1)
pid = os.fork()
if pid == 0:
    inherited = sum(stat.S_ISSOCK(os.fstat(fd).st_mode) for fd in open_files())
    same = client.get_thread(thread.id) == thread
    client.close()
    os._exit(0 if same and inherited == 0 else 1)
_, status = os.waitpid(pid, 0)
in_call.join()
assert client.get_thread(thread.id) == thread
client.close()
print("child", os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_has_connections_and_locks_of_its_own(server: LocalServer) -> None:
    with Client(server.api_key, server.base_url) as client:
        thread = client.create_thread()
        client.create_message(thread.id, "user", "Hi.")
        run = client.create_run(thread.id, server.assistant_id)
    # Python itself warns of a fork with threads
    printed = run_script(FORK, server.base_url, thread.id, run.id, warnings="ignore::DeprecationWarning")
    assert printed == "child 0\n"


def test_a_lock_that_another_thread_holds_at_the_fork_is_free_in_the_child() -> None:
    with Client("sk-test") as client:
        for locked in (client._settings.budget, client._transport):
            with ThreadPoolExecutor(1) as another:
                another.submit(locked._lock.__enter__).result()
            assert not locked._lock._lock.acquire(blocking=False)
        _fork._renew_all()
        assert client._settings.budget.spend()
        assert client._transport.get()


def test_a_renewed_pool_lets_go_of_what_it_had() -> None:
    with ScriptedServer(responds(EMPTY)) as server, Client("sk-test", server.base_url) as client:
        client.list_threads()
        _fork._renew_all()
        assert eventually(lambda: server.open == 0)
        assert client.list_threads() == []
        assert server.connections == 2


@pytest.mark.parametrize("made_by", [pickle.dumps, None], ids=["pickled", "deep-copied"])
def test_a_pickled_client_carries_its_settings_and_opens_connections_of_its_own(
    made_by: Any, server: LocalServer
) -> None:
    policy = RetryPolicy(max_retries=1, budget=None)
    limits = httpx.Limits(max_connections=3)
    with Client(server.api_key, server.base_url, retry=policy, limits=limits, proxy=None, timeout=7) as client:
        client.create_thread()
        copied: Client = pickle.loads(pickle.dumps(client)) if made_by else copy.deepcopy(client)
        with copied:
            assert len(copied.list_threads()) == 1
            assert (copied._settings.timeout, copied._settings.retry) == (7, policy)
            assert copied._settings.budget is not client._settings.budget
            assert copied._transport._options.limits == limits
        assert len(client.list_threads()) == 1


def test_a_pickled_copy_owns_its_connections() -> None:
    with Client("sk-test") as client:
        copied = pickle.loads(pickle.dumps(client.with_options(timeout=5)))
        copied.close()
        with pytest.raises(Exception, match="the client is closed"):
            copied.list_threads()


def test_a_pickled_async_client_works(server: LocalServer) -> None:
    client = AsyncClient(server.api_key, server.base_url)
    copied = pickle.loads(pickle.dumps(client))

    async def use() -> list[Any]:
        async with copied:
            threads: list[Any] = await copied.list_threads()
            return threads

    assert anyio.run(use) == []
    anyio.run(client.aclose)


@pytest.mark.parametrize("kind_of_client", [Client, AsyncClient])
def test_a_client_with_injected_connections_cannot_be_pickled_and_says_why(kind_of_client: Any) -> None:
    client = kind_of_client("sk-test", transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    with pytest.raises(TypeError, match="cannot be pickled: its connections were injected"):
        pickle.dumps(client)


def test_a_spawned_process_uses_a_pickled_client(server: LocalServer) -> None:
    spawn = multiprocessing.get_context("spawn")
    with Client(server.api_key, server.base_url) as client, ProcessPoolExecutor(1, mp_context=spawn) as processes:
        thread = client.create_thread()
        assert processes.submit(methodcaller("get_thread", thread.id), client).result(30) == thread
        error = processes.submit(methodcaller("get_thread", "none"), client).exception(30)
        assert isinstance(error, NotFoundError)
        assert str(error).startswith("GET /threads/none: 404 Not Found")


OPEN_AT_EXIT = """
import asyncio, sys, threading
from pixigpt import AsyncClient, Client

client, async_client = Client("sk-local", sys.argv[1]), AsyncClient("sk-local", sys.argv[1])
print(client.list_threads(), asyncio.run(async_client.list_threads()))
"""


def test_an_interpreter_that_ends_with_open_clients_prints_nothing_odd(server: LocalServer) -> None:
    assert run_script(OPEN_AT_EXIT, server.base_url, warnings="ignore::ResourceWarning") == "[] []\n"


@pytest.mark.parametrize(("capacity", "retries"), [(2.5, 2), (0, 0), (None, 1000)])
def test_a_budgets_capacity_is_pickled(capacity: float | None, retries: int) -> None:
    with Client("sk-test", retry=RetryPolicy(budget=capacity)) as client:
        copied = pickle.loads(pickle.dumps(client))
        assert [copied._settings.budget.spend() for _ in range(1000)] == [True] * retries + [False] * (1000 - retries)
        copied.close()


def test_threads_that_make_the_first_call_at_once_open_one_pool() -> None:
    with Client("sk-test") as client, ThreadPoolExecutor(8) as threads:
        barrier = threading.Barrier(8)

        def get(_: int) -> object:
            barrier.wait()
            return client._transport.get()

        assert len(set(threads.map(get, range(8)))) == 1
