"""How the server misbehaves, when it is told to."""

import threading
from fnmatch import fnmatchcase

import anyio
from attrs import define, field
from starlette.types import Message, Send


@define
class Fault:
    """One kind of misbehaviour, for the requests whose path matches, a number of times."""

    path: str
    times: int | None
    status: int | None = None
    retry_after: float | str | None = None
    delay: float = 0.0
    cut: bool = False
    drip: float = 0.0


@define
class Faults:
    """The misbehaviour still to come, in the order in which it was asked for."""

    _pending: list[Fault] = field(factory=list[Fault])
    _lock: threading.Lock = field(factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Ask for one more fault."""
        with self._lock:
            self._pending.append(fault)

    def take(self, path: str) -> Fault | None:
        """The fault that a request meets; each request meets one at the most."""
        with self._lock:
            for fault in self._pending:
                if fault.times != 0 and fnmatchcase(path, fault.path):
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
        return None

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._pending.clear()


class CutError(Exception):
    """Tells uvicorn to close the connection where it stands."""


def spoiled(send: Send, fault: Fault) -> Send:
    """A `send` that cuts off or drips the body."""

    async def send_spoiled(message: Message) -> None:
        body: bytes = message.get("body", b"")
        if message["type"] != "http.response.body" or not body:
            await send(message)
        elif fault.cut:
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            raise CutError
        else:
            await _drip(send, body, fault.drip)

    return send_spoiled


async def _drip(send: Send, body: bytes, pause: float) -> None:
    for index in range(len(body)):
        await anyio.sleep(pause)
        last = index == len(body) - 1
        await send({"type": "http.response.body", "body": body[index : index + 1], "more_body": not last})
