"""How a host is reached: through which proxy, if any, and with which certificates."""

import ssl
import threading
from importlib.util import find_spec
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from attrs import frozen

from pixigpt._fork import renew_after_fork
from pixigpt._pool_options import PoolOptions, checked_proxy


@frozen
class Route:
    """The way to one host."""

    proxy: httpx.Proxy | None
    ssl_context: ssl.SSLContext | None
    proxy_ssl_context: ssl.SSLContext | None

    @property
    def has_socks(self) -> bool:
        """Whether it leads through a SOCKS proxy."""
        return self.proxy is not None and self.proxy.url.scheme.startswith("socks")

    @property
    def proxy_url(self) -> httpcore.URL:
        """The proxy's address, as httpcore takes it."""
        url = httpx.URL() if self.proxy is None else self.proxy.url
        return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)

    def handshakes(self, origin: httpcore.Origin) -> int:
        """How many TLS handshakes it takes until a request can be sent."""
        return (self.ssl_context is not None and origin.scheme == b"https") + (self.proxy_ssl_context is not None)


class Routes:
    """The routes of one pool. All its connections share one SSL context, which is made when it is first needed."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._context: ssl.SSLContext | None = None
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """In a forked child: a lock that nothing holds."""
        self._lock = threading.RLock()

    def to(self, origin: httpcore.Origin) -> Route:
        """The route to a host; an httpcore error that no retry mends, if there can be none."""
        try:
            proxy = self._options.proxy or checked_proxy(_environment_proxy(origin))
        except ValueError as cause:
            raise _unusable(cause) from cause
        context = self._ssl_context() if origin.scheme == b"https" else None
        if proxy is None:
            return Route(None, context, None)
        if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
            raise _unusable('a SOCKS proxy needs the package "socksio": pip install "httpx[socks]"')
        is_secure = proxy.url.scheme == "https"
        return Route(proxy, context, (proxy.ssl_context or self._ssl_context()) if is_secure else None)

    def _ssl_context(self) -> ssl.SSLContext:
        with self._lock:  # to load certificates takes long
            if self._context is None:
                try:
                    self._context = httpx.create_ssl_context(self._options.verify)
                except OSError as cause:
                    raise _unusable(cause) from cause
            return self._context


def is_broken_socks(failure: Exception) -> bool:
    """Whether a SOCKS proxy has broken its protocol, which httpcore lets socksio say in its own way."""
    return type(failure).__module__.startswith("socksio")


def _environment_proxy(origin: httpcore.Origin) -> str | None:
    """What HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say, or the system's settings where Python reads them."""
    proxies = getproxies()
    url = proxies.get(origin.scheme.decode("ascii")) or proxies.get("all")
    host = origin.host.decode("ascii")
    if not url or proxy_bypass(host) or proxy_bypass(f"{host}:{origin.port}"):
        return None
    return url if "://" in url else f"http://{url}"


def _unusable(cause: object) -> httpcore.UnsupportedProtocol:
    return httpcore.UnsupportedProtocol(f"no connection can be opened: {cause}")
