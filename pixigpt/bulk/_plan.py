"""What both drivers of a bulk run are given: its engine, and what to do with each request and each item."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, Self, TypeVar, Unpack

from attrs import define, field, frozen

from pixigpt._capture import CapturedResponse
from pixigpt._checks import non_negative_int, optional, positive, positive_int
from pixigpt._clock import SYSTEM_CLOCK, block_end
from pixigpt._settings import Options
from pixigpt.bulk._bucket import Bucket
from pixigpt.bulk._engine import Engine, Work
from pixigpt.bulk._pace import Pace

T = TypeVar("T")
R = TypeVar("R")


class AnyClient(Protocol):
    """What a run needs of a client, of either variant, beside the method that it calls."""

    def with_options(self, **options: Unpack[Options]) -> Self: ...


@frozen
class Speed:
    """How much of the service a bulk run may take."""

    concurrency: int
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_failures: int | None = None

    def __attrs_post_init__(self) -> None:
        positive_int("concurrency", self.concurrency)
        optional(positive)("requests_per_minute", self.requests_per_minute)
        optional(positive)("tokens_per_minute", self.tokens_per_minute)
        optional(non_negative_int)("max_failures", self.max_failures)


@define(eq=False)
class Plan(Generic[T, R]):
    """A bulk run: `read` turns a request into work, `call` works on it with a client, `show` gives what is yielded."""

    speed: Speed
    total_timeout: float | None
    read: Callable[[int, object], Work[T]]
    call: Callable[[Any, Work[T]], Any]  # returns T, or what is awaited for it
    tokens: Callable[[T], float]  # that a result has used
    show: Callable[[Work[T]], R]
    is_ordered: bool = True
    engine: Engine[T] = field(init=False)

    def __attrs_post_init__(self) -> None:
        now = SYSTEM_CLOCK.monotonic()
        per_minute = self.speed.requests_per_minute, self.speed.tokens_per_minute
        requests, tokens = (None if rate is None else Bucket(rate, now) for rate in per_minute)
        self.engine = Engine(
            Pace(self.speed.concurrency, requests, tokens),
            self.speed.concurrency,
            is_ordered=self.is_ordered,
            max_failures=self.speed.max_failures,
            total_timeout=self.total_timeout,
            end=block_end(),
        )

    def succeed(self, work: Work[T], result: T, responses: Sequence[CapturedResponse]) -> None:
        """Tell the engine an item's result, with what its call has taken."""
        self.engine.succeed(work, result, sum(each.attempts for each in responses), self.tokens(result))


def item_options(work: Work[Any]) -> Options:
    """Return the client's options for the next call of an item."""
    left = work.left(SYSTEM_CLOCK.monotonic())
    return work.options if left is None else {**work.options, "total_timeout": left}


def new_key() -> Options:
    """Return the options of an item that has an Idempotency-Key of its own, the same however often it is repeated."""
    return {"headers": {"Idempotency-Key": str(uuid.uuid4())}}


def check_input(name: str, given: object, *kinds: type) -> None:
    """Raise TypeError if the input of a run cannot be iterated, or is a single one."""
    found = type(given).__name__
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, kinds):
        raise TypeError(f"{name} must be an iterable of them, such as a list, not {found}")
