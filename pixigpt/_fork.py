"""What a forked child must not inherit: locks that a thread of the parent may hold, and the parent's connections."""

import os
import threading
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Something that is renewed in a forked child."""

    def renew(self) -> None: ...


_renewables: WeakSet[Renewable] = WeakSet()


def renew_after_fork(renewable: Renewable) -> None:
    """Renew an object in each child that is forked from now on."""
    _renewables.add(renewable)


class ForkSafeLock:
    """A reentrant lock that is free in a forked child, even if a thread of the parent held it at the fork.

    Reentrant, since a signal handler may make a call while its thread holds the lock.
    """

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Replace the lock by one that nobody holds."""
        self._lock = threading.RLock()


def _renew_all() -> None:
    for renewable in list(_renewables):
        renewable.renew()


with suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all)
