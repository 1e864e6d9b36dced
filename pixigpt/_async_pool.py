"""The async connection pool, on asyncio and on trio: the twin of `_pool`, with a share apart for each event loop."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from typing import cast
from weakref import WeakKeyDictionary

import anyio
import httpcore
import httpx
from anyio.lowlevel import RunVar
from attrs import frozen

from pixigpt._async_network import AsyncBackend
from pixigpt._pool_options import PoolOptions
from pixigpt._reuse import is_reusable
from pixigpt._routes import Routes
from pixigpt._slots import Slots, closed, longest_wait, must_end

AsyncSlots = Slots[httpcore.AsyncConnectionInterface, anyio.Event]


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
        slots = await self._slots()
        await self._enter(slots, longest_wait(request))
        connection = None
        try:
            connection = await self._connection(slots, request.url.origin, must_end(request))
            response = await connection.handle_async_request(request)
        except BaseException:
            await self._leave(slots, connection)
            raise
        response.stream = _AsyncStream(response, partial(self._leave, slots, connection))
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
            in_loop = pools[self] = _InLoop(slots, _close_at_the_end(slots))
            await anext(in_loop.closer)
        return in_loop.slots

    async def _enter(self, slots: AsyncSlots, timeout: float | None) -> None:
        turn = slots.enter()
        if turn is None:
            return
        try:
            with anyio.move_on_after(timeout):
                await turn.event.wait()
        except BaseException:
            slots.give_up(turn)
            raise
        slots.settle(turn)

    async def _connection(
        self, slots: AsyncSlots, origin: httpcore.Origin, end: float
    ) -> httpcore.AsyncConnectionInterface:
        while (connection := slots.reuse()) is not None:
            if connection.can_handle_request(origin) and not connection.has_expired():
                return connection
            slots.dropped(connection)
            await _close(connection)
        connection = self._open(origin, end)
        slots.opened(connection)
        return connection

    def _open(self, origin: httpcore.Origin, end: float) -> httpcore.AsyncConnectionInterface:
        factory = httpcore.AsyncConnectionPool(
            ssl_context=self._routes.ssl_context(origin),
            proxy=self._routes.proxy(origin),
            network_backend=AsyncBackend(end),
        )
        return factory.create_connection(origin)

    async def _leave(self, slots: AsyncSlots, connection: httpcore.AsyncConnectionInterface | None) -> None:
        kept = connection if connection is not None and is_reusable(connection) else None
        try:
            if connection is not None and kept is None:
                slots.dropped(connection)
                await _close(connection)
        finally:
            surplus = slots.leave(kept)
        await _close(*surplus)


async def _close(*connections: httpcore.AsyncConnectionInterface) -> None:
    """Close connections, whatever has been cancelled."""
    if connections:
        with anyio.CancelScope(shield=True):
            for connection in connections:
                await connection.aclose()


async def _close_at_the_end(slots: AsyncSlots) -> AsyncGenerator[None, None]:
    """Close the idle connections when asked to, or when the event loop ends, which closes every async generator."""
    try:
        yield
    finally:
        await _close(*slots.close())


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
        self._leave: Callable[[], Awaitable[None]] | None = leave

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._inner)

    async def aclose(self) -> None:
        leave, self._leave = self._leave, None
        if leave is None:
            return
        try:
            await self._inner.aclose()
        finally:
            await leave()


class AsyncPooledTransport(httpx.AsyncHTTPTransport):
    """httpx's transport on such a pool, so that whatever mocks httpx's transport mocks this one."""

    def __init__(self, options: PoolOptions) -> None:
        # Not super().__init__(), which would open a pool of httpcore's and load certificates for it.
        self._pool = AsyncPool(options)  # type: ignore[assignment]  # it asks no more of a pool than these two methods
