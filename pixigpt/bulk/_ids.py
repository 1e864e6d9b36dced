"""Which ids a batch has, and which are done, in a file that vanishes with the process, so that memory does not grow."""

import hashlib
import sqlite3
from typing import cast

_SCHEMA = """
pragma journal_mode = off;
pragma synchronous = off;
pragma cache_size = -16384;
create table input (id blob primary key, place text) without rowid;
create table output (id blob primary key, is_done integer) without rowid;
"""


class Ids:
    """The ids of an input and of an output, each as 16 bytes of its hash.

    SQLite keeps a database without a name in a temporary file, and of that 16 MiB in memory.
    """

    def __init__(self) -> None:
        # One thread uses it at a time; the async client reads files in several.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._database.execute("begin")

    def add_output(self, id: str, *, is_done: bool) -> None:
        """Note a line of the output: the last one of an id counts."""
        self._database.execute("insert or replace into output values (?, ?)", (_digest(id), is_done))

    def add_input(self, id: str, place: str) -> str | None:
        """Note a row of the input; return the place of an earlier one of the same id, if there is one."""
        if self._database.execute("insert or ignore into input values (?, ?)", (_digest(id), place)).rowcount:
            return None
        found = self._database.execute("select place from input where id = ?", (_digest(id),)).fetchone()
        return cast("str", found[0])

    def is_done(self, id: str) -> bool:
        """Return whether the output's last line of an id is a response."""
        found = self._database.execute("select is_done from output where id = ?", (_digest(id),)).fetchone()
        return found is not None and bool(found[0])

    def close(self) -> None:
        """Delete the file."""
        self._database.close()


def _digest(id: str) -> bytes:
    return hashlib.blake2b(id.encode(errors="surrogatepass"), digest_size=16).digest()
