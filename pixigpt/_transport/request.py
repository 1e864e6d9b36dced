"""A request whose headers are parsed only where somebody asks for them: mocks, instrumentation, an injected client."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

RawHeaders = list[tuple[bytes, bytes]]


class LazyRequest(httpx.Request):
    """A request of httpx's, made for a third of the time: the SDK's own connections send the headers as they are."""

    def __init__(
        self,
        method: str,
        url: httpx.URL,
        headers: RawHeaders,
        stream: httpx.SyncByteStream | httpx.AsyncByteStream,
        extensions: dict[str, Any],
    ) -> None:
        # Not httpx's own constructor, which parses the headers. It sets these, if there is a stream, and no others.
        self.method = method
        self.url = url
        self.stream = stream
        self.extensions = extensions
        self._raw_headers = headers

    if not TYPE_CHECKING:  # to a type checker it is the attribute that httpx declares

        @cached_property
        def headers(self) -> httpx.Headers:
            return httpx.Headers(self._raw_headers)

    @property
    def raw_headers(self) -> RawHeaders:
        """The headers as they are to be sent, with what somebody has changed."""
        return self.headers.raw if "headers" in vars(self) else self._raw_headers


def raw_headers(request: httpx.Request) -> RawHeaders:
    """Return a request's headers as they are to be sent."""
    return request.raw_headers if isinstance(request, LazyRequest) else request.headers.raw
