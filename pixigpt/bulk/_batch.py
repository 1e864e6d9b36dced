"""A batch between its files: what is still to be asked, what is written of it, how far it is. It sends nothing."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import Any, cast

from pixigpt._clock import SYSTEM_CLOCK
from pixigpt.bulk._batch_arguments import BatchArguments
from pixigpt.bulk._checkpoint import Checkpoint
from pixigpt.bulk._engine import Work
from pixigpt.bulk._formats import rows_of
from pixigpt.bulk._ids import Ids
from pixigpt.bulk._items import WorkPlan, chat_work, work_plan
from pixigpt.bulk._plan import Speed
from pixigpt.bulk._progress import BatchProgress, BatchSummary
from pixigpt.bulk._prompts import Prompt
from pixigpt.errors import APIError, PixiGPTError
from pixigpt_api.models import ChatCompletion, Usage

PathLike = str | os.PathLike[str]

_NUMBERED = (".csv", ".parquet")  # files that know no ids of their own


class Batch:
    """A batch. Its constructor checks the arguments, `open()` both files, before anything is sent."""

    def __init__(self, input: PathLike, output: PathLike, *, arguments: BatchArguments) -> None:
        self._input, self._output = input, output
        self._arguments = arguments
        self._fingerprint = arguments.fingerprint
        self._reader = arguments.reader(is_numbered=os.fspath(input).lower().endswith(_NUMBERED))
        self._rows = rows_of(input)
        self._files = ExitStack()
        self._usage = [0, 0, 0]
        self._done = self._failed = self._skipped = 0
        self._total: int | None = None
        self._started = SYSTEM_CLOCK.monotonic()

    def plan(self, speed: Speed, total_timeout: float | None) -> WorkPlan:
        """Return how its prompts are worked on."""
        return work_plan(self._work, speed, total_timeout)

    def open(self, *, resume: bool) -> None:
        """Lock the output, and read both files once: what is done, and whether every row of the input is good.

        Raises:
            ValueError: A row is bad; the output is not this batch's.
            RuntimeError: Another process is writing to the output.
            OSError: A file cannot be read or written.
        """
        with suppress(FileNotFoundError):  # there is no output yet
            if Path(self._output).samefile(self._input):
                raise ValueError("input and output are the same file")
        with ExitStack() as files:
            self._checkpoint = checkpoint = files.enter_context(
                Checkpoint(self._output, str(self._fingerprint), resume=resume)
            )
            self._ids = Ids()
            files.callback(self._ids.close)
            for written, is_done in checkpoint.items():
                self._ids.add_output(written, is_done=is_done)
            try:
                self._total = self._check_input()
            except BaseException:
                checkpoint.discard()
                raise
            self._files = files.pop_all()

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def prompts(self) -> Iterator[tuple[int, Prompt]]:
        """Yield what is still to be asked, with its place in the input, reading on only as it is taken."""
        for index, row in enumerate(islice(self._rows(), self._total)):
            prompt = self._reader.read(index, row)
            if not self._ids.is_done(prompt.id):
                yield index, prompt

    def record(self, work: Work[ChatCompletion]) -> None:
        """Write what became of an item; raise OSError if that cannot be written."""
        line: dict[str, Any] = {"id": work.id, "index": work.index}
        if work.result is None:
            self._failed += 1
            line |= {"error": _error(cast("PixiGPTError", work.error)), "usage": None}
        else:
            self._done += 1
            usage = work.result.usage
            for place, tokens in enumerate((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)):
                self._usage[place] += tokens
            line |= {"response": work.result.to_dict(), "usage": usage.to_dict()}
        self._checkpoint.append(line)

    def progress(self) -> BatchProgress:
        """Return how far it is."""
        read, written, together = self._usage
        usage = Usage(prompt_tokens=read, completion_tokens=written, total_tokens=together)
        return BatchProgress(
            done=self._done,
            failed=self._failed,
            skipped=self._skipped,
            total=self._total,
            usage=usage,
            cost=self._arguments.cost(usage),
            elapsed=SYSTEM_CLOCK.monotonic() - self._started,
        )

    def summary(self, *, is_interrupted: bool) -> BatchSummary:
        """Return what it has done."""
        progress = self.progress()
        fields = {name: getattr(progress, name) for name in BatchProgress.__annotations__}
        return BatchSummary(**fields, is_interrupted=is_interrupted and progress.left != 0)

    def _check_input(self) -> int:
        """Read the input once; return how many rows it has."""
        index = -1
        for index, row in enumerate(self._rows()):
            prompt = self._reader.read(index, row)
            if (earlier := self._ids.add_input(prompt.id, row.place)) is not None:
                raise ValueError(f"{row.place}: the id {prompt.id!r} is there twice: {earlier} has it too")
            self._skipped += self._ids.is_done(prompt.id)
        return index + 1

    def _work(self, _: int, row: object) -> Work[ChatCompletion]:
        index, prompt = cast("tuple[int, Prompt]", row)
        name = prompt.id.encode(errors="backslashreplace").decode()  # it may have half a surrogate pair
        options: dict[str, Any] = {"headers": {"Idempotency-Key": str(uuid.uuid5(self._fingerprint, name))}}
        if prompt.extra_body:
            options["extra_body"] = {**self._arguments.extra_body, **prompt.extra_body}
        return chat_work(index, prompt.id, prompt, prompt.arguments, cast("Any", options))


def _error(error: PixiGPTError) -> dict[str, object]:
    """Return an error as a line has it."""
    status = error.status_code if isinstance(error, APIError) else None
    return {
        "type": type(error).__name__,
        "message": error.message,
        "status_code": status,
        "request_id": getattr(error, "request_id", None),
        "attempts": error.attempts,
    }
