"""What the service remembers: threads, runs and assistants, at most so many in all."""

import itertools
from collections.abc import Iterator

from attrs import define, field

from pixigpt.testing._errors import ServiceError
from pixigpt.testing._model import Reply
from pixigpt_api.models import Assistant, CreateRunRequest, Message, Run, Thread, ThreadMessage


@define
class StoredRun:
    """A run, and what it needs to end."""

    run: Run
    asked: list[Message]
    assistant: Assistant
    request: CreateRunRequest
    started: float
    planned: Reply | None


@define
class StoredThread:
    """A thread with its messages, oldest first, and its runs."""

    thread: Thread
    messages: list[ThreadMessage] = field(factory=list[ThreadMessage])
    runs: dict[str, StoredRun] = field(factory=dict[str, StoredRun])

    def has_run_of(self, assistant_id: str) -> bool:
        """Return whether an assistant has run on it."""
        return any(run.run.assistant_id == assistant_id for run in self.runs.values())


@define
class Store:
    """Threads and assistants by their ids; a run counts twice, for the message that it will add."""

    _max_stored: int
    threads: dict[str, StoredThread] = field(init=False, factory=dict[str, StoredThread])
    assistants: dict[str, Assistant] = field(init=False, factory=dict[str, Assistant])
    _stored: int = field(init=False, default=0)
    _numbers: Iterator[int] = field(init=False, factory=lambda: itertools.count(1))

    def new_id(self, kind: str) -> str:
        """Return an id that nothing has had."""
        return f"{kind}_{next(self._numbers)}"

    def make_room(self, count: int) -> None:
        """Count new things; raise ServiceError if that is more than the limit."""
        if self._stored + count > self._max_stored:
            limit = f"The local server stores at most {self._max_stored:,} threads, messages, runs and assistants"
            raise ServiceError(400, f"{limit}: delete some, or start it with a higher max_stored.", code="store_full")
        self._stored += count

    def thread(self, thread_id: str) -> StoredThread:
        """Return a thread; raise ServiceError if there is none."""
        if thread_id not in self.threads:
            raise ServiceError(404, f"There is no thread {thread_id}.", code="not_found")
        return self.threads[thread_id]

    def assistant(self, assistant_id: str) -> Assistant:
        """Return an assistant; raise ServiceError if there is none."""
        if assistant_id not in self.assistants:
            raise ServiceError(404, f"There is no assistant {assistant_id}.", code="not_found")
        return self.assistants[assistant_id]

    def delete_thread(self, thread_id: str) -> None:
        """Forget a thread with its messages and runs; raise ServiceError if there is none."""
        thread = self.thread(thread_id)
        open_runs = sum(run.run.status in ("queued", "in_progress") for run in thread.runs.values())
        self._stored -= 1 + len(thread.messages) + len(thread.runs) + open_runs
        del self.threads[thread_id]

    def delete_assistant(self, assistant_id: str) -> None:
        """Forget an assistant; raise ServiceError if there is none."""
        del self.assistants[self.assistant(assistant_id).id]
        self._stored -= 1

    def give_back(self, count: int) -> None:
        """Count things that room was made for and that did not come."""
        self._stored -= count
