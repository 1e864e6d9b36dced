"""What a client's pool holds, in numbers: leases, idle connections, waiting calls, open files."""

import os
from typing import Any, NamedTuple, cast

from anyio.from_thread import BlockingPortal

from pixigpt import AsyncClient, Client
from pixigpt._transport.slots import Slots
from support.clients import InPortal

AnySlots = Slots[Any, Any]


class Usage(NamedTuple):
    """How many slots are leased, how many connections are idle, and how many calls wait."""

    leased: int
    idle: int
    waiting: int


def usage(slots: AnySlots) -> Usage:
    """Count what the slots of a pool hold."""
    return Usage(len(slots._held), len(slots._idle), len(slots._queue))


def slots_of(client: Client, portal: BlockingPortal | None = None) -> AnySlots:
    """Return the slots of a client's pool, whatever its variant."""
    if portal is None:
        pool: Any = client._transport.get()
        return cast("AnySlots", pool._pool._slots)
    return portal.call(async_slots_of, cast("InPortal", client).client)


async def async_slots_of(client: AsyncClient) -> AnySlots:
    """Return the slots of a client's pool in this event loop."""
    pool: Any = client._transport.get()
    return cast("AnySlots", (await pool._pool._in_this_loop()).slots)


def open_files() -> int:
    """Return how many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # Path.iterdir opens one more
