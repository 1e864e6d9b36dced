"""The async connection pool, on asyncio and on trio: the twin of `_pool`, with a share apart for each event loop."""

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

from pixigpt._async_network import AsyncBackend
from pixigpt._pool_options import PoolOptions
from pixigpt._reuse import is_reusable
from pixigpt._routes import Openers, Route, Routes, is_broken_socks
from pixigpt._slots import Lease, Slots, closed
from pixigpt._steps import longest_wait, must_end

_OPENERS = Openers(httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)


class AsyncConnection:
    """One connection. A cancel scope bounds the requests on it; only opening it has an end of its own."""

    def __init__(self, route: Route, origin: httpcore.Origin, end: float) -> None:
        self._backend = AsyncBackend(end, route.handshakes)
        self._http = route.opener(_OPENERS, self._backend).create_connection(origin)

    async def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request."""
        return await self._http.handle_async_request(request)

    def fits(self, origin: httpcore.Origin) -> bool:
        """Whether it leads where a request goes, and its other end is still there."""
        return self._http.can_handle_request(origin) and not self._http.has_expired()

    def is_reusable(self) -> bool:
        """Whether it can take another request."""
        return is_reusable(self._http)

    async def aclose(self) -> None:
        """Close it, also where httpcore has lost sight of its socket."""
        try:
            await self._http.aclose()
        finally:
            await self._backend.aclose()


AsyncSlots = Slots[AsyncConnection, anyio.Event]
AsyncLease = Lease[AsyncConnection]


@frozen
class _InLoop:
    """A pool's share in one event loop, and what closes it at the loop's end."""

    slots: AsyncSlots
    closer: AsyncGenerator[None, None]


# A loop that ends takes its connections along, so that a client can be used in the next loop.
_in_loops: RunVar["WeakKeyDictionary[AsyncPool, _InLoop]"] = RunVar("pixigpt_pools")


class AsyncPool:
    """Connections that are opened when they are needed, and used again."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._routes = Routes(options)
        self._is_closed = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; closing the response's stream gives its connection back."""
        slots, lease = await self._slots(), AsyncLease()
        try:
            signal = slots.enter(lease)
            if signal is not None:
                with anyio.move_on_after(longest_wait(request)):
                    await signal.wait()
                slots.check(lease)
            connection = await self._connect(slots, lease, request)
            response = await connection.send(request)
        except BaseException as failure:
            await _leave(slots, lease)
            if is_broken_socks(failure):
                raise httpcore.ProxyError(str(failure)) from failure
            raise
        response.stream = _AsyncStream(response, partial(_leave, slots, lease))
        return response

    async def aclose(self) -> None:
        """Refuse new calls, and close each connection once its call is over."""
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
            in_loop = pools[self] = _InLoop(slots, _close_at_the_end(slots, pools, ref(self)))
            await anext(in_loop.closer)
        return in_loop.slots

    async def _connect(self, slots: AsyncSlots, lease: AsyncLease, request: httpcore.Request) -> AsyncConnection:
        origin = request.url.origin
        while (idle := slots.reuse(lease)) is not None:
            if idle.fits(origin):
                return idle
            await _close_all([idle])
        lease.connection = AsyncConnection(self._routes.to(origin), origin, must_end(request))
        return lease.connection


async def _leave(slots: AsyncSlots, lease: AsyncLease) -> None:
    """Give a slot back, with its connection if that can be used again."""
    connection = lease.connection
    keep = connection is not None and connection.is_reusable()
    try:
        if connection is not None and not keep:
            await _close_all([connection])
    finally:
        surplus = slots.leave(lease, keep=keep)
    await _close_all(surplus)


async def _close_all(connections: list[AsyncConnection]) -> None:
    """Close connections: all of them, though asyncio may cancel the task that does it even in a shield."""
    if connections:
        with anyio.CancelScope(shield=True):
            async with AsyncExitStack() as stack:
                for connection in connections:
                    stack.push_async_callback(connection.aclose)


async def _close_at_the_end(
    slots: AsyncSlots, pools: "WeakKeyDictionary[AsyncPool, _InLoop]", pool: "ref[AsyncPool]"
) -> AsyncGenerator[None, None]:
    """Close the idle connections when asked to, or when the event loop ends, which closes every async generator."""
    try:
        yield
    finally:
        if (still_there := pool()) is not None:
            pools.pop(still_there, None)  # or this generator, which knows its loop, would keep it for good
        await _close_all(slots.close())


def _pools_in_loop() -> "WeakKeyDictionary[AsyncPool, _InLoop]":
    try:
        return _in_loops.get()
    except LookupError:
        pools: WeakKeyDictionary[AsyncPool, _InLoop] = WeakKeyDictionary()
        _in_loops.set(pools)
        return pools


class _AsyncStream:
    """An answer's body, which gives its connection back when it is closed."""

    def __init__(self, response: httpcore.Response, leave: Callable[[], Awaitable[None]]) -> None:
        self._inner = cast("httpx.AsyncByteStream", response.stream)
        self._leave = leave

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._inner)

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            await self._leave()


class AsyncPooledTransport(httpx.AsyncHTTPTransport):
    """httpx's transport on such a pool, so that whatever mocks httpx's transport mocks this one."""

    def __init__(self, options: PoolOptions) -> None:
        # Not super().__init__(), which would open a pool of httpcore's and load certificates for it.
        self._pool = AsyncPool(options)  # type: ignore[assignment]  # it asks no more of a pool than these two methods
