# Made from bulk/_async_run.py by `make generate`: edit that file instead.
"""Drives a batch for the sync client: what is asked, written and told of it, in turn."""

from collections.abc import Callable
from contextlib import closing
from functools import partial

from pixigpt._checks import not_awaitable
from pixigpt.bulk._bar import Bar
from pixigpt.bulk._batch import Batch
from pixigpt.bulk._interrupt import Interruption
from pixigpt.bulk._items import WorkPlan
from pixigpt.bulk._plan import AnyClient
from pixigpt.bulk._progress import BatchProgress, BatchSummary
from pixigpt.bulk._threads import Items

_PATIENCE = 10.0  # for what is in flight at the first Ctrl-C


def run(
    client: AnyClient,
    batch: Batch,
    plan: WorkPlan,
    *,
    resume: bool,
    progress: bool,
    on_progress: Callable[[BatchProgress], object] | None,
) -> BatchSummary:
    """Run a batch to its end, or to the first Ctrl-C."""
    batch.open(resume=resume)
    try:
        with closing(Items(client, batch.prompts(), plan)) as items:
            with Interruption(partial(items.stop, _PATIENCE)) as interruption, Bar(is_wanted=progress) as bar:
                _tell(batch, bar, on_progress)
                for work in items:
                    batch.record(work)
                    _tell(batch, bar, on_progress)
        return batch.summary(is_interrupted=interruption.has_come)
    finally:
        batch.close()


def _tell(batch: Batch, bar: Bar, on_progress: Callable[[BatchProgress], object] | None) -> None:
    progress = batch.progress()
    bar.show(progress)
    if on_progress is not None:
        not_awaitable("on_progress", on_progress(progress))
