"""A request whose headers are parsed only where somebody asks for them: mocks, instrumentation, an injected client."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

HeaderPairs = Collection[tuple[str, str]]


class LazyRequest(httpx.Request):
    """A request of httpx's, made for a third of the time: the SDK's own connections send the headers as they are."""

    def __init__(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        stream: httpx.SyncByteStream | httpx.AsyncByteStream,
        extensions: dict[str, Any],
    ) -> None:
        # Not httpx's own constructor, which parses the headers. It sets these, if there is a stream, and no others.
        self.method = method
        self.url = url
        self.stream = stream
        self.extensions = extensions
        self._given = headers

    if not TYPE_CHECKING:  # to a type checker it is the attribute that httpx declares

        @cached_property
        def headers(self) -> httpx.Headers:
            return httpx.Headers(self._given)

    @property
    def given_headers(self) -> Mapping[str, str] | None:
        """The headers as they were given, unless somebody has asked for them, and may have changed them."""
        return None if "headers" in self.__dict__ else self._given


def checked_headers(request: httpx.Request) -> Mapping[str, str] | None:
    """Return a request's headers if they are those that the settings have checked, and no others."""
    return request.given_headers if isinstance(request, LazyRequest) else None


def header_pairs(request: httpx.Request) -> HeaderPairs:
    """Return a request's headers as they are to be sent."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
