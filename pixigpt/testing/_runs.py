"""Runs under way: each is a task, which asks the model and stores how the run ended."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable

from attrs import define, field, frozen

from pixigpt.testing._attachments import attach
from pixigpt.testing._messages import thread_message
from pixigpt.testing._model import LanguageModel, Question, RunEnd
from pixigpt.testing._replies import PlannedReply
from pixigpt.testing._rule import Rule, last_said
from pixigpt.testing._store import Store
from pixigpt_api.models import Run

CUT = "The server was stopped while the run was under way."

_log = logging.getLogger("pixigpt.testing")


@frozen
class Job:
    """A run to carry out: what is asked, perhaps what to say, and whether the assistant has the service's tools."""

    run: Run
    question: Question
    planned: PlannedReply | None
    has_tools: bool


@define
class Runs:
    """The runs under way; `broken` gets the exceptions of the server's own code."""

    _store: Store
    _model: LanguageModel
    _rule: Rule
    _broken: Callable[[str, Exception], object]
    _tasks: dict[str, asyncio.Task[None]] = field(init=False, factory=dict[str, asyncio.Task[None]])

    def start(self, job: Job) -> None:
        """Begin the work on a run."""
        task = asyncio.get_running_loop().create_task(self._carry_out(job))
        self._tasks[job.run.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.run.id, None))

    def cancel(self, run_ids: Iterable[str] | None = None) -> None:
        """End the work on runs, or on all of them, without a trace."""
        for run_id in [*self._tasks] if run_ids is None else run_ids:
            if (
                task := self._tasks.pop(run_id, None)
            ) is not None:  # of one whose end could not be stored there is none
                task.cancel()

    def fail_cut_ones(self) -> None:
        """Fail the runs that no task works on: the server was stopped meanwhile."""
        with self._store.transaction():
            for run in self._store.open_runs():
                self._finish(run, RunEnd("failed", reason=CUT))

    async def _carry_out(self, job: Job) -> None:
        try:
            end = await self._end_of(job)
        except Exception as error:  # noqa: BLE001  # the boundary: whatever it is, it is logged and kept
            self._broken(job.run.id, error)
            end = RunEnd("failed", reason=f"An error in the local server: {error!r}")
        try:
            self._finish(job.run, end, last_said(job.question.messages) if job.has_tools else "")
        except sqlite3.Error as error:  # such as a full disk: the run stays open, until a restart fails it
            self._broken(job.run.id, error)

    async def _end_of(self, job: Job) -> RunEnd:
        def begin() -> None:
            job.run.status = "in_progress"
            self._store.put(job.run)

        if job.planned is None:
            return await self._model.run(job.question, begin)
        await self._rule.take_time(begin)
        return RunEnd("completed", job.planned.said(job.question.messages, job.question.instructions))

    def _finish(self, run: Run, end: RunEnd, command: str = "") -> None:
        """Store how a run ended. The message of a failed one tells why, and is not in the thread."""
        text = end.reason if end.said is None else end.said.content or ""
        with self._store.transaction():
            run.status, run.model = end.status, self._model.name
            if text is not None:
                reasoning = None if end.said is None else end.said.reasoning
                run.message = thread_message(self._store.new_id, run.thread_id, "assistant", text, reasoning)
            if run.message is not None and end.said is not None:
                attach(run.message, command, self._store.new_id)
                self._store.put(run.message)
            else:
                self._store.give_back(1)
            self._store.put(run)
        if end.reason is not None:
            _log.warning("%s failed: %s", run.id, end.reason)
