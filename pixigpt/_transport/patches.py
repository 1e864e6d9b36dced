"""Whether somebody has patched httpx or httpcore, as mocks and instrumentation do.

The SDK's own connections bypass httpx's `HTTPTransport.handle_request()` and httpcore's `HTTPConnection`. pytest-httpx,
respx and OpenTelemetry replace just those methods. So where one is not its package's own, a call goes through it after
all, as it would with httpx alone; `tests/test_mocks.py` shows it for pytest-httpx and respx.
"""

from functools import lru_cache
from types import FunctionType

import httpcore
import httpx


def _is_patched(method: object, package: str) -> bool:
    """Return whether a method is not its package's own code; a wrapper may have copied all its names."""
    return type(method) is not FunctionType or _package_of(method) != package


@lru_cache(maxsize=16)
def _package_of(function: FunctionType) -> str:
    name: str = function.__globals__["__name__"]
    return name.partition(".")[0]


def is_httpx_patched() -> bool:
    """Return whether httpx's sync transport is patched."""
    return _is_patched(httpx.HTTPTransport.handle_request, "httpx")


def is_async_httpx_patched() -> bool:
    """Return whether httpx's async transport is patched."""
    return _is_patched(httpx.AsyncHTTPTransport.handle_async_request, "httpx")


def is_httpcore_patched() -> bool:
    """Return whether httpcore's sync connections are patched."""
    return _is_patched(httpcore.HTTPConnection.handle_request, "httpcore")


def is_async_httpcore_patched() -> bool:
    """Return whether httpcore's async connections are patched."""
    return _is_patched(httpcore.AsyncHTTPConnection.handle_async_request, "httpcore")
