"""The public API on a real socket: runs waited for, captured responses, the raw client, injected httpx clients."""

from typing import Any, assert_type, cast

import anyio
import httpx
import pytest

from pixigpt import (
    AsyncClient,
    ChatCompletion,
    Client,
    NotFoundError,
    Run,
    RunFailedError,
    RunTimeoutError,
    Thread,
    capture_responses,
)
from pixigpt.testing import LocalServer
from pixigpt_api.api.pixigpt import create_thread, get_run, get_thread, list_threads
from pixigpt_api.models import CreateThreadRequest, ErrorResponse, ThreadList


def started(client: Client, server: LocalServer, said: str = "Hi.") -> Run:
    thread = client.create_thread()
    client.create_message(thread.id, "user", said)
    return client.create_run(thread.id, server.assistant_id)


def test_a_run_is_waited_for(client: Client, server: LocalServer) -> None:
    seen: list[str] = []
    run = started(client, server)
    done = client.wait_for_run(run.thread_id, run.id, on_update=lambda run: seen.append(run.status))
    assert done.message is not None
    assert done.message.content[0].text.value == "You said: Hi."
    assert seen == ["queued", "in_progress", "completed"]


def test_a_failed_run_raises_with_its_state(client: Client, server: LocalServer) -> None:
    run = started(client, server, "/fail")
    with pytest.raises(RunFailedError) as caught:
        client.wait_for_run(run.thread_id, run.id)
    assert caught.value.run is not None
    assert caught.value.run.status == "failed"
    assert "the run ended as failed" in str(caught.value)


def test_a_wait_times_out_with_the_last_state(client: Client, server: LocalServer) -> None:
    run = started(client, server)
    with pytest.raises(RunTimeoutError) as caught:
        client.wait_for_run(run.thread_id, run.id, timeout=0.12)
    assert caught.value.run is not None


def test_a_wait_rides_out_a_failing_server(client: Client, server: LocalServer) -> None:
    run = started(client, server)
    server.fail("/threads/*/runs/*", status=502, times=3)
    assert client.wait_for_run(run.thread_id, run.id).status == "completed"


def test_an_exception_of_on_update_comes_through(client: Client, server: LocalServer) -> None:
    def on_update(_: Run) -> None:
        raise LookupError("mine")

    run = started(client, server)
    with pytest.raises(LookupError, match="mine"):
        client.wait_for_run(run.thread_id, run.id, on_update=on_update)


def test_an_async_on_update_is_refused_by_the_sync_client(server: LocalServer) -> None:
    async def on_update(_: Run) -> None: ...

    def disguised(run: Run) -> object:
        return on_update(run)

    with Client(server.api_key, server.base_url) as client:
        run = started(client, server)
        sent = len(server.requests)
        with pytest.raises(TypeError, match="on_update is async: use AsyncClient"):
            client.wait_for_run(run.thread_id, run.id, on_update=on_update)
        with pytest.raises(TypeError, match="on_update is async: use AsyncClient"):
            client.ask(server.assistant_id, "Hello!", on_update=on_update)
        assert len(server.requests) == sent
        with pytest.raises(TypeError, match="on_update is async: use AsyncClient"):
            client.wait_for_run(run.thread_id, run.id, on_update=disguised)


def test_captured_responses_tell_of_successes_and_errors(client: Client, server: LocalServer) -> None:
    with capture_responses() as outer:
        client.create_thread()
        server.fail(status=503)
        with capture_responses() as inner, pytest.raises(NotFoundError):
            client.get_thread("none")
    client.create_thread()
    assert [(each.method, each.path, each.status_code, each.attempts) for each in outer] == [
        ("POST", "/threads", 200, 1),
        ("GET", "/threads/none", 404, 2),
    ]
    assert inner == outer[1:]
    assert inner[0].request_id == inner[0].headers["x-request-id"]
    assert inner[0].elapsed > 0.05


def test_call_takes_any_generated_endpoint(client: Client, server: LocalServer) -> None:
    server.fail(status=503)
    thread = client.call(create_thread, body=CreateThreadRequest())
    assert client.call(get_thread, thread.id) == thread
    assert client.call(get_thread, thread_id=thread.id) == thread
    with pytest.raises(NotFoundError):
        client.call(get_run, "none", run_id="none")
    with pytest.raises(ValueError, match="run_id must not be empty"):
        client.call(get_run, "none", run_id="")


def test_only_a_module_that_the_generator_made_is_an_endpoint(client: Client) -> None:
    with pytest.raises(TypeError, match="endpoint must be a module that `make generate` has made"):
        client.call(cast("Any", pytest))


def test_raw_is_the_generated_client_on_the_same_connections(server: LocalServer) -> None:
    with Client(server.api_key, server.base_url, headers={"X-Team": "a"}) as client:
        response = list_threads.sync_detailed(client=client.raw)
        assert isinstance(response.parsed, ThreadList)
        assert server.requests[-1].headers["x-team"] == "a"
        with client.raw as raw:
            assert isinstance(get_thread.sync("none", client=raw), ErrorResponse)
        assert client.list_threads() == []  # closing it has closed nothing


def test_async_raw_is_the_generated_client_on_the_same_connections(server: LocalServer) -> None:
    async def use() -> None:
        async with AsyncClient(server.api_key, server.base_url) as client:
            response = await list_threads.asyncio_detailed(client=client.raw)
            assert response.status_code == 200

    anyio.run(use)


def test_a_hook_of_an_injected_client_may_read_the_response(server: LocalServer) -> None:
    def read(response: httpx.Response) -> None:
        response.read()

    with (
        httpx.Client(event_hooks={"response": [read]}) as http,
        Client(server.api_key, server.base_url, http_client=http) as client,
    ):
        assert client.list_threads() == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_hook_of_an_injected_async_client_may_read_the_response(server: LocalServer, backend: str) -> None:
    async def read(response: httpx.Response) -> None:
        await response.aread()

    async def use() -> None:
        async with (
            httpx.AsyncClient(event_hooks={"response": [read]}) as http,
            AsyncClient(server.api_key, server.base_url, http_client=http) as client,
        ):
            assert await client.list_threads() == []

    anyio.run(use, backend=backend)


def check_types(client: Client) -> None:
    """Never run: mypy and pyright read it."""
    assert_type(client.create_chat_completion([{"role": "user", "content": "Hi."}]), ChatCompletion)
    assert_type(client.call(get_run, "t", "r"), Run)
    assert_type(client.call(list_threads), ThreadList)
    assert_type(client.call(get_thread, "t"), Thread)
    client.call(get_run, "t", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # must be an error
    client.call(get_run, "t")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # must be an error
