"""The sync connection pool, in place of httpcore's, which scans every connection on every request."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import httpcore
import httpx

from pixigpt._fork import renew_after_fork
from pixigpt._transport.backend import Backend, Deadline
from pixigpt._transport.extensions import pool_timeout, request_deadline
from pixigpt._transport.internals import is_reusable, set_pool
from pixigpt._transport.options import PoolOptions
from pixigpt._transport.routes import Openers, Route, Routes, is_broken_socks
from pixigpt._transport.slots import Lease, Slots

_OPENERS = Openers(httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy)


class Connection:
    """One connection, and the deadline of the request in flight on it."""

    def __init__(self, route: Route, origin: httpcore.Origin) -> None:
        self._deadline = Deadline()
        self._backend = Backend(self._deadline, route.handshakes)
        self._http = route.opener(_OPENERS, self._backend).create_connection(origin)

    def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request by its deadline."""
        self._deadline.end = request_deadline(request)
        return self._http.handle_request(request)

    def fits(self, origin: httpcore.Origin) -> bool:
        """Return whether it leads to a request's origin, and the server has not closed it."""
        return self._http.can_handle_request(origin) and not self._http.has_expired()

    def is_reusable(self) -> bool:
        """Return whether it can take another request."""
        return is_reusable(self._http)

    def close(self) -> None:
        """Close it, even where httpcore has lost its socket."""
        try:
            self._http.close()
        finally:
            self._backend.close()


class Waiter:
    """What a queued thread waits on: like `threading.Event`, but safe when KeyboardInterrupt comes at any line."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the thread that waits. Only once."""
        self._lock.release()

    def wait(self, seconds: float | None) -> None:
        """Wait until it is set, or the time has run out."""
        self._lock.acquire(timeout=-1 if seconds is None else seconds)


SyncSlots = Slots[Connection, Waiter]
SyncLease = Lease[Connection]


class Pool:
    """Connections that are opened on demand and reused."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._routes = Routes(options)
        self._slots = SyncSlots(options.limits, Waiter)
        renew_after_fork(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._slots}>"

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; closing the response's stream releases its connection."""
        slots, lease = self._slots, SyncLease()
        try:
            waiter = slots.acquire(lease)
            if waiter is not None:
                waiter.wait(pool_timeout(request))
                slots.check(lease)
            response = self._connect(slots, lease, request.url.origin).send(request)
        except BaseException as failure:
            _release(slots, lease)
            if is_broken_socks(failure):
                raise httpcore.ProxyError(str(failure)) from failure
            raise
        response.stream = _Stream(response, partial(_release, slots, lease))
        return response

    def close(self) -> None:
        """Refuse new calls, and close each connection once its call has ended."""
        _close_all(self._slots.close())

    def renew(self) -> None:
        """Drop the parent's connections in a forked child, without a word to the server."""
        inherited, self._slots = self._slots.all_connections(), SyncSlots(self._options.limits, Waiter)
        _close_all(inherited)

    def _connect(self, slots: SyncSlots, lease: SyncLease, origin: httpcore.Origin) -> Connection:
        while (idle := slots.reuse(lease)) is not None:
            if idle.fits(origin):
                return idle
            idle.close()
        lease.connection = Connection(self._routes.to(origin), origin)
        return lease.connection


def _release(slots: SyncSlots, lease: SyncLease) -> None:
    """Release a slot, with its connection if that can be reused."""
    connection = lease.connection
    keep = connection is not None and connection.is_reusable()
    try:
        if connection is not None and not keep:
            connection.close()
    finally:
        surplus = slots.release(lease, keep=keep)
    _close_all(surplus)


def _close_all(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()


class _Stream:
    """A response's body, which releases its connection when it is closed."""

    def __init__(self, response: httpcore.Response, release: Callable[[], None]) -> None:
        self._inner = cast("httpx.SyncByteStream", response.stream)
        self._release = release

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._inner)

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._release()


class PooledTransport(httpx.HTTPTransport):
    """An httpx transport on our pool. It subclasses HTTPTransport so that respx and pytest-httpx can patch it."""

    def __init__(self, options: PoolOptions) -> None:
        set_pool(self, Pool(options))
