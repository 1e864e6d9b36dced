"""What the service remembers, in SQLite: in memory, or in a file that a restart reads again.

A change is one transaction, so that a process that is killed in the middle leaves all of it or nothing.
"""

import json
import sqlite3
import threading
import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from attrs import define, field, frozen

from pixigpt.testing._errors import ServiceError
from pixigpt.testing._paging import Page
from pixigpt_api.models import Assistant, Run, Thread, ThreadMessage

FIRST_ASSISTANT = "asst_1"  # the first id of a new store

_VERSION = 1
_SCHEMA = """
CREATE TABLE objects (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    thread_id TEXT,
    assistant_id TEXT,
    is_open INTEGER NOT NULL DEFAULT 0,
    json TEXT NOT NULL
);
CREATE INDEX in_thread ON objects (thread_id, kind, number);
CREATE INDEX of_kind ON objects (kind, number);
CREATE INDEX of_assistant ON objects (assistant_id, kind);
CREATE TABLE counters (last_id INTEGER NOT NULL, stored INTEGER NOT NULL);
CREATE TABLE replays (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    asked BLOB NOT NULL,
    media_type TEXT,
    status INTEGER NOT NULL,
    body BLOB NOT NULL
);
INSERT INTO counters VALUES (0, 0);
"""
_KINDS: Mapping[type, str] = {Thread: "thread", ThreadMessage: "message", Run: "run", Assistant: "assistant"}
_FILE = "pixigpt.sqlite"
# How many keys are kept: the calls of a minute and more, but fewer of large responses, such as those of many vectors.
_MAX_KEYS = 20_000
_MAX_LARGE = 1_000
_LARGE = 2_000  # bytes
_OPEN = ("queued", "in_progress")

_Stored = TypeVar("_Stored", Thread, ThreadMessage, Run, Assistant)


@frozen
class Replay:
    """A response under an Idempotency-Key, and what it responded to."""

    asked: bytes
    status: int
    media_type: str | None
    body: bytes


@define(eq=False)
class Store:
    """Threads, messages, runs and assistants, at most so many in all; a run counts twice while it is open.

    One connection, used by one thread at a time; the file is locked for as long as it is open.
    """

    _max_stored: int
    _folder: Path | None = None
    _lock: threading.RLock = field(init=False, factory=threading.RLock)
    _connection: sqlite3.Connection | None = field(init=False, default=None)

    def open(self) -> bool:
        """Open it, if it is not open; return whether it is empty. Raise RuntimeError if the folder is in use."""
        if self._connection is None:
            self._connection = _connected(self._folder)
            weakref.finalize(self, self._connection.close)  # what is in memory lives as long as its store
        return self._one("SELECT last_id FROM counters") == 0

    def close(self) -> None:
        """Close the file; what is in memory only is kept."""
        if self._connection is not None and self._folder is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make the changes of the block one; a block inside another is part of it."""
        with self._lock:
            if self._opened().in_transaction:
                yield
                return
            self._run("BEGIN")
            try:
                yield
            except BaseException:
                self._run("ROLLBACK")
                raise
            self._run("COMMIT")

    def clear(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in ("objects", "replays"):
                self._run(f"DELETE FROM {table}")  # noqa: S608  # a constant
            self._run("UPDATE counters SET last_id = 0, stored = 0")

    def new_id(self, kind: str) -> str:
        """Return an id that nothing has had."""
        with self.transaction():
            self._run("UPDATE counters SET last_id = last_id + 1")
            number = self._one("SELECT last_id FROM counters")
        return f"{kind}_{number}"

    def make_room(self, count: int) -> None:
        """Count new things; raise ServiceError if that is more than the limit."""
        with self.transaction():
            if self._one("SELECT stored FROM counters") + count > self._max_stored:
                limit = f"The local server stores at most {self._max_stored:,} threads, messages, runs and assistants"
                raise ServiceError(400, f"{limit}: delete some, or start it with a higher max_stored.", "store_full")
            self.give_back(-count)

    def give_back(self, count: int) -> None:
        """Count things that room was made for and that did not come, or have gone."""
        self._run("UPDATE counters SET stored = stored - ?", count)

    def put(self, thing: Thread | ThreadMessage | Run | Assistant) -> None:
        """Store a thing, which room was made for, or what has become of it."""
        thread_id = None if isinstance(thing, Thread | Assistant) else thing.thread_id
        assistant_id = thing.assistant_id if isinstance(thing, Run) else None
        is_open = isinstance(thing, Run) and thing.status in _OPEN
        self._run(
            "INSERT INTO objects (kind, id, thread_id, assistant_id, is_open, json) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET is_open = excluded.is_open, json = excluded.json",
            *(_KINDS[type(thing)], thing.id, thread_id, assistant_id, is_open, json.dumps(thing.to_dict())),
        )

    def find(self, kind: type[_Stored], thing_id: str, thread_id: str | None = None) -> _Stored | None:
        """Return a thing, in a thread if it has one; None if there is none."""
        found = self._run(
            "SELECT json FROM objects WHERE kind = ? AND id = ? AND thread_id IS ?",
            *(_KINDS[kind], _text(thing_id), thread_id),
        ).fetchone()
        return None if found is None else _decoded(kind, found[0])

    def get(self, kind: type[_Stored], thing_id: str, thread_id: str | None = None) -> _Stored:
        """Return a thing; raise ServiceError if there is none."""
        found = self.find(kind, thing_id, thread_id)
        if found is None:
            raise ServiceError(404, f"There is no {_KINDS[kind]} {thing_id}.", "not_found")
        return found

    def all_messages(self, thread_id: str) -> list[ThreadMessage]:
        """Return a thread's messages, oldest first."""
        return self._list(ThreadMessage, "thread_id = ?", [thread_id], "ASC", -1)

    def page(
        self,
        kind: type[_Stored],
        page: Page,
        *,
        thread_id: str | None = None,
        assistant_id: str | None = None,
        default_limit: int | None = None,
    ) -> tuple[list[_Stored], bool]:
        """Return a page of a list, and whether more follow: messages newest first, all else oldest first."""
        where, given = "thread_id IS ?", [thread_id]
        if assistant_id is not None:
            where += " AND id IN (SELECT thread_id FROM objects WHERE assistant_id = ?)"
            given.append(assistant_id)
        order, follows = ("DESC", "<") if kind is ThreadMessage else ("ASC", ">")
        if page.after is not None:
            number = self._number(kind, page.after, where, given)
            where += f" AND number {follows} {number}"
        limit = page.limit or default_limit
        found = self._list(kind, where, given, order, -1 if limit is None else limit + 1)
        return found[:limit], limit is not None and len(found) > limit

    def delete_thread(self, thread_id: str) -> list[str]:
        """Forget a thread with its messages and runs; return the ids of the runs that were open."""
        opened = "SELECT id FROM objects WHERE thread_id = ? AND is_open"
        with self.transaction():
            runs = [str(row[0]) for row in self._run(opened, thread_id)]
            gone = self._run("DELETE FROM objects WHERE id = ? OR thread_id = ?", thread_id, thread_id).rowcount
            self.give_back(gone + len(runs))
        return runs

    def delete_assistant(self, assistant_id: str) -> None:
        """Forget an assistant."""
        with self.transaction():
            self._run("DELETE FROM objects WHERE id = ?", assistant_id)
            self.give_back(1)

    def open_runs(self) -> list[Run]:
        """Return the runs that have not ended."""
        return self._list(Run, "is_open", [], "ASC", -1)

    def replay(self, key: str) -> Replay | None:
        """Return the response that an Idempotency-Key has had; None if it is new."""
        row = self._run("SELECT asked, status, media_type, body FROM replays WHERE key = ?", key).fetchone()
        return None if row is None else Replay(*row)

    def keep_replay(self, key: str, replay: Replay) -> None:
        """Keep the response of an Idempotency-Key; forget the oldest one if there are many, a large one sooner."""
        with self.transaction():
            self._run(
                "INSERT INTO replays (key, asked, status, media_type, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (key) DO NOTHING",  # of two streams under one key, the first that is whole
                key,
                replay.asked,
                replay.status,
                replay.media_type,
                replay.body,
            )
            newest = self._one("SELECT max(number) FROM replays")
            self._run("DELETE FROM replays WHERE number <= ?", newest - _MAX_KEYS)
            self._run("DELETE FROM replays WHERE number = ? AND length(body) > ?", newest - _MAX_LARGE, _LARGE)

    def _number(self, kind: type[_Stored], thing_id: str, where: str, given: list[str | None]) -> int:
        sql = f"SELECT number FROM objects WHERE kind = ? AND {where} AND id = ?"  # noqa: S608  # constants
        found = self._run(sql, _KINDS[kind], *given, _text(thing_id)).fetchone()
        if found is None:
            raise ServiceError(400, f"after: there is no {thing_id} in this list.")
        return int(found[0])

    def _list(self, kind: type[_Stored], where: str, given: list[str | None], order: str, limit: int) -> list[_Stored]:
        sql = f"SELECT json FROM objects WHERE kind = ? AND {where} ORDER BY number {order} LIMIT ?"  # noqa: S608  # as above
        return [_decoded(kind, row[0]) for row in self._run(sql, _KINDS[kind], *given, limit)]

    def _one(self, sql: str) -> int:
        return int(self._run(sql).fetchone()[0])

    def _run(self, sql: str, *given: object) -> sqlite3.Cursor:
        return self._opened().execute(sql, given)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the store is closed")
        return self._connection


def _text(given: str) -> str:
    """Return a text that SQLite can compare: half a surrogate pair, which JSON allows, is in no id."""
    return given.encode(errors="replace").decode()


def _decoded(kind: type[_Stored], text: str) -> _Stored:
    return kind.from_dict(json.loads(text))


def _connected(folder: Path | None) -> sqlite3.Connection:
    """Return a connection to the store; raise RuntimeError if the folder's is in use, or is none of ours."""
    if folder is None:
        return _prepared(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / _FILE, timeout=0, isolation_level=None, check_same_thread=False)
        return _locked(connection)
    except (OSError, sqlite3.Error) as cause:
        is_busy = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        reason = "another server is using it" if is_busy else str(cause)
        raise RuntimeError(f"the folder {folder} cannot be used: {reason}") from cause


def _locked(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        return _prepared(connection)
    except sqlite3.Error:
        connection.close()
        raise


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Make the tables of a new store."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        connection.executescript(f"BEGIN EXCLUSIVE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
    elif version != _VERSION:
        raise sqlite3.DatabaseError(f"{_FILE} has the format {version}, not {_VERSION}")
    return connection
