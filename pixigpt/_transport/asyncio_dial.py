"""Connects to whichever of a host's addresses takes it first, on asyncio and uvloop; the counterpart of `dial`."""

import asyncio
import socket

from pixigpt._transport.dial import ATTEMPT_DELAY, family_of

_Attempt = asyncio.Task[socket.socket]


async def dial_async(addresses: list[str], port: int) -> socket.socket:
    """Return a connected socket; raise an OSError of the last to fail where all do."""
    if len(addresses) == 1:  # the common case needs no task
        return await _connected(addresses[0], port)
    attempts: list[_Attempt] = []
    winner: _Attempt | None = None
    try:
        for address in addresses[:-1]:
            attempts.append(asyncio.create_task(_connected(address, port)))
            if winner := await _next(attempts, ATTEMPT_DELAY):
                return winner.result()
        attempts.append(asyncio.create_task(_connected(addresses[-1], port)))
        while not (winner := await _next(attempts, None)):
            pass
        return winner.result()
    finally:
        for losing in attempts:
            if losing is not winner:
                losing.cancel()
                losing.add_done_callback(_close)


async def _next(attempts: list[_Attempt], seconds: float | None) -> _Attempt | None:
    """Return an attempt that has succeeded, or the last to fail; None if one has failed, or the time is up."""
    pending = [attempt for attempt in attempts if not attempt.done()]
    done, left = await asyncio.wait(pending, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    won = [attempt for attempt in done if attempt.exception() is None]
    if won or left or seconds is not None:
        return won[0] if won else None
    return done.pop()


async def _connected(address: str, port: int) -> socket.socket:
    connecting = socket.socket(family_of(address), socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, (address, port))
    except BaseException:
        connecting.close()
        raise
    return connecting


def _close(attempt: _Attempt) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
