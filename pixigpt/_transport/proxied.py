"""A connection of httpcore's own: through a proxy, or where a mock has patched httpcore. It speaks in httpx's terms."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import httpcore
import httpx

from pixigpt._transport.backend import Backend, Deadline
from pixigpt._transport.base import Head, Incoming
from pixigpt._transport.extensions import request_deadline
from pixigpt._transport.internals import is_reusable
from pixigpt._transport.routes import Openers, Route
from pixigpt._transport.urls import Origin

_FROM_RESOLVER = (httpx.ConnectError, httpx.ConnectTimeout)
_AT_THE_PROXY = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout, httpx.ProxyError)
_OPENERS = Openers(httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy)


class ProxiedConnection:
    """One connection of httpcore's, and the deadline of the request in flight on it."""

    def __init__(self, route: Route, origin: Origin) -> None:
        self._deadline = Deadline()
        self._proxy = route.proxy_name
        self._origin = core_origin(origin)
        self._backend = Backend(self._deadline, route.handshakes)
        self._http = route.opener(_OPENERS, self._backend).create_connection(self._origin)
        self._response: httpcore.Response | None = None

    def send(self, request: httpx.Request) -> Head:
        """Send a request by its deadline; return the head of its response."""
        self._deadline.end = request_deadline(request)
        with httpx_errors(self._proxy):
            self._response = self._http.handle_request(core_request(request))
        self._pieces = iter(self._stream())
        return core_head(self._response)

    def piece(self) -> bytes:
        """Return the next piece of the response's body; b"" at its end."""
        with httpx_errors():
            while (piece := next(self._pieces, None)) == b"":
                pass
        return piece or b""

    def bound(self, end: float) -> None:
        """Let the request in flight end by then, if that is earlier than its deadline."""
        self._deadline.end = min(self._deadline.end, end)

    def fits(self, origin: Origin) -> bool:
        """Return whether it leads to a request's origin, and the server has not closed it."""
        return self._http.can_handle_request(core_origin(origin)) and not self._http.has_expired()

    def finish(self) -> bool:
        """End the response; return whether the connection can take another request."""
        if self._response is not None:
            self._stream().close()
        return is_reusable(self._http)

    def close(self) -> None:
        """Close it, even where httpcore has lost its socket."""
        try:
            self._http.close()
        finally:
            self._backend.close()

    def abort(self) -> None:
        """End what another thread does with it, as a direct connection does."""
        self._deadline.abort()

    def _stream(self) -> httpx.SyncByteStream:
        assert self._response is not None  # noqa: S101  # send() has returned its head
        return cast("httpx.SyncByteStream", self._response.stream)


def core_origin(origin: Origin) -> httpcore.Origin:
    """Return an origin in httpcore's terms."""
    return httpcore.Origin(origin.scheme.encode("ascii"), origin.host.encode("ascii"), origin.port)


def core_request(request: httpx.Request) -> httpcore.Request:
    """Return a request in httpcore's terms."""
    raw = request.url
    url = httpcore.URL(scheme=raw.raw_scheme, host=raw.raw_host, port=raw.port, target=raw.raw_path)
    return httpcore.Request(
        request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
    )


def core_head(response: httpcore.Response) -> Head:
    """Return the head of a response of httpcore's."""
    extensions: dict[str, bytes] = cast("Any", response).extensions
    return Head(response.status, response.headers, extensions.get("reason_phrase", b""))


def request_of(request: httpcore.Request) -> httpx.Request:
    """Return a request of httpcore's in httpx's terms again."""
    raw = request.url
    url = httpx.URL(
        scheme=raw.scheme.decode("ascii"), host=raw.host.decode("ascii"), port=raw.port, raw_path=raw.target
    )
    return httpx.Request(
        request.method.decode("ascii"),
        url,
        headers=request.headers,
        stream=cast("httpx.SyncByteStream", request.stream),
        extensions=cast("Any", request).extensions,
    )


def core_response(response: Incoming) -> httpcore.Response:
    """Return a response in httpcore's terms."""
    return httpcore.Response(
        response.status_code, headers=response.head.headers, content=response.stream, extensions=response.extensions
    )


@contextmanager
def httpx_errors(proxy: str = "") -> Generator[None, None, None]:
    """Raise httpx's errors in place of httpcore's, which have the same names, and of a broken SOCKS proxy's.

    Where no response came, the text names the proxy, or the API's server would be looked for in vain.
    """
    try:
        yield
    except Exception as failure:
        kinds = [kind.__name__ for kind in type(failure).__mro__ if kind.__module__ == "httpcore"]
        if type(failure).__module__.startswith("socksio"):  # httpcore lets these through
            kinds = ["ProxyError"]
        if type(failure) in _FROM_RESOLVER:
            kinds = [type(failure).__name__]
        if not kinds:
            raise
        error: type[httpx.TransportError] = getattr(httpx, kinds[0])
        is_named = bool(proxy) and issubclass(error, _AT_THE_PROXY)
        raise error(f"through the proxy {proxy}: {failure}" if is_named else str(failure)) from failure
