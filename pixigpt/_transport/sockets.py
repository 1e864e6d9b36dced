"""What every connection asks of a socket: keep-alive probes, and whether there is something to read."""

import select
import socket
from contextlib import suppress
from typing import cast

_SECONDS_AND_COUNTS = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}

# Finds a dead peer within two minutes, and keeps a NAT from forgetting a long call. Not every system has every option.
KEEP_ALIVE: list[tuple[int, int, int]] = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _SECONDS_AND_COUNTS.items()
        if hasattr(socket, name)
    ),
]

_LONGEST_POLL = 2**31 - 1  # milliseconds: 24 days

SOCKET_OPTIONS = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *KEEP_ALIVE]


def is_readable(connected: socket.socket) -> bool:
    """Return whether there is something to read, be it the end of the connection."""
    return connected.fileno() < 0 or Readiness(connected).to_read(0)


class Readiness:
    """Waits until a socket can be read, or written; a closed connection can. None means to wait without limit."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._poll: select.poll | None = None
        if hasattr(select, "poll"):  # all but Windows: select() fails above 1,024 descriptors
            self._poll = select.poll()
            self._poll.register(connected, select.POLLIN)

    def to_read(self, seconds: float | None) -> bool:
        """Wait until something has arrived; return False if nothing has in time."""
        if self._poll is None:
            return bool(select.select([self._socket], [], [], seconds)[0])
        return bool(self._poll.poll(_milliseconds(seconds)))

    def to_read_or_write(self, seconds: float | None) -> bool:
        """Wait until something has arrived, or can be written; return False if neither comes in time."""
        if self._poll is None:
            return any(select.select([self._socket], [self._socket], [], seconds))
        self._poll.modify(self._socket, select.POLLIN | select.POLLOUT)
        try:
            return bool(self._poll.poll(_milliseconds(seconds)))
        finally:
            self._poll.modify(self._socket, select.POLLIN)


def _milliseconds(seconds: float | None) -> float | None:
    """Return what `poll()` takes, and rounds up."""
    return None if seconds is None else min(seconds * 1000, _LONGEST_POLL)


def hang_up(fileno: int) -> None:
    """End a connection both ways at once, whoever owns its socket and has yet to close it."""
    with suppress(OSError):  # it is closed already, or by the other end
        duplicate = socket.fromfd(fileno, socket.AF_INET, socket.SOCK_STREAM)
        with duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)


def received(fileno: int) -> bytes:
    """Return what a socket has received that nobody has read, though it can no longer be written to."""
    with suppress(OSError), socket.fromfd(fileno, socket.AF_INET, socket.SOCK_STREAM) as duplicate:
        duplicate.setblocking(False)
        return duplicate.recv(2**16)
    return b""


def cause_of(failure: BaseException) -> BaseException:
    """Return what went wrong with the first address, where anyio only says that all attempts failed."""
    cause: BaseException | None = failure.__cause__
    if isinstance(cause, ExceptionGroup):
        cause = cast("ExceptionGroup[OSError]", cause).exceptions[0]
    return failure if cause is None else cause_of(cause)
