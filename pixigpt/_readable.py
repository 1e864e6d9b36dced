"""A response that is read as it comes, as the block that it is open in, and the middleware around it, see it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from pixigpt._steps import Opened
from pixigpt.errors import PixiGPTError


class AttemptsSoFar(Protocol):
    """How many requests a call has taken, and how long, which is told with its response."""

    sent: int

    def elapsed(self) -> float: ...


class Reading(Protocol):
    """The part of a flow's reading that is told of its response; `ended` is called when it ends, with its error."""

    opened: Opened
    ended: Callable[[PixiGPTError | None], None] | None

    @property
    def attempts(self) -> AttemptsSoFar: ...


class Readable(Protocol):
    """What a flow makes of a response that has been opened."""

    @property
    def reading(self) -> Reading: ...
    @property
    def is_over(self) -> bool: ...
    @property
    def first_chunk_after(self) -> float | None: ...
    def content(self) -> bytes: ...


ReadableT = TypeVar("ReadableT", bound=Readable)
