"""Drives a batch for the async client: what is asked, written and told of it, in turn."""

from collections.abc import Callable
from contextlib import aclosing
from functools import partial

from pixigpt.bulk._async_help import Rows, awaited, in_thread
from pixigpt.bulk._bar import Bar
from pixigpt.bulk._batch import Batch
from pixigpt.bulk._interrupt import Interruption
from pixigpt.bulk._items import WorkPlan
from pixigpt.bulk._plan import AnyClient
from pixigpt.bulk._progress import BatchProgress, BatchSummary
from pixigpt.bulk._tasks import AsyncItems

_PATIENCE = 10.0  # for what is in flight at the first Ctrl-C


async def run(
    client: AnyClient,
    batch: Batch,
    plan: WorkPlan,
    *,
    resume: bool,
    progress: bool,
    on_progress: Callable[[BatchProgress], object] | None,
) -> BatchSummary:
    """Run a batch to its end, or to the first Ctrl-C."""
    await in_thread(partial(batch.open, resume=resume))
    try:
        async with aclosing(AsyncItems(client, Rows(batch.prompts()), plan)) as items:
            with Interruption(partial(items.stop, _PATIENCE)) as interruption, Bar(is_wanted=progress) as bar:
                await _tell(batch, bar, on_progress)
                async for work in items:
                    batch.record(work)
                    await _tell(batch, bar, on_progress)
        return batch.summary(is_interrupted=interruption.has_come)
    finally:
        batch.close()


async def _tell(batch: Batch, bar: Bar, on_progress: Callable[[BatchProgress], object] | None) -> None:
    progress = batch.progress()
    bar.show(progress)
    if on_progress is not None:
        await awaited(on_progress(progress))
