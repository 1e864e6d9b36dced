"""Whether a connection whose answer has been read can take another request."""

from typing import Protocol

import h11


class Connection(Protocol):
    """A connection of httpcore's, of either colour."""

    def is_available(self) -> bool: ...


def is_reusable(connection: Connection) -> bool:
    """Whether the last answer was read to its end, and nothing came after it.

    What comes after an answer, as when a Content-Length is too short, httpcore would take for the next one.
    """
    return connection.is_available() and not _surplus(connection)


def _surplus(connection: object) -> bytes:
    # httpcore does not show what h11 has left; a proxy's connection has the real one inside, and that one its protocol.
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    protocol = getattr(connection, "_h11_state", None)
    return protocol.trailing_data[0] if isinstance(protocol, h11.Connection) else b""
