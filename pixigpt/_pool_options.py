"""What a user can say of a client's connections: how many, through which proxy, with which certificates."""

import ssl

import httpx
from attrs import frozen

from pixigpt._checks import of_type, or_none

DEFAULT_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=90.0)


@frozen
class PoolOptions:
    """A pool's options, which a pickled client carries."""

    limits: httpx.Limits
    proxy: httpx.Proxy | None
    verify: bool | ssl.SSLContext

    @classmethod
    def create(
        cls,
        limits: httpx.Limits | None,
        proxy: str | httpx.URL | httpx.Proxy | None,
        verify: bool | ssl.SSLContext,
    ) -> "PoolOptions":
        """The options that a constructor's arguments make; ValueError or TypeError if one is bad."""
        or_none(of_type(httpx.Limits))("limits", limits)
        of_type(bool | ssl.SSLContext)("verify", verify)
        return cls(limits or DEFAULT_LIMITS, checked_proxy(proxy), verify)


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
