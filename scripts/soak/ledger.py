"""Which message was sent to which thread, and whether the server has each exactly once."""

import json
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class Page:
    """What is known of one thread."""

    begun: int = 0
    runs: int = 0
    is_deleted: bool = False
    sent: set[str] = field(default_factory=set[str])
    kept: set[str] = field(default_factory=set[str])


class Ledger:
    """The record of all threads. It is a file, or it would count as memory that the client takes."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # __exit__ closes it
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def note(self, thread_id: str, what: str, *texts: str) -> None:
        """Note that texts are `sent` to a thread or `kept` by it, or that a thread is `begun`, `run` or `deleted`."""
        with self._lock:
            self._file.write(json.dumps([thread_id, what, *texts]) + "\n")

    def pages(self) -> dict[str, Page]:
        """Return all that was noted, by thread."""
        pages: dict[str, Page] = {}
        self._file.seek(0)
        for line in self._file:
            thread_id, what, *texts = json.loads(line)
            enter(pages.setdefault(thread_id, Page()), what, texts)
        return pages


def enter(page: Page, what: str, texts: Iterable[str]) -> None:
    """Put one note on its page."""
    page.begun += what == "begun"
    page.runs += what == "run"
    page.is_deleted |= what == "deleted"
    if what in ("sent", "kept"):
        (page.sent if what == "sent" else page.kept).update(texts)


def faults_of(page: Page, users: Iterable[str], answers: int) -> Mapping[str, int]:
    """Return what is wrong with a thread, given the users' texts on the server and the number of its responses."""
    there = Counter(users)
    return {
        "lost": len(page.kept - there.keys()),
        "duplicates": sum(times - 1 for times in there.values()) + max(0, answers - page.runs),
        "mismatched": len(there.keys() - page.sent) + max(0, page.begun - 1),
    }
