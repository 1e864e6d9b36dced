"""The async connection pool, on asyncio and on trio, with slots for each event loop; the counterpart of `pool`."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import cast
from weakref import WeakKeyDictionary, ref

import anyio
import httpcore
import httpx
from anyio.lowlevel import RunVar
from attrs import frozen

from pixigpt._transport.async_backend import AsyncBackend
from pixigpt._transport.extensions import pool_timeout, request_deadline
from pixigpt._transport.internals import is_reusable, set_pool
from pixigpt._transport.options import PoolOptions
from pixigpt._transport.routes import Openers, Route, Routes, is_broken_socks
from pixigpt._transport.slots import Lease, Slots, closed

_OPENERS = Openers(httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)


class AsyncConnection:
    """One connection. A cancel scope bounds the requests on it; only opening it has its own deadline."""

    def __init__(self, route: Route, origin: httpcore.Origin, end: float) -> None:
        self._backend = AsyncBackend(end, route.handshakes)
        self._http = route.opener(_OPENERS, self._backend).create_connection(origin)

    async def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request."""
        return await self._http.handle_async_request(request)

    def fits(self, origin: httpcore.Origin) -> bool:
        """Return whether it leads to a request's origin, and the server has not closed it."""
        return self._http.can_handle_request(origin) and not self._http.has_expired()

    def is_reusable(self) -> bool:
        """Return whether it can take another request."""
        return is_reusable(self._http)

    async def aclose(self) -> None:
        """Close it, even where httpcore has lost its socket."""
        try:
            await self._http.aclose()
        finally:
            await self._backend.aclose()


AsyncSlots = Slots[AsyncConnection, anyio.Event]
AsyncLease = Lease[AsyncConnection]


@frozen
class _InLoop:
    """A pool's slots in one event loop, and the generator that closes them when the loop ends."""

    slots: AsyncSlots
    closer: AsyncGenerator[None, None]


# Each event loop has its own connections, so that a client can be used in the next loop.
_in_loops: RunVar["WeakKeyDictionary[AsyncPool, _InLoop]"] = RunVar("pixigpt_pools")


class AsyncPool:
    """Connections that are opened on demand and reused."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._routes = Routes(options)
        self._is_closed = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; closing the response's stream releases its connection."""
        slots, lease = await self._slots(), AsyncLease()
        try:
            waiter = slots.acquire(lease)
            if waiter is not None:
                with anyio.move_on_after(pool_timeout(request)):
                    await waiter.wait()
                slots.check(lease)
            connection = await self._connect(slots, lease, request)
            response = await connection.send(request)
        except BaseException as failure:
            await _release(slots, lease)
            if is_broken_socks(failure):
                raise httpcore.ProxyError(str(failure)) from failure
            raise
        response.stream = _AsyncStream(response, partial(_release, slots, lease))
        return response

    async def aclose(self) -> None:
        """Refuse new calls, and close each connection once its call has ended."""
        self._is_closed = True
        in_loop = _pools_in_loop().get(self)
        if in_loop is not None:
            await in_loop.closer.aclose()

    async def _slots(self) -> AsyncSlots:
        pools = _pools_in_loop()
        in_loop = pools.get(self)
        if in_loop is None:
            if self._is_closed:
                raise closed()
            slots = AsyncSlots(self._options.limits, anyio.Event)
            in_loop = pools[self] = _InLoop(slots, _close_at_loop_end(slots, pools, ref(self)))
            await anext(in_loop.closer)
        return in_loop.slots

    async def _connect(self, slots: AsyncSlots, lease: AsyncLease, request: httpcore.Request) -> AsyncConnection:
        origin = request.url.origin
        while (idle := slots.reuse(lease)) is not None:
            if idle.fits(origin):
                return idle
            await _close_all([idle])
        lease.connection = AsyncConnection(self._routes.to(origin), origin, request_deadline(request))
        return lease.connection


async def _release(slots: AsyncSlots, lease: AsyncLease) -> None:
    """Release a slot, with its connection if that can be reused."""
    connection = lease.connection
    keep = connection is not None and connection.is_reusable()
    try:
        if connection is not None and not keep:
            await _close_all([connection])
    finally:
        surplus = slots.release(lease, keep=keep)
    await _close_all(surplus)


async def _close_all(connections: list[AsyncConnection]) -> None:
    """Close all the connections, though asyncio may cancel the closing task even inside a shield."""
    if connections:
        with anyio.CancelScope(shield=True):
            async with AsyncExitStack() as stack:
                for connection in connections:
                    stack.push_async_callback(connection.aclose)


async def _close_at_loop_end(
    slots: AsyncSlots, pools: "WeakKeyDictionary[AsyncPool, _InLoop]", pool: "ref[AsyncPool]"
) -> AsyncGenerator[None, None]:
    """Close the idle connections when closed itself: by the pool, or by the event loop at its end.

    A client may outlive its event loop: `asyncio.run()` twice with one client is a common program. Connections of a
    loop that has ended can be neither used nor closed. No public hook tells that a loop is about to end, but asyncio
    and trio both close every async generator that is still suspended then. So each pool parks this one at its `yield`.
    Without it, the second `asyncio.run()` dies of "Event loop is closed", and the first leaves its sockets open; the
    lifecycle tests run two loops and count sockets.
    """
    try:
        yield
    finally:
        if (still_there := pool()) is not None:
            pools.pop(still_there, None)  # else this generator, which references its loop, would keep it alive
        await _close_all(slots.close())


def _pools_in_loop() -> "WeakKeyDictionary[AsyncPool, _InLoop]":
    try:
        return _in_loops.get()
    except LookupError:
        pools: WeakKeyDictionary[AsyncPool, _InLoop] = WeakKeyDictionary()
        _in_loops.set(pools)
        return pools


class _AsyncStream:
    """A response's body, which releases its connection when it is closed."""

    def __init__(self, response: httpcore.Response, release: Callable[[], Awaitable[None]]) -> None:
        self._inner = cast("httpx.AsyncByteStream", response.stream)
        self._release = release

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._inner)

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            await self._release()


class AsyncPooledTransport(httpx.AsyncHTTPTransport):
    """An httpx transport on our pool. It subclasses AsyncHTTPTransport so that respx and pytest-httpx can patch it."""

    def __init__(self, options: PoolOptions) -> None:
        set_pool(self, AsyncPool(options))
