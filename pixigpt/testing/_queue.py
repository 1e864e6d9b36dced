"""What a test has asked for, faults and replies alike, until the requests have come that meet it."""

import threading
from typing import Generic, Protocol, TypeVar

from attrs import define, field

from pixigpt.testing._requests import ReceivedRequest


class Planned(Protocol):
    """What a test has asked for, a number of times; its text is the call that asked for it."""

    times: int | None
    is_used: bool

    def matches(self, request: ReceivedRequest) -> bool: ...


PlannedT = TypeVar("PlannedT", bound=Planned)


@define
class Queue(Generic[PlannedT]):
    """What is still to come, in the order in which it was requested."""

    _pending: list[PlannedT] = field(init=False, factory=list[PlannedT])
    _lock: threading.RLock = field(init=False, factory=threading.RLock)  # a `when` may use the server

    def add(self, planned: PlannedT) -> None:
        """Ask for one more."""
        with self._lock:
            self._pending.append(planned)

    def take(self, request: ReceivedRequest) -> PlannedT | None:
        """Return what a request meets, if anything: the first that matches."""
        with self._lock:
            self._pending = [each for each in self._pending if each.times != 0]
            for each in self._pending:
                if each.matches(request):
                    each.times = None if each.times is None else each.times - 1
                    each.is_used = True
                    return each
        return None

    def unused(self) -> list[str]:
        """Return what no request has met, each as the call that asked for it."""
        with self._lock:
            return [str(each) for each in self._pending if not each.is_used and each.times != 0]

    def clear(self) -> None:
        """Forget all that is still to come."""
        with self._lock:
            self._pending.clear()
