"""What the local server keeps in a folder, who may use it, and that without one nothing is written."""

import os
import sqlite3
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.scripted_server import ScriptedServer, read_request
from support.waiting import eventually

from pixigpt import ChunkDelta, Client, ConflictError, NotFoundError, RunFailedError, ServerError
from pixigpt.testing import LocalServer
from pixigpt.testing.__main__ import main
from pixigpt.testing._rule import Rule
from pixigpt.testing._store import Replay, Store


def connected(server: LocalServer) -> Client:
    return Client(server.api_key, server.base_url)


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with LocalServer(data_dir=folder, run_seconds=0) as server, connected(server) as client:
        thread = client.create_thread()
        empty = client.create_thread()
        client.delete_thread(client.create_thread().id)
        client.create_messages_bulk(thread.id, [{"role": "user", "content": text} for text in ("One.", "Two.")])
        run = client.wait_for_run(thread.id, client.create_run(thread.id, server.assistant_id).id)
        ada = client.create_assistant("Ada", "Count.", tools_config="{}")
        client.update_assistant(ada.id, "Ada", "Count well.")
        before = (client.list_threads(), client.list_messages(thread.id), client.list_assistants())
    with LocalServer(data_dir=folder) as server, connected(server) as client:
        assert (client.list_threads(), client.list_messages(thread.id), client.list_assistants()) == before
        assert client.get_run(thread.id, run.id) == run
        assert client.get_assistant(ada.id).instructions == "Count well."
        assert [each.id for each in client.list_assistant_threads(server.assistant_id)] == [thread.id]
        known = {thread.id, empty.id, run.id, ada.id}
        assert client.create_thread().id not in known | {"thread_4"}  # nor the one that was deleted
        client.delete_assistant(server.assistant_id)
    with LocalServer(data_dir=folder) as server, connected(server) as client:
        assert [each.id for each in client.list_assistants()] == [ada.id]
        server.reset()
        assert (client.list_threads(), [each.name for each in client.list_assistants()]) == ([], ["Pixi"])


def test_a_server_that_was_stopped_goes_on_with_its_folder(tmp_path: Path) -> None:
    server = LocalServer(data_dir=tmp_path)
    for count in (1, 2):
        with server, connected(server) as client:
            client.create_thread()
            assert len(client.list_threads()) == count
    server.reset()  # also while it is stopped
    with server, connected(server) as client:
        assert client.list_threads() == []


def test_a_run_that_a_restart_cuts_is_failed_and_tells_why(tmp_path: Path) -> None:
    with LocalServer(data_dir=tmp_path, run_seconds=60, max_stored=5) as server, connected(server) as client:
        thread = client.create_thread().id
        client.create_message(thread, "user", "Hello.")
        run = client.create_run(thread, server.assistant_id)
    with LocalServer(data_dir=tmp_path, max_stored=5) as server, connected(server) as client:
        cut = client.get_run(thread, run.id)
        assert cut.status == "failed"
        assert cut.message is not None
        assert cut.message.content[0].text.value == "The server was stopped while the run was under way."
        assert len(client.list_messages(thread)) == 1
        client.create_message(thread, "user", "There is room for what did not come.")


def test_what_is_stored_counts_after_a_restart(tmp_path: Path) -> None:
    with LocalServer(data_dir=tmp_path, max_stored=3) as server, connected(server) as client:
        client.create_thread()
    with LocalServer(data_dir=tmp_path, max_stored=3) as server, connected(server) as client:
        client.create_thread()
        with pytest.raises(Exception, match="stores at most 3"):
            client.create_thread()


def test_a_key_is_known_after_a_restart(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"messages": [{"role": "system", "content": "x"}], "stream": True}
    seen: list[list[httpx.Response]] = []
    for _ in range(2):
        with LocalServer(data_dir=tmp_path) as server:
            headers = {"Authorization": f"Bearer {server.api_key}"}
            with httpx.Client(base_url=server.base_url, headers=headers) as http:
                answers = [
                    http.post("/threads", json={}, headers={"Idempotency-Key": "a"}),
                    http.post("/chat/completions", json=asked, headers={"Idempotency-Key": "b"}),
                ]
                seen.append(answers)
                assert len(http.get("/threads").json()["data"]) == 1
    with LocalServer(data_dir=tmp_path) as server, connected(server) as client, pytest.raises(ConflictError):
        client.with_options(headers={"Idempotency-Key": "b"}).create_thread()
    for first, second in zip(*seen, strict=True):
        assert second.content == first.content
        assert second.headers["content-type"] == first.headers["content-type"]


def test_one_server_at_a_time_uses_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with LocalServer(data_dir=tmp_path) as first:
        with pytest.raises(RuntimeError, match="another server is using it") as caught:
            LocalServer(data_dir=tmp_path).start()
        assert str(tmp_path) in str(caught.value)
        assert main(["--port", "0", "--data-dir", str(tmp_path)]) == 1
        assert f"the folder {tmp_path} cannot be used: another server is using it\n" in capsys.readouterr().err
        with connected(first) as client:
            client.create_thread()
    with LocalServer(data_dir=tmp_path) as second, connected(second) as client:
        assert len(client.list_threads()) == 1


def test_a_folder_that_is_no_store_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pixigpt.sqlite").write_bytes(b"not a database, but long enough to look like a file of some kind" * 20)
    with pytest.raises(RuntimeError, match="file is not a database") as caught:
        LocalServer(data_dir=tmp_path).start()
    assert str(tmp_path) in str(caught.value)
    other = tmp_path / "other"
    with LocalServer(data_dir=other):
        pass
    with sqlite3.connect(other / "pixigpt.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RuntimeError, match=r"pixigpt\.sqlite has the format 99, not 1"):
        LocalServer(data_dir=other).start()
    (tmp_path / "file").write_text("")
    (tmp_path / "odd" / "pixigpt.sqlite").mkdir(parents=True)
    for folder in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "odd"):
        with pytest.raises(RuntimeError, match=r"the folder .* cannot be used: ") as caught:
            LocalServer(data_dir=folder).start()
        assert str(folder) in str(caught.value)
        assert main(["--port", "0", "--data-dir", str(folder)]) == 1
        assert f"the folder {folder} cannot be used: " in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="there are no such modes")
def test_a_new_folder_is_the_users_own(tmp_path: Path) -> None:
    with LocalServer(data_dir=tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    with LocalServer() as server, connected(server) as client:
        thread = client.create_thread().id
        client.create_messages_bulk(thread, [{"role": "user", "content": "x" * 10_000}] * 200)
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_reset_ends_the_runs_and_starts_over_while_they_go_on() -> None:
    came, left = threading.Event(), threading.Event()

    def waits(connection: Any) -> None:
        read_request(connection)
        came.set()
        if connection.recv(1) == b"":
            left.set()

    with (
        ScriptedServer(waits) as slow,
        LocalServer(upstream=slow.base_url, upstream_model="m") as server,
        connected(server) as client,
    ):
        thread = client.create_thread().id
        client.create_run(thread, server.assistant_id)
        assert came.wait(5)
        server.reset()
        assert left.wait(5)
        assert client.create_thread().id == thread
        with pytest.raises(NotFoundError):
            client.get_run(thread, "run_3")


def test_a_when_may_use_the_server() -> None:
    with LocalServer() as server, connected(server) as client:
        client.create_thread()

        def begins_again(_: object) -> bool:
            server.reset()
            server.reply("Begun again.")
            return False

        server.fail("/chat/completions", when=begins_again)
        answer = client.create_chat_completion([{"role": "system", "content": "x"}])
        assert answer.choices[0].message.content == "Begun again."
        assert client.list_threads() == []


def test_a_store_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="the store is closed"):
        Store(1).new_id("thread")


def test_an_error_of_the_server_itself_fails_the_run_and_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise LookupError("not today")

    monkeypatch.setattr(Rule, "run", broken)
    with LocalServer() as server, connected(server) as client:
        thread = client.create_thread().id
        with pytest.raises(RunFailedError) as caught:
            client.wait_for_run(thread, client.create_run(thread, server.assistant_id).id)
        assert "An error in the local server: LookupError('not today')" in str(caught.value.run)
        assert [str(error) for error in server.errors] == ["not today"]


def test_a_run_whose_end_cannot_be_stored_is_told_of_and_can_be_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    put = Store.put

    def put_until_full(store: Store, thing: Any) -> None:
        if getattr(thing, "status", None) == "completed":
            raise sqlite3.OperationalError("database or disk is full")
        put(store, thing)

    monkeypatch.setattr(Store, "put", put_until_full)
    with LocalServer(run_seconds=0) as server, connected(server) as client:
        thread = client.create_thread().id
        run = client.create_run(thread, server.assistant_id).id
        assert eventually(lambda: [str(error) for error in server.errors] == ["database or disk is full"])
        assert client.get_run(thread, run).status == "in_progress"
        client.delete_thread(thread)
        assert client.list_threads() == []


def test_an_error_of_the_server_itself_in_a_stream_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> AsyncGenerator[ChunkDelta]:
        yield ChunkDelta(content="Hi.")
        raise LookupError("not today")

    monkeypatch.setattr(Rule, "stream", broken)
    with LocalServer() as server, connected(server) as client:
        stream = client.stream_chat_completion([{"role": "system", "content": "x"}])
        with pytest.raises(ServerError, match="LookupError") as caught, stream:
            stream.completion()
        assert caught.value.mid_stream
        assert [str(error) for error in server.errors] == ["not today"]


def test_of_many_keys_the_oldest_are_forgotten_those_of_large_responses_first() -> None:
    store = Store(1)
    store.open()
    for number in range(20_001):
        body = b"x" * (3_000 if number in (10, 19_999) else 10)
        store.keep_replay(f"key {number}", Replay(b"", 200, None, body))
    kept = [number for number in range(20_001) if store.replay(f"key {number}")]
    assert kept == [number for number in range(1, 20_001) if number != 10]
