"""How far a batch is, and what it has used and cost."""

from attrs import frozen

from pixigpt_api.models import Usage


@frozen(kw_only=True)
class BatchProgress:
    """How far `run_batch` is; what its `on_progress` gets at the start and after each item.

    Attributes:
        done: Items that this run has answered.
        failed: Items that ended in an error in this run.
        skipped: Items that the output had already when the run began.
        total: Items in the input; None while it is being read for the first time.
        usage: The tokens that this run has used.
        cost: What they cost, by `price`; None without one.
        elapsed: How long the run has taken, in seconds.

    Example:
        >>> from pixigpt.bulk import BatchProgress
        >>> usage = Usage(prompt_tokens=300, completion_tokens=60, total_tokens=360)
        >>> progress = BatchProgress(done=30, failed=0, skipped=0, total=100, usage=usage, cost=None, elapsed=2.0)
        >>> progress.rate, progress.left
        (15.0, 70)
    """

    done: int
    failed: int
    skipped: int
    total: int | None
    usage: Usage
    cost: float | None
    elapsed: float

    @property
    def rate(self) -> float:
        """Items a second, done and failed, in this run.

        Example:
            >>> from pathlib import Path
            >>> written = Path("prompts.jsonl").write_text('{"id": "a", "prompt": "Hello!"}')
            >>> client.run_batch("prompts.jsonl", "answers.jsonl").rate > 0
            True
        """
        return (self.done + self.failed) / self.elapsed if self.elapsed else 0.0

    @property
    def left(self) -> int | None:
        """How many items are still to come; None if `total` is.

        Example:
            >>> from pathlib import Path
            >>> written = Path("prompts.jsonl").write_text('{"id": "a", "prompt": "Hello!"}')
            >>> summary = client.run_batch(
            ...     "prompts.jsonl", "answers.jsonl", on_progress=lambda progress: print(progress.left)
            ... )
            1
            0
        """
        return None if self.total is None else self.total - self.done - self.failed - self.skipped


@frozen(kw_only=True)
class BatchSummary(BatchProgress):
    """What `run_batch` has done.

    Attributes:
        total: Items in the input.
        done: Items that this run has answered.
        failed: Items that ended in an error in this run; they are repeated when the batch is started again.
        skipped: Items that the output had already when the run began.
        usage: The tokens that this run has used.
        cost: What they cost, by `price`; None without one.
        elapsed: How long the run took, in seconds.
        is_interrupted: Whether Ctrl-C ended the run before its last item.

    Example:
        >>> from pathlib import Path
        >>> written = Path("prompts.jsonl").write_text('{"id": "a", "prompt": "Hello!"}')
        >>> summary = client.run_batch("prompts.jsonl", "answers.jsonl", price=(0.5, 2.0))
        >>> summary.done, summary.failed, summary.usage.total_tokens > 0, summary.cost > 0
        (1, 0, True, True)
    """

    total: int
    is_interrupted: bool = False
