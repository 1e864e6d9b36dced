"""The sync connection pool, in the place of httpcore's own, which looks through all connections at each request."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import httpcore
import httpx
from attrs import define

from pixigpt._fork import renew_after_fork
from pixigpt._network import Backend, Span
from pixigpt._pool_options import PoolOptions
from pixigpt._reuse import is_reusable
from pixigpt._routes import Routes
from pixigpt._slots import Slots, longest_wait, must_end


@define(eq=False)
class _Connection:
    http: httpcore.ConnectionInterface
    span: Span


class Pool:
    """Connections that are opened when they are needed, and used again."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._routes = Routes(options)
        self._slots = self._new_slots()
        renew_after_fork(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._slots}>"

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; closing the response's stream gives its connection back."""
        self._enter(longest_wait(request))
        connection = None
        try:
            connection = self._connection(request.url.origin)
            connection.span.end = must_end(request)
            response = connection.http.handle_request(request)
        except BaseException:
            self._leave(connection)
            raise
        response.stream = _Stream(response, partial(self._leave, connection))
        return response

    def close(self) -> None:
        """Refuse new calls, and close each connection once its call is over."""
        for connection in self._slots.close():
            connection.http.close()

    def renew(self) -> None:
        """In a forked child: let go of the parent's connections, without a word to the server."""
        inherited, self._slots = self._slots.every(), self._new_slots()
        for connection in inherited:
            connection.http.close()

    def _new_slots(self) -> Slots[_Connection, threading.Event]:
        return Slots(self._options.limits, threading.Event)

    def _enter(self, timeout: float | None) -> None:
        turn = self._slots.enter()
        if turn is None:
            return
        try:
            turn.event.wait(timeout)
        except BaseException:
            self._slots.give_up(turn)
            raise
        self._slots.settle(turn)

    def _connection(self, origin: httpcore.Origin) -> _Connection:
        while (connection := self._slots.reuse()) is not None:
            if connection.http.can_handle_request(origin) and not connection.http.has_expired():
                return connection
            self._slots.dropped(connection)
            connection.http.close()
        connection = self._open(origin)
        self._slots.opened(connection)
        return connection

    def _open(self, origin: httpcore.Origin) -> _Connection:
        span = Span()
        factory = httpcore.ConnectionPool(
            ssl_context=self._routes.ssl_context(origin),
            proxy=self._routes.proxy(origin),
            network_backend=Backend(span),
        )
        return _Connection(factory.create_connection(origin), span)

    def _leave(self, connection: _Connection | None) -> None:
        kept = connection if connection is not None and is_reusable(connection.http) else None
        if connection is not None and kept is None:
            self._slots.dropped(connection)
            connection.http.close()
        for surplus in self._slots.leave(kept):
            surplus.http.close()


class _Stream:
    """An answer's body, which gives its connection back when it is closed."""

    def __init__(self, response: httpcore.Response, leave: Callable[[], None]) -> None:
        self._inner = cast("httpx.SyncByteStream", response.stream)
        self._leave: Callable[[], None] | None = leave

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._inner)

    def close(self) -> None:
        leave, self._leave = self._leave, None
        if leave is None:
            return
        try:
            self._inner.close()
        finally:
            leave()


class PooledTransport(httpx.HTTPTransport):
    """httpx's transport on such a pool, so that whatever mocks httpx's transport mocks this one."""

    def __init__(self, options: PoolOptions) -> None:
        # Not super().__init__(), which would open a pool of httpcore's and load certificates for it.
        self._pool = Pool(options)  # type: ignore[assignment]  # it asks no more of a pool than these two methods
