"""The sync connection pool, in place of httpcore's, which scans every connection on every request."""

import threading
from collections.abc import Iterator

import httpcore
import httpx

from pixigpt._fork import renew_after_fork
from pixigpt._transport.abort import Abort, current_abort
from pixigpt._transport.base import Incoming, Received, Transport
from pixigpt._transport.connection import DirectConnection
from pixigpt._transport.extensions import timeout_of
from pixigpt._transport.internals import set_pool
from pixigpt._transport.options import PoolOptions
from pixigpt._transport.patches import is_httpcore_patched, is_httpx_patched
from pixigpt._transport.proxied import ProxiedConnection, core_response, request_of
from pixigpt._transport.routes import Routes
from pixigpt._transport.slots import Lease, Slots
from pixigpt._transport.urls import Origin

Connection = DirectConnection | ProxiedConnection


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

    def send(self, request: httpx.Request) -> Incoming:
        """Send a request; closing the response releases its connection."""
        slots, abort = self._slots, current_abort.get()
        lease: SyncLease = Lease()  # to call the alias takes three times as long
        try:
            waiter = slots.acquire(lease)
            if waiter is not None:
                waiter.wait(timeout_of(request, "pool"))
                slots.check(lease)
            connection = self._connect(slots, lease, Origin.of(request.url))
            if abort is not None:
                abort.add(connection)
            head = connection.send(request)
        except BaseException:
            _release(slots, lease, abort)
            raise
        return Incoming(head, _Stream(connection, slots, lease, abort))

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request that has come by way of httpx's own transport, as where that is patched."""
        return core_response(self.send(request_of(request)))

    def close(self) -> None:
        """Refuse new calls, and close each connection once its call has ended."""
        _close_all(self._slots.close())

    def renew(self) -> None:
        """Drop the parent's connections in a forked child, without a word to the server."""
        inherited, self._slots = self._slots.all_connections(), SyncSlots(self._options.limits, Waiter)
        _close_all(inherited)

    def _connect(self, slots: SyncSlots, lease: SyncLease, origin: Origin) -> Connection:
        while (idle := slots.reuse(lease)) is not None:
            if idle.fits(origin):
                return idle
            idle.close()
        route = self._routes.to(origin)
        is_direct = route.proxy is None and not is_httpcore_patched()
        lease.connection = DirectConnection(route, origin) if is_direct else ProxiedConnection(route, origin)
        return lease.connection


def _release(slots: SyncSlots, lease: SyncLease, abort: Abort | None) -> None:
    """Release a slot, with its connection if that can be reused."""
    connection = lease.connection
    if abort is not None and connection is not None:
        abort.discard(connection)
    keep = False
    try:
        keep = connection is not None and connection.finish()
    finally:
        try:
            if connection is not None and not keep:
                connection.close()
        finally:
            surplus = slots.release(lease, keep=keep)
    if surplus:
        _close_all(surplus)


def _close_all(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()


class _Stream(httpx.SyncByteStream):
    """A response's body, which releases its connection when it is closed. No generator, as in the async pool."""

    def __init__(self, connection: Connection, slots: SyncSlots, lease: SyncLease, abort: Abort | None) -> None:
        self._connection = connection
        self._slots = slots
        self._lease = lease
        self._abort = abort

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if piece := self._connection.piece():
            return piece
        raise StopIteration

    def bound(self, end: float) -> None:
        """Let reading end by then, by the monotonic clock."""
        self._connection.bound(end)

    def close(self) -> None:
        _release(self._slots, self._lease, self._abort)


class PooledTransport(Transport, httpx.HTTPTransport):
    """An httpx transport on our pool. It subclasses HTTPTransport so that respx and pytest-httpx can patch it."""

    def __init__(self, options: PoolOptions) -> None:
        self._connections = Pool(options)
        set_pool(self, self._connections)

    def send(self, request: httpx.Request) -> Received:
        """Send a request; make a response of httpx's only where that is patched."""
        return super().handle_request(request) if is_httpx_patched() else self._connections.send(request)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.send(request)
        return response.for_httpx() if isinstance(response, Incoming) else response

    def close(self) -> None:
        self._connections.close()
