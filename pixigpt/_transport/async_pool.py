"""The async connection pool, on asyncio and on trio, with slots for each event loop; the counterpart of `pool`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, suppress
from functools import partial
from weakref import WeakKeyDictionary, WeakSet, ref

import anyio
import httpcore
import httpx
from anyio.lowlevel import RunVar
from attrs import frozen

from pixigpt._fork import ForkSafeLock
from pixigpt._transport.async_connection import AsyncDirectConnection
from pixigpt._transport.async_proxied import AsyncProxiedConnection
from pixigpt._transport.base import AsyncTransport, Incoming, Received
from pixigpt._transport.event_loop import asyncio_task
from pixigpt._transport.extensions import timeout_of
from pixigpt._transport.internals import set_pool
from pixigpt._transport.loops import Caller, loop_caller, start_task
from pixigpt._transport.options import PoolOptions
from pixigpt._transport.patches import is_async_httpcore_patched, is_async_httpx_patched
from pixigpt._transport.proxied import core_response, request_of
from pixigpt._transport.routes import Routes
from pixigpt._transport.slots import Lease, Slots, closed
from pixigpt._transport.urls import Origin

AsyncConnection = AsyncDirectConnection | AsyncProxiedConnection
AsyncSlots = Slots[AsyncConnection, anyio.Event]
AsyncLease = Lease[AsyncConnection]


@frozen(eq=False)
class _InLoop:
    """A pool's slots in one event loop, what closes them when the loop ends, and a way in from outside."""

    slots: AsyncSlots
    closer: AsyncGenerator[None, None]
    call: Caller

    async def close(self) -> None:
        """Close the idle connections; called in this loop."""
        with suppress(RuntimeError):  # the loop is ending, and does so itself
            await self.closer.aclose()

    def close_soon(self) -> None:
        """Close the idle connections; called in any loop."""
        self.call(partial(start_task, self.close))


# Each event loop has its own connections, so that a client can be used in the next loop.
_in_loops: RunVar["WeakKeyDictionary[AsyncPool, _InLoop]"] = RunVar("pixigpt_pools")


class AsyncPool:
    """Connections that are opened on demand and reused."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._routes = Routes(options)
        self._is_closed = False
        self._lock = ForkSafeLock()
        self._everywhere: WeakSet[_InLoop] = WeakSet()
        self.in_last_loop: tuple[asyncio.AbstractEventLoop, _InLoop] | None = None  # a RunVar takes 4 us to look up

    async def send(self, request: httpx.Request) -> Incoming:
        """Send a request; closing the response releases its connection."""
        in_loop = await self._in_this_loop()
        lease: AsyncLease = Lease()  # to call the alias takes three times as long
        slots = in_loop.slots
        try:
            waiter = slots.acquire(lease)
            if waiter is not None:
                with anyio.move_on_after(timeout_of(request, "pool")):
                    await waiter.wait()
                slots.check(lease)
            connection = await self._connect(slots, lease, request)
            head = await connection.send(request)
        except BaseException:
            await _release(slots, lease)
            raise
        return Incoming(head, _AsyncStream(connection, in_loop, lease))

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request that has come by way of httpx's own transport, as where that is patched."""
        return core_response(await self.send(request_of(request)))

    async def aclose(self) -> None:
        """Refuse new calls, and close each connection once its call has ended, in other event loops without a wait."""
        with self._lock:
            self._is_closed = True
            everywhere = list(self._everywhere)
        here = _pools_in_loop().get(self)
        for in_loop in everywhere:
            if in_loop is not here:
                in_loop.close_soon()
        if here is not None:
            await here.close()

    async def _in_this_loop(self) -> _InLoop:
        task, last = asyncio_task(), self.in_last_loop
        if task is None:
            return await self._found_in_loop()
        if last is None or last[0] is not task.get_loop():
            last = self.in_last_loop = task.get_loop(), await self._found_in_loop()
        return last[1]

    async def _found_in_loop(self) -> _InLoop:
        pools = _pools_in_loop()
        in_loop = pools.get(self)
        if in_loop is None:
            slots = AsyncSlots(self._options.limits, anyio.Event)
            in_loop = _InLoop(slots, _close_at_loop_end(slots, pools, ref(self)), loop_caller())
            with self._lock:
                if self._is_closed:
                    raise closed()
                self._everywhere.add(in_loop)
            pools[self] = in_loop
            await anext(in_loop.closer)
        return in_loop

    async def _connect(self, slots: AsyncSlots, lease: AsyncLease, request: httpx.Request) -> AsyncConnection:
        origin = Origin.of(request.url)
        while (idle := slots.reuse(lease)) is not None:
            if idle.fits(origin):
                return idle
            await _close_all([idle])
        route = self._routes.to(origin)
        if route.proxy is None and not is_async_httpcore_patched():
            lease.connection = AsyncDirectConnection(route, origin)
        else:
            lease.connection = AsyncProxiedConnection(route, origin, request)
        return lease.connection


async def _release(slots: AsyncSlots, lease: AsyncLease) -> None:
    """Release a slot, with its connection if that can be reused."""
    connection = lease.connection
    keep = False
    try:
        keep = connection is not None and await connection.finish()
    finally:
        try:
            if connection is not None and not keep:
                await _close_all([connection])
        finally:
            surplus = slots.release(lease, keep=keep)
    if surplus:
        await _close_all(surplus)


async def _close_all(connections: list[AsyncConnection]) -> None:
    """Close all the connections, though asyncio may cancel the closing task even inside a shield."""
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
            still_there.in_last_loop = None
        await _close_all(slots.close())


def _pools_in_loop() -> "WeakKeyDictionary[AsyncPool, _InLoop]":
    try:
        return _in_loops.get()
    except LookupError:
        pools: WeakKeyDictionary[AsyncPool, _InLoop] = WeakKeyDictionary()
        _in_loops.set(pools)
        return pools


class _AsyncStream(httpx.AsyncByteStream):
    """A response's body, which releases its connection when it is closed. No generator: it can be left at any time."""

    def __init__(self, connection: AsyncConnection, in_loop: _InLoop, lease: AsyncLease) -> None:
        self._connection = connection
        self._in_loop = in_loop
        self._lease = lease

    def __aiter__(self) -> "_AsyncStream":
        return self

    async def __anext__(self) -> bytes:
        if piece := await self._connection.piece():
            return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        await _release(self._in_loop.slots, self._lease)

    @property
    def can_be_left(self) -> bool:
        """Whether no generator is below it either."""
        return isinstance(self._connection, AsyncDirectConnection)

    def abort(self) -> None:
        """Close the connection at once, from any thread, be the event loop running or not."""
        self._connection.hang_up()
        self._in_loop.call(self._abort)

    def _abort(self) -> None:
        """Do, in the event loop, what can be done only there."""
        self._connection.abort()
        for surplus in self._in_loop.slots.release(self._lease):
            surplus.hang_up()
            surplus.abort()


class AsyncPooledTransport(AsyncTransport, httpx.AsyncHTTPTransport):
    """An httpx transport on our pool. It subclasses AsyncHTTPTransport so that respx and pytest-httpx can patch it."""

    def __init__(self, options: PoolOptions) -> None:
        self._connections = AsyncPool(options)
        set_pool(self, self._connections)

    async def send(self, request: httpx.Request) -> Received:
        """Send a request; make a response of httpx's only where that is patched."""
        if is_async_httpx_patched():
            return await super().handle_async_request(request)
        return await self._connections.send(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.send(request)
        return response.for_httpx() if isinstance(response, Incoming) else response

    async def aclose(self) -> None:
        await self._connections.aclose()
