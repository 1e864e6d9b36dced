"""The connection options of a client: limits, proxy, certificates."""

import ssl
from pathlib import Path

import httpx
from attrs import field, frozen

from pixigpt._checks import non_negative, non_negative_int, of_type, optional, port

DEFAULT_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=90.0)


@frozen
class PoolOptions:
    """The options of a pool, which a pickled client carries."""

    limits: httpx.Limits
    proxy: httpx.Proxy | None = field(repr=False)  # it may hold a password
    verify: bool | str | ssl.SSLContext

    @classmethod
    def create(
        cls,
        limits: httpx.Limits | None,
        proxy: str | httpx.URL | httpx.Proxy | None,
        verify: bool | str | ssl.SSLContext,
        *,
        is_injected: bool = False,
    ) -> "PoolOptions":
        """Check a constructor's arguments; raise ValueError or TypeError if one is bad."""
        _check_limits(limits)
        _check_verify(verify)
        if is_injected and not (limits is None and proxy is None and verify is True):
            raise ValueError("limits, proxy and verify have no effect beside http_client or transport: set them there")
        return cls(limits or DEFAULT_LIMITS, checked_proxy(proxy), verify)


def _check_verify(verify: object) -> None:
    of_type(bool | str | ssl.SSLContext)("verify", verify)
    if isinstance(verify, str) and not Path(verify).exists():
        raise ValueError(f"verify: there is no file or folder {verify!r}")


def _check_limits(limits: httpx.Limits | None) -> None:
    optional(of_type(httpx.Limits))("limits", limits)
    if limits is not None:
        optional(non_negative_int)("limits: max_connections", limits.max_connections)
        optional(non_negative_int)("limits: max_keepalive_connections", limits.max_keepalive_connections)
        optional(non_negative)("limits: keepalive_expiry", limits.keepalive_expiry)
        if limits.max_connections == 0:
            raise ValueError("limits: max_connections must be at least 1")


def checked_proxy(proxy: str | httpx.URL | httpx.Proxy | None) -> httpx.Proxy | None:
    """Check a proxy; raise ValueError or TypeError, without its password, if it is not valid."""
    if proxy is None:
        return None
    try:
        made = proxy if isinstance(proxy, httpx.Proxy) else httpx.Proxy(proxy)
    except (httpx.InvalidURL, ValueError):
        raise ValueError("proxy must be a URL that begins with http://, https:// or socks5://") from None
    except (AttributeError, TypeError):
        raise TypeError(f"proxy must be a URL, not {type(proxy).__name__}") from None
    port("proxy", made.url.port)
    return made
