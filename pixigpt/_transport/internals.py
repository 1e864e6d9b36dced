"""Every private name of another package that the SDK uses, each with its reason.

All of them fail closed: should a name be gone in a later version, no connection is used for a second request.
"""

from typing import Any, Protocol

import anyio.abc
import h11
import httpx


class Connection(Protocol):
    """A connection of httpcore's, of either variant."""

    def is_available(self) -> bool: ...


def is_reusable(connection: Connection) -> bool:
    """Return whether the last response was read to its end, and nothing came after it.

    What comes after a response, as when its Content-Length is too small, httpcore would take for the next response.
    """
    return connection.is_available() and _surplus(connection) == b""


def _surplus(connection: object) -> bytes | None:
    """Return what h11 holds beyond the response, which httpcore does not expose; None where it cannot be told.

    A proxy's connection has the real one inside, and that one the protocol.
    """
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    protocol = getattr(connection, "_h11_state", None)
    return protocol.trailing_data[0] if isinstance(protocol, h11.Connection) else None


def has_unread_bytes(stream: anyio.abc.SocketStream) -> bool:
    """Return whether anyio holds bytes that nobody has read: on asyncio it reads ahead, and does not expose how much.

    Where that cannot be told, the answer is yes.
    """
    if type(stream).__module__ == "anyio._backends._trio":  # it never reads ahead
        return False
    queue = getattr(getattr(stream, "_protocol", None), "read_queue", None)
    return queue is None or len(queue) > 0


def set_pool(transport: httpx.HTTPTransport | httpx.AsyncHTTPTransport, pool: object) -> None:
    """Give an httpx transport our pool in place of httpcore's.

    It calls only `handle_request()` and `close()` of it, or their async counterparts. httpx has no public way to do so,
    and its own constructor would create a pool of httpcore's and load certificates for it.
    """
    target: Any = transport
    target._pool = pool
