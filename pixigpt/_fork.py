"""What a forked child must not inherit: locks that a thread of the parent's may hold, and the parent's connections."""

import os
import threading
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Something that is made anew in a forked child."""

    def renew(self) -> None: ...


_renewables: WeakSet[Renewable] = WeakSet()


def renew_after_fork(renewable: Renewable) -> None:
    """Have something made anew in each child that is forked from now on."""
    _renewables.add(renewable)


class Locked:
    """Something with a lock, which is a new one in a forked child, where a thread that is gone may hold the old one."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Take a lock that nothing holds."""
        self._lock = threading.RLock()  # a signal handler may make a call while this thread has it


def _renew_all() -> None:
    for renewable in list(_renewables):
        renewable.renew()


with suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all)
