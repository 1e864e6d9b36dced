"""The sync connection pool, in the place of httpcore's own, which looks through all connections at each request."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import httpcore
import httpx

from pixigpt._fork import renew_after_fork
from pixigpt._network import Backend, Span
from pixigpt._pool_options import PoolOptions
from pixigpt._reuse import is_reusable
from pixigpt._routes import Openers, Route, Routes, is_broken_socks
from pixigpt._slots import Lease, Slots
from pixigpt._steps import longest_wait, must_end

_OPENERS = Openers(httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy)


class Connection:
    """One connection, and the time that the request under way on it has."""

    def __init__(self, route: Route, origin: httpcore.Origin) -> None:
        self._span = Span()
        self._backend = Backend(self._span, route.handshakes)
        self._http = route.opener(_OPENERS, self._backend).create_connection(origin)

    def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request by the end that it names."""
        self._span.end = must_end(request)
        return self._http.handle_request(request)

    def fits(self, origin: httpcore.Origin) -> bool:
        """Whether it leads where a request goes, and its other end is still there."""
        return self._http.can_handle_request(origin) and not self._http.has_expired()

    def is_reusable(self) -> bool:
        """Whether it can take another request."""
        return is_reusable(self._http)

    def close(self) -> None:
        """Close it, also where httpcore has lost sight of its socket."""
        try:
            self._http.close()
        finally:
            self._backend.close()


class Signal:
    """What a thread waits for: as `threading.Event`, but Ctrl-C can come between any two lines and spoil nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Let the one that waits go on. Once only."""
        self._lock.release()

    def wait(self, seconds: float | None) -> None:
        """Wait until it is set, or the time is over."""
        self._lock.acquire(timeout=-1 if seconds is None else seconds)


SyncSlots = Slots[Connection, Signal]
SyncLease = Lease[Connection]


class Pool:
    """Connections that are opened when they are needed, and used again."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._routes = Routes(options)
        self._slots = SyncSlots(options.limits, Signal)
        renew_after_fork(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._slots}>"

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; closing the response's stream gives its connection back."""
        slots, lease = self._slots, SyncLease()
        try:
            signal = slots.enter(lease)
            if signal is not None:
                signal.wait(longest_wait(request))
                slots.check(lease)
            response = self._connect(slots, lease, request.url.origin).send(request)
        except BaseException as failure:
            _leave(slots, lease)
            if is_broken_socks(failure):
                raise httpcore.ProxyError(str(failure)) from failure
            raise
        response.stream = _Stream(response, partial(_leave, slots, lease))
        return response

    def close(self) -> None:
        """Refuse new calls, and close each connection once its call is over."""
        _close_all(self._slots.close())

    def renew(self) -> None:
        """In a forked child: let go of the parent's connections, without a word to the server."""
        inherited, self._slots = self._slots.every(), SyncSlots(self._options.limits, Signal)
        _close_all(inherited)

    def _connect(self, slots: SyncSlots, lease: SyncLease, origin: httpcore.Origin) -> Connection:
        while (idle := slots.reuse(lease)) is not None:
            if idle.fits(origin):
                return idle
            idle.close()
        lease.connection = Connection(self._routes.to(origin), origin)
        return lease.connection


def _leave(slots: SyncSlots, lease: SyncLease) -> None:
    """Give a slot back, with its connection if that can be used again."""
    connection = lease.connection
    keep = connection is not None and connection.is_reusable()
    try:
        if connection is not None and not keep:
            connection.close()
    finally:
        surplus = slots.leave(lease, keep=keep)
    _close_all(surplus)


def _close_all(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()


class _Stream:
    """An answer's body, which gives its connection back when it is closed."""

    def __init__(self, response: httpcore.Response, leave: Callable[[], None]) -> None:
        self._inner = cast("httpx.SyncByteStream", response.stream)
        self._leave = leave

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._inner)

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._leave()


class PooledTransport(httpx.HTTPTransport):
    """httpx's transport on such a pool, so that whatever mocks httpx's transport mocks this one."""

    def __init__(self, options: PoolOptions) -> None:
        # Not super().__init__(), which would open a pool of httpcore's and load certificates for it.
        self._pool = Pool(options)  # type: ignore[assignment]  # it asks no more of a pool than these two methods
