"""The connections under a client and its copies: one httpx client, opened at the first call, closed once."""

import ssl
import threading
import warnings
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Generic, TypeVar

import httpx

from pixigpt._checks import of_type, or_none

HttpT = TypeVar("HttpT", bound=httpx.Client | httpx.AsyncClient)

DEFAULT_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=90.0)
CONNECT_TIMEOUT = 10.0


class Connections(Generic[HttpT]):
    """An httpx client that a client and its copies share."""

    _is_closed = True  # until the constructor is through

    def __init__(self, owner: str, given: HttpT | None, open_: Callable[[], HttpT]) -> None:
        self._owner = owner
        self._open = open_
        self._http = given
        self._is_given = given is not None
        self._is_closed = False
        self._lock = threading.Lock()

    def get(self) -> HttpT:
        """The httpx client; an httpx error that no retry mends, if it is closed or cannot be opened."""
        with self._lock:
            if self._is_closed:
                raise httpx.LocalProtocolError("the client is closed")
            if self._http is None:
                self._http = self._opened()
            if self._http.is_closed:
                raise httpx.LocalProtocolError("the injected http_client is closed")
            return self._http

    def is_open(self) -> bool:
        """Whether calls can still be made."""
        with self._lock:
            return not (self._is_closed or (self._http is not None and self._http.is_closed))

    def _opened(self) -> HttpT:
        try:
            return self._open()
        except (ImportError, OSError, ValueError) as cause:  # no SOCKS library, no certificates, a bad HTTP_PROXY
            raise httpx.UnsupportedProtocol(f"no connection can be opened: {cause}") from cause

    def take(self) -> HttpT | None:
        """Close for new calls; what the caller must now close, if anything."""
        with self._lock:
            http, self._http = self._http, None
            self._is_closed = True
        return None if self._is_given else http

    def __del__(self) -> None:
        if not (self._is_closed or self._is_given):
            message = f"{self._owner} was dropped without being closed; use `with`, or call its closing method"
            warnings.warn(message, ResourceWarning, source=self, stacklevel=2)


class BorrowedTransport(httpx.BaseTransport):
    """The connections of a client, for another httpx client that must not close them."""

    def __init__(self, connections: Connections[httpx.Client]) -> None:
        self._connections = connections

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._connections.get().send(request, stream=True, follow_redirects=False)


class AsyncBorrowedTransport(httpx.AsyncBaseTransport):
    """The connections of an async client, for another httpx client that must not close them."""

    def __init__(self, connections: Connections[httpx.AsyncClient]) -> None:
        self._connections = connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._connections.get().send(request, stream=True, follow_redirects=False)


def given_client(http_client: httpx.Client | None, transport: httpx.BaseTransport | None) -> httpx.Client | None:
    """The httpx client that a user injects, whole or as a transport; ValueError or TypeError if it is bad."""
    _check_given(http_client, httpx.Client, transport, httpx.BaseTransport)
    if transport is not None:
        return httpx.Client(transport=transport, cookies=no_cookies())
    return http_client


def given_async_client(
    http_client: httpx.AsyncClient | None, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient | None:
    """The httpx async client that a user injects, whole or as a transport; ValueError or TypeError if it is bad."""
    _check_given(http_client, httpx.AsyncClient, transport, httpx.AsyncBaseTransport)
    if transport is not None:
        return httpx.AsyncClient(transport=transport, cookies=no_cookies())
    return http_client


def _check_given(http_client: object, client_type: type, transport: object, transport_type: type) -> None:
    if http_client is not None and transport is not None:
        raise ValueError("http_client and transport exclude each other")
    or_none(of_type(client_type))("http_client", http_client)
    or_none(of_type(transport_type))("transport", transport)


def checked_limits(limits: httpx.Limits | None) -> httpx.Limits:
    """The limits that a user sets, or the SDK's own; TypeError if they are none."""
    or_none(of_type(httpx.Limits))("limits", limits)
    return limits or DEFAULT_LIMITS


def checked_verify(verify: bool | ssl.SSLContext) -> bool | ssl.SSLContext:
    """How to verify the server; TypeError if it is neither a bool nor a context."""
    of_type(bool | ssl.SSLContext)("verify", verify)
    return verify


def checked_proxy(proxy: str | httpx.URL | httpx.Proxy | None) -> httpx.Proxy | None:
    """The proxy that a user names; ValueError or TypeError, without its password, if it is none."""
    if proxy is None or isinstance(proxy, httpx.Proxy):
        return proxy
    try:
        return httpx.Proxy(proxy)
    except (httpx.InvalidURL, ValueError):
        raise ValueError("proxy must be a URL that begins with http://, https:// or socks5://") from None
    except (AttributeError, TypeError):
        raise TypeError(f"proxy must be a URL, not {type(proxy).__name__}") from None


def no_cookies() -> CookieJar:
    """A jar that keeps nothing: no server sets state in a client that threads share."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def httpx_timeout(seconds: float | None) -> httpx.Timeout:
    """An attempt's timeout in httpx's terms; connecting has 10 s of it at the most."""
    connect = CONNECT_TIMEOUT if seconds is None else min(seconds, CONNECT_TIMEOUT)
    return httpx.Timeout(seconds, connect=connect)
