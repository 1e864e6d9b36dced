"""Name resolution with a timeout, which `socket.getaddrinfo()` does not have."""

import socket
import threading
from collections.abc import Iterable
from itertools import zip_longest
from queue import Empty, SimpleQueue

import anyio
import httpx

from pixigpt._transport.urls import is_address


def resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """Return a host's addresses. A lookup cannot be cancelled: with a timeout it has a thread, abandoned if late."""
    try:
        if timeout is None or is_address(host):
            return _look_up(host, port)
        return _look_up_in_thread(host, port, timeout)
    except (OSError, UnicodeError) as cause:
        raise httpx.ConnectError(str(cause)) from cause


async def resolve_async(host: str, port: int) -> list[str]:
    """Return a host's addresses; an address itself needs no thread."""
    if is_address(host):
        return [host]
    infos = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return _alternating(dict.fromkeys(str(info[4][0]) for info in infos))


def _look_up(host: str, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return _alternating(dict.fromkeys(str(info[4][0]) for info in infos))


def _alternating(addresses: Iterable[str]) -> list[str]:
    """Return the addresses with IPv6 and IPv4 taking turns, so that where one of them is dead, the other is near."""
    families: dict[bool, list[str]] = {}
    for address in addresses:
        families.setdefault(":" in address, []).append(address)
    return [address for each in zip_longest(*families.values()) for address in each if address]


def _look_up_in_thread(host: str, port: int, timeout: float) -> list[str]:
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def work() -> None:
        try:
            answers.put(_look_up(host, port))
        except Exception as failure:  # noqa: BLE001  # it is raised where the answer is awaited
            answers.put(failure)

    try:
        threading.Thread(target=work, name=f"look up {host}", daemon=True).start()
    except RuntimeError:  # there are too many threads, or the interpreter is ending
        work()
    try:
        answer = answers.get(timeout=timeout)
    except Empty as cause:
        raise httpx.ConnectTimeout(f"looking up {host} took too long") from cause
    if isinstance(answer, Exception):
        raise answer
    return answer
