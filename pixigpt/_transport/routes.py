"""How a host is reached: through which proxy, if any, and with which certificates."""

import os
import re
import ssl
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from attrs import frozen

from pixigpt._fork import ForkSafeLock
from pixigpt._transport.options import PoolOptions, checked_proxy
from pixigpt._transport.urls import PORTS, Origin, is_loopback

PoolT = TypeVar("PoolT")


@frozen
class Openers(Generic[PoolT]):
    """The httpcore pool classes that know how to connect; each pool is asked for one connection."""

    direct: Callable[..., PoolT]
    http_proxy: Callable[..., PoolT]
    socks_proxy: Callable[..., PoolT]


@frozen
class Route:
    """How to reach one host; the SSL contexts are None where there is no TLS."""

    proxy: httpx.Proxy | None
    proxy_source: str  # the argument or the variable that names the proxy
    ssl_context: ssl.SSLContext | None
    proxy_ssl_context: ssl.SSLContext | None

    @property
    def handshakes(self) -> int:
        """How many TLS handshakes come before a request."""
        return (self.ssl_context is not None) + (self.proxy_ssl_context is not None)

    @property
    def proxy_name(self) -> str:
        """The proxy and where it comes from, without its password; empty if there is none."""
        if self.proxy is None:
            return ""
        url = self.proxy.url
        port = "" if url.port is None else f":{url.port}"
        return f"{url.scheme}://{url.host}{port} (from {self.proxy_source})"

    def opener(self, openers: Openers[PoolT], backend: object) -> PoolT:
        """Return the httpcore pool that opens connections along this route."""
        given = {"ssl_context": self.ssl_context, "network_backend": backend}
        if self.proxy is None:
            return openers.direct(**given)
        url = self.proxy.url
        address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        if _is_socks(self.proxy):
            return openers.socks_proxy(address, self.proxy.raw_auth, **given)
        given |= {"proxy_headers": self.proxy.headers.raw, "proxy_ssl_context": self.proxy_ssl_context}
        return openers.http_proxy(address, self.proxy.raw_auth, **given)


class Routes:
    """The routes of one pool. All its connections share one SSL context, created on first use."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._context: ssl.SSLContext | None = None
        self._lock = ForkSafeLock()
        self._found: dict[Origin, Route] = {}

    def to(self, origin: Origin) -> Route:
        """Return the route to a host; raise an httpx error that is not retryable if there is none.

        The environment's proxies are read once for each host: to read them takes longer than to connect.
        """
        if origin not in self._found:
            self._found[origin] = self._find(origin)
        return self._found[origin]

    def _find(self, origin: Origin) -> Route:
        if origin.scheme not in PORTS:
            raise _unusable(f"the URL begins with {origin.scheme}://")
        proxy, source = self._proxy(origin)
        context = self._ssl_context() if origin.scheme == "https" else None
        if proxy is None:
            return Route(None, "", context, None)
        if _is_socks(proxy) and find_spec("socksio") is None:
            raise _unusable('a SOCKS proxy needs the package "socksio": pip install "httpx[socks]"')
        is_secure = proxy.url.scheme == "https"
        return Route(proxy, source, context, (proxy.ssl_context or self._ssl_context()) if is_secure else None)

    def _proxy(self, origin: Origin) -> tuple[httpx.Proxy | None, str]:
        if self._options.proxy is not None:
            return self._options.proxy, "proxy="
        url, source = _environment_proxy(origin)
        try:
            return checked_proxy(url), source
        except ValueError as cause:
            raise _unusable(f"{source} is {_without_password(url)!r}: {cause}") from cause

    def _ssl_context(self) -> ssl.SSLContext:
        with self._lock:  # loading certificates is slow
            if self._context is None:
                try:
                    self._context = _ssl_context(self._options.verify)
                    self._context.set_alpn_protocols(["http/1.1"])
                except OSError as cause:
                    named = _certificates(self._options.verify)
                    raise _unusable(f"the certificates of {named} cannot be loaded: {cause}") from cause
            return self._context


def _ssl_context(verify: bool | str | ssl.SSLContext) -> ssl.SSLContext:
    """Return an SSL context; a path, which httpx deprecates, names a CA bundle or a folder of certificates."""
    if not isinstance(verify, str):
        return httpx.create_ssl_context(verify)
    is_folder = Path(verify).is_dir()
    return ssl.create_default_context(cafile=None if is_folder else verify, capath=verify if is_folder else None)


def _certificates(verify: bool | str | ssl.SSLContext) -> str:
    """Return what names the certificates, as httpx looks for it: neither OpenSSL's errors nor Python's do."""
    if isinstance(verify, str):
        return f"verify={verify!r}"
    names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    return f"{names[0]}={os.environ[names[0]]!r}" if names else "certifi"


def _is_socks(proxy: httpx.Proxy) -> bool:
    return proxy.url.scheme.startswith("socks")


def _environment_proxy(origin: Origin) -> tuple[str | None, str]:
    """Return the proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, or the system's settings, name; and which.

    Loopback is never reached through one: a proxy on another machine would look for the server there.
    """
    proxies, host = getproxies(), origin.host
    name = origin.scheme if proxies.get(origin.scheme) else "all"
    url = proxies.get(name)
    if not url or is_loopback(host) or proxy_bypass(host) or proxy_bypass(f"{host}:{origin.port}"):
        return None, ""
    return url if "://" in url else f"http://{url}", f"{name.upper()}_PROXY"


def _without_password(url: str | None) -> str:
    return re.sub(r"//[^@/]*@", "//***@", url or "")


def _unusable(cause: object) -> httpx.UnsupportedProtocol:
    return httpx.UnsupportedProtocol(f"no connection can be opened: {cause}")
