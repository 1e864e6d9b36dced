"""Time: the clock that a flow reads, and `deadline()`, which bounds the calls of a block."""

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from attrs import frozen

from pixigpt._block import block_value
from pixigpt._checks import optional, positive_seconds

EARLY_TIMER = 0.005  # seconds: a timer may go off this early

_block_end: ContextVar[float | None] = ContextVar("pixigpt_deadline", default=None)


@frozen
class Clock:
    """The time and randomness that a flow reads; tests pass their own."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    random: Callable[[], float] = random.random


SYSTEM_CLOCK = Clock()


@contextmanager
def deadline(seconds: float | None) -> Generator[None, None, None]:
    """Bound every call inside the block, of either client, by one wall-clock deadline.

    Blocks nest; the earliest end wins. Threads started inside and calls made elsewhere are not bound.

    Args:
        seconds: How long the block's calls may take altogether, in seconds; None adds no limit.

    Raises:
        ValueError, TypeError: `seconds` is not a number above zero.
        DeadlineExceededError: The deadline passed; raised by the call in flight, not by the block.

    Example:
        >>> from pixigpt import deadline
        >>> with deadline(30):
        ...     thread = client.create_thread()
        ...     message = client.create_message(thread.id, "user", "Hello!")
    """
    optional(positive_seconds)("seconds", seconds)
    end = None if seconds is None else time.monotonic() + seconds
    with block_value(_block_end, earliest(end, _block_end.get())):
        yield


def block_end() -> float | None:
    """Return when the innermost `deadline()` block ends, by the monotonic clock."""
    return _block_end.get()


def earliest(first: float | None, second: float | None) -> float | None:
    """Return the earlier of two ends; None means no end."""
    if first is None:
        return second
    return first if second is None else min(first, second)
