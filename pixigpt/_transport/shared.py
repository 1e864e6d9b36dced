"""The transport that a client and its copies share: a pool, opened at the first call, or an injected transport."""

import inspect
import warnings
from collections.abc import Callable
from typing import Generic, TypeVar

import httpx

from pixigpt._fork import ForkSafeLock
from pixigpt._transport.base import AsyncTransport, Transport
from pixigpt._transport.extensions import ClosedError
from pixigpt._transport.options import PoolOptions

TransportT = TypeVar("TransportT", bound=Transport | AsyncTransport)


class SharedTransport(Generic[TransportT]):
    """The transport that a client and its copies share."""

    _is_closed = True  # until the constructor is through

    def __init__(
        self,
        owner: str,
        options: PoolOptions,
        open_: Callable[[PoolOptions], TransportT],
        given: TransportT | None = None,
    ) -> None:
        self._owner = owner
        self._options = options
        self._open = open_
        self._transport = given
        self._is_given = given is not None
        self._created_at = _caller()
        self._lock = ForkSafeLock()
        self._is_closed = False

    def get(self) -> TransportT:
        """Return the transport; raise an httpx error that is not retryable if it is closed."""
        transport = self._transport  # None once it is closed: what was opened needs no lock
        return self._opened() if transport is None else transport

    def _opened(self) -> TransportT:
        with self._lock:
            if self._is_closed:
                raise httpx.LocalProtocolError("the client is closed") from ClosedError()
            if self._transport is None:
                self._transport = self._open(self._options)
            return self._transport

    def take(self) -> TransportT | None:
        """Refuse new calls; return the transport that the caller must close, if any."""
        with self._lock:
            transport, self._transport = self._transport, None
            self._is_closed = True
        return None if self._is_given else transport

    def __reduce__(self) -> tuple[object, ...]:
        if self._is_given:
            raise TypeError(f"{self._owner} cannot be pickled: its connections were injected")
        return type(self), (self._owner, self._options, self._open)

    def __del__(self) -> None:
        if not (self._is_closed or self._is_given):
            message = f"{self._owner} was dropped without being closed; use `with`, or call its closing method"
            warnings.warn_explicit(message, ResourceWarning, *self._created_at, source=self)


def _caller() -> tuple[str, int]:
    """Return the file and line outside the SDK where a client is created; code that exec() runs may have no name."""
    frame = inspect.currentframe()
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("pixigpt."):
        frame = frame.f_back
    return ("<unknown>", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def open_pool(options: PoolOptions) -> Transport:
    """Open the pool of a sync client."""
    # Not before the first call: httpcore and ssl are slow to import.
    from pixigpt._transport.pool import PooledTransport

    return PooledTransport(options)


def open_async_pool(options: PoolOptions) -> AsyncTransport:
    """Open the pool of an async client."""
    # Not before the first call, as above.
    from pixigpt._transport.async_pool import AsyncPooledTransport

    return AsyncPooledTransport(options)


class BorrowedTransport(httpx.BaseTransport):
    """A client's connections, for another httpx client that must not close them."""

    def __init__(self, shared: SharedTransport[Transport]) -> None:
        self._transport = shared

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.get().handle_request(request)


class AsyncBorrowedTransport(httpx.AsyncBaseTransport):
    """An async client's connections, for another httpx client that must not close them."""

    def __init__(self, shared: SharedTransport[AsyncTransport]) -> None:
        self._transport = shared

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.get().handle_async_request(request)
