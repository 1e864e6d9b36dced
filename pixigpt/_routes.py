"""How a host is reached: through which proxy, if any, and with which certificates."""

import ssl
from importlib.util import find_spec
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from pixigpt._pool_options import PoolOptions, checked_proxy


class Routes:
    """The routes of one pool. All its connections share one SSL context, which is made when it is first needed."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._context: ssl.SSLContext | None = None

    def proxy(self, origin: httpcore.Origin) -> httpcore.Proxy | None:
        """The proxy on the way to a host."""
        try:
            proxy = self._options.proxy or checked_proxy(_environment_proxy(origin))
        except ValueError as cause:
            raise _unusable(cause) from cause
        if proxy is None:
            return None
        if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
            raise _unusable('a SOCKS proxy needs the package "socksio": pip install "httpx[socks]"')
        url = httpcore.URL(
            scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path
        )
        return httpcore.Proxy(url, proxy.raw_auth, proxy.headers.raw, proxy.ssl_context)

    def ssl_context(self, origin: httpcore.Origin) -> ssl.SSLContext | None:
        """The context for a host that wants TLS."""
        if self._context is None and origin.scheme == b"https":
            try:
                self._context = httpx.create_ssl_context(self._options.verify)
            except OSError as cause:
                raise _unusable(cause) from cause
        return self._context


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
