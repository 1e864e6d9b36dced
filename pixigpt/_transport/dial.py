"""Connects to whichever of a host's addresses takes it first, as RFC 8305 says ("happy eyeballs").

The next address is tried once one has refused, or has not taken the connection within a quarter of a second. So a dead
address costs that, and not all the time that connecting may take.
"""

import errno
import math
import os
import selectors
import socket
import time
from types import TracebackType

ATTEMPT_DELAY = 0.25  # what RFC 8305 recommends

_PENDING = (errno.EINPROGRESS, errno.EWOULDBLOCK)


def dial(addresses: list[str], port: int, end: float) -> socket.socket:
    """Return a connected socket; raise TimeoutError at `end`, or the last address's OSError where all refuse."""
    with _Race(port) as race:
        for address in addresses[:-1]:
            race.enter(address)
            if connected := race.winner(min(end, time.monotonic() + ATTEMPT_DELAY), is_last=False):
                return connected
        race.enter(addresses[-1])
        if connected := race.winner(end, is_last=True):
            return connected
        raise race.failure


def family_of(address: str) -> socket.AddressFamily:
    """Return an address's family."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class _Race:
    """The attempts in flight; those that have not won are closed in the end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self.failure: OSError = TimeoutError("timed out")

    def __enter__(self) -> "_Race":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for losing in list(self._selector.get_map().values()):
            self._socket(losing).close()
        self._selector.close()

    def enter(self, address: str) -> None:
        """Start an attempt."""
        try:
            attempt = socket.socket(family_of(address), socket.SOCK_STREAM)
        except OSError as cause:  # the machine has no IPv6
            self.failure = cause
            return
        attempt.setblocking(False)
        status = attempt.connect_ex((address, self._port))
        if status in (0, *_PENDING):
            self._selector.register(attempt, selectors.EVENT_WRITE)
        else:
            self._fail(attempt, status)

    def winner(self, end: float, *, is_last: bool) -> socket.socket | None:
        """Return a socket that has connected by then; None if none has, or all have failed, or one has but the last."""
        while self._selector.get_map():
            left = None if end == math.inf else end - time.monotonic()
            ready = self._selector.select(left) if left is None or left > 0 else []
            if not ready:
                self.failure = TimeoutError("timed out")
                return None
            for key, _ in ready:
                attempt = self._socket(key)
                self._selector.unregister(attempt)
                if not (status := attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                    return attempt
                self._fail(attempt, status)
            if not is_last:
                return None
        return None

    def _fail(self, attempt: socket.socket, status: int) -> None:
        attempt.close()
        self.failure = OSError(status, os.strerror(status))

    @staticmethod
    def _socket(key: selectors.SelectorKey) -> socket.socket:
        found = key.fileobj
        assert isinstance(found, socket.socket)  # noqa: S101  # enter() has registered it
        return found
