"""Faults: how the server misbehaves when a test tells it to."""

import threading
from fnmatch import fnmatchcase

import anyio
from attrs import define, field
from starlette.types import Message, Send

from pixigpt import _checks


def _error_status(name: str, value: object) -> None:
    if not isinstance(value, int) or not 300 <= value < 600:
        raise ValueError(f"{name} must be an HTTP status from 300 to 599, not {value!r}")


@define
class Fault:
    """One kind of misbehaviour, for the requests whose path matches, a number of times."""

    path: str
    times: int | None = field(validator=_checks.validator(_checks.optional(_checks.non_negative_int)))
    status: int | None = field(default=None, validator=_checks.validator(_checks.optional(_error_status)))
    retry_after: float | str | None = None
    delay: float = field(default=0.0, validator=_checks.validator(_checks.non_negative))
    cut: bool = False
    drip: float = field(default=0.0, validator=_checks.validator(_checks.non_negative))
    is_used: bool = field(default=False, init=False)

    def __str__(self) -> str:
        """Return the call that asked for it."""
        given = f"{self.path!r}, times={self.times}"
        if self.status is not None:
            return f"fail({given}, status={self.status})"
        if self.cut:
            return f"cut({given})"
        return f"drip({self.drip}, {given})" if self.drip else f"delay({self.delay}, {given})"


@define
class Faults:
    """The faults still to come, in the order in which they were requested."""

    _pending: list[Fault] = field(factory=list[Fault])
    _lock: threading.Lock = field(factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Ask for one more fault."""
        with self._lock:
            self._pending.append(fault)

    def take(self, path: str) -> Fault | None:
        """Return the fault that a request meets, if any; each request meets at most one."""
        with self._lock:
            self._pending = [fault for fault in self._pending if fault.times != 0]
            for fault in self._pending:
                if fnmatchcase(path, fault.path):
                    fault.times = None if fault.times is None else fault.times - 1
                    fault.is_used = True
                    return fault
        return None

    def unused(self) -> list[str]:
        """Return the faults that no request has met, each as the call that asked for it."""
        with self._lock:
            return [str(fault) for fault in self._pending if not fault.is_used and fault.times != 0]

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._pending.clear()


class CutError(Exception):
    """Tells uvicorn to close the connection where it stands."""


def spoiled(send: Send, fault: Fault) -> Send:
    """Return a `send` that cuts off or drips the body."""
    start: Message = {}

    async def send_spoiled(message: Message) -> None:
        nonlocal start
        body: bytes = message.get("body", b"")
        if message["type"] == "http.response.start":
            start = message
        elif fault.cut:
            await _cut(send, start, body)
        else:
            await send(start)
            await _drip(send, body, fault.drip)

    return send_spoiled


async def _cut(send: Send, start: Message, body: bytes) -> None:
    """Half a body; where there is none, the promise of one."""
    await send(start if body else {**start, "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": body[: len(body) // 2] or b" ", "more_body": True})
    raise CutError


async def _drip(send: Send, body: bytes, pause: float) -> None:
    if not (body and pause):
        await send({"type": "http.response.body", "body": body})
        return
    for index in range(len(body)):
        await anyio.sleep(pause)
        last = index == len(body) - 1
        await send({"type": "http.response.body", "body": body[index : index + 1], "more_body": not last})
