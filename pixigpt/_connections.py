"""What a client and its copies send through: a pool of their own, opened at the first call, or what a user injects."""

import inspect
import warnings
from collections.abc import Callable
from typing import Generic, TypeVar

import httpx

from pixigpt._fork import Locked
from pixigpt._pool_options import PoolOptions

TransportT = TypeVar("TransportT", bound=httpx.BaseTransport | httpx.AsyncBaseTransport)


class Connections(Locked, Generic[TransportT]):
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
        self._made_at = _caller()
        self._is_closed = False
        super().__init__()

    def get(self) -> TransportT:
        """The transport; an httpx error that no retry mends, if it is closed."""
        with self._lock:
            if self._is_closed:
                raise httpx.LocalProtocolError("the client is closed")
            if self._transport is None:
                self._transport = self._open(self._options)
            return self._transport

    def take(self) -> TransportT | None:
        """Close for new calls; what the caller must now close, if anything."""
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
            warnings.warn_explicit(message, ResourceWarning, *self._made_at, source=self)


def _caller() -> tuple[str, int]:
    """The file and line outside the SDK that a client is being made at; code that exec() runs may have no name."""
    frame = inspect.currentframe()
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("pixigpt."):
        frame = frame.f_back
    return ("<unknown>", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def open_pool(options: PoolOptions) -> httpx.BaseTransport:
    """Open the pool of a sync client."""
    from pixigpt._pool import PooledTransport  # not before the first call: httpcore and ssl are slow to import

    return PooledTransport(options)


def open_async_pool(options: PoolOptions) -> httpx.AsyncBaseTransport:
    """Open the pool of an async client."""
    from pixigpt._async_pool import AsyncPooledTransport  # not before the first call, as above

    return AsyncPooledTransport(options)


class BorrowedTransport(httpx.BaseTransport):
    """The connections of a client, for another httpx client that must not close them."""

    def __init__(self, connections: Connections[httpx.BaseTransport]) -> None:
        self._connections = connections

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._connections.get().handle_request(request)


class AsyncBorrowedTransport(httpx.AsyncBaseTransport):
    """The connections of an async client, for another httpx client that must not close them."""

    def __init__(self, connections: Connections[httpx.AsyncBaseTransport]) -> None:
        self._connections = connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._connections.get().handle_async_request(request)
