"""An async connection of httpcore's own: through a proxy, or where a mock has patched httpcore. See `proxied`."""

from typing import cast

import anyio
import httpcore
import httpx

from pixigpt._transport.async_backend import AsyncBackend
from pixigpt._transport.base import Head
from pixigpt._transport.extensions import time_left
from pixigpt._transport.internals import is_reusable
from pixigpt._transport.proxied import core_head, core_origin, core_request, httpx_errors
from pixigpt._transport.routes import Openers, Route
from pixigpt._transport.urls import Origin

_OPENERS = Openers(httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)


class AsyncProxiedConnection:
    """One connection of httpcore's. A cancel scope bounds the requests on it; only opening it has its own deadline."""

    def __init__(self, route: Route, origin: Origin, request: httpx.Request) -> None:
        self._backend = AsyncBackend(anyio.current_time() + time_left(request), route.handshakes)
        self._proxy = route.proxy_name
        self._http = route.opener(_OPENERS, self._backend).create_connection(core_origin(origin))
        self._response: httpcore.Response | None = None

    async def send(self, request: httpx.Request) -> Head:
        """Send a request; return the head of its response."""
        with httpx_errors(self._proxy):
            self._response = await self._http.handle_async_request(core_request(request))
        self._pieces = aiter(self._stream())
        return core_head(self._response)

    async def piece(self) -> bytes:
        """Return the next piece of the response's body; b"" at its end."""
        with httpx_errors():
            while (piece := await anext(self._pieces, None)) == b"":
                pass
        return piece or b""

    def fits(self, origin: Origin) -> bool:
        """Return whether it leads to a request's origin, and the server has not closed it."""
        return self._http.can_handle_request(core_origin(origin)) and not self._http.has_expired()

    async def finish(self) -> bool:
        """End the response; return whether the connection can take another request."""
        if self._response is not None:
            await self._stream().aclose()
        return is_reusable(self._http)

    async def aclose(self) -> None:
        """Close it, even where httpcore has lost its socket."""
        try:
            await self._http.aclose()
        finally:
            await self._backend.aclose()

    def hang_up(self) -> None:
        """End it at once, from any thread, be the event loop running or not."""
        self._backend.hang_up()

    def abort(self) -> None:
        """Leave the socket that has hung up to the event loop, which sees its end."""

    def _stream(self) -> httpx.AsyncByteStream:
        assert self._response is not None  # noqa: S101  # send() has returned its head
        return cast("httpx.AsyncByteStream", self._response.stream)
