"""Faults: how the server misbehaves when a test tells it to, and which requests meet it."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Literal

from attrs import define, field

from pixigpt import _checks
from pixigpt.testing._requests import ReceivedRequest, condition

Kind = Literal["fail", "delay", "cut", "drip", "ignore_stream", "skip_done", "linger"]

_OPTIONS = {"status": None, "retry_after": None, "mid_stream": False, "after_chunks": None, "between_chunks": 0.0}

_COUNT = _checks.validator(_checks.optional(_checks.non_negative_int))
_SECONDS = _checks.validator(_checks.non_negative)


def _error_status(name: str, value: object) -> None:
    if not isinstance(value, int) or not 300 <= value < 600:
        raise ValueError(f"{name} must be an HTTP status from 300 to 599, not {value!r}")


@define
class Fault:
    """One kind of misbehaviour, for the requests that match, a number of times."""

    kind: Kind
    path: str
    times: int | None = field(validator=_COUNT)
    when: Callable[[ReceivedRequest], bool] | None = field(validator=_checks.validator(_checks.optional(condition)))
    seconds: float = field(default=0.0, validator=_SECONDS)
    status: int | None = field(default=None, validator=_checks.validator(_checks.optional(_error_status)))
    retry_after: float | str | None = None
    mid_stream: bool = False
    after_chunks: int | None = field(default=None, validator=_COUNT)
    between_chunks: float = field(default=0.0, validator=_SECONDS)
    is_used: bool = field(default=False, init=False)

    def __str__(self) -> str:
        """Return the call that asked for it."""
        first = [str(self.seconds)] if self.kind in ("delay", "drip") else []
        shown = [f"{name}={value!r}" for name, default in _OPTIONS.items() if (value := getattr(self, name)) != default]
        return f"{self.kind}({', '.join([*first, repr(self.path), f'times={self.times}', *shown])})"

    @property
    def is_for_streams(self) -> bool:
        """Whether only a streamed response can have it."""
        by_kind = self.kind in ("ignore_stream", "skip_done", "linger")
        return by_kind or self.mid_stream or self.after_chunks is not None or self.between_chunks > 0

    def matches(self, request: ReceivedRequest) -> bool:
        """Return whether a request is to meet it."""
        if not fnmatchcase(request.path, self.path) or (self.is_for_streams and not request.asks_for_stream):
            return False
        return self.when is None or self.when(request)
