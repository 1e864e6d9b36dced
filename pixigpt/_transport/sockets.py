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

SOCKET_OPTIONS = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *KEEP_ALIVE]


def is_readable(connected: socket.socket) -> bool:
    """Return whether there is something to read, be it the end of the connection."""
    if connected.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([connected], [], [], 0)[0])
    poll = select.poll()  # select() fails above 1,024 descriptors
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


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


def text_of(failure: BaseException) -> str:
    """Return what went wrong with the first address, where anyio only says that all attempts failed."""
    cause: BaseException | None = failure.__cause__
    if isinstance(cause, ExceptionGroup):
        cause = cast("ExceptionGroup[OSError]", cause).exceptions[0]
    return str(failure) if cause is None else text_of(cause)
