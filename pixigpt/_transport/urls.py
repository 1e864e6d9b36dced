"""URLs: where one leads, and those that are sent to again and again, of which all that a request needs is kept."""

import ipaddress
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import httpx

PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where a request goes."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> "Origin":
        """Return a URL's origin."""
        if isinstance(url, KeptURL):
            return url.origin
        return cls(url.scheme, url.raw_host.decode("ascii"), url.port or PORTS.get(url.scheme, 0))


class KeptURL(httpx.URL):
    """A URL of httpx's that computes its parts once, where httpx's own does so at each request."""

    if not TYPE_CHECKING:  # to a type checker they are the properties that httpx declares

        @cached_property
        def netloc(self) -> bytes:
            return super().netloc

        @cached_property
        def raw_path(self) -> bytes:
            return super().raw_path

    @cached_property
    def origin(self) -> Origin:
        """Where it leads."""
        return Origin.of(httpx.URL(self))


@lru_cache(maxsize=64)  # asked for each connection
def is_address(host: str) -> bool:
    """Return whether a host is an IP address."""
    with suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    if is_address(host):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")
