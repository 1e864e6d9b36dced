"""What a host's name tells: whether it is an address, or this machine itself."""

import ipaddress
from contextlib import suppress
from functools import lru_cache


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
