"""What a user injects in place of the SDK's own connections: a transport, or an httpx client adapted to one."""

from typing import Any

import httpx

from pixigpt._checks import of_type, optional
from pixigpt._transport.base import AsyncTransport, Transport
from pixigpt._transport.extensions import ClosedError


def given_transport(http_client: httpx.Client | None, transport: httpx.BaseTransport | None) -> Transport | None:
    """Return the injected transport, if any; raise ValueError or TypeError if it is bad."""
    _check(http_client, httpx.Client, transport, httpx.BaseTransport)
    if http_client is not None:
        return ClientTransport(http_client)
    return None if transport is None else GivenTransport(transport)


def given_async_transport(
    http_client: httpx.AsyncClient | None, transport: httpx.AsyncBaseTransport | None
) -> AsyncTransport | None:
    """Return the injected transport, if any; raise ValueError or TypeError if it is bad."""
    _check(http_client, httpx.AsyncClient, transport, httpx.AsyncBaseTransport)
    if http_client is not None:
        return AsyncClientTransport(http_client)
    return None if transport is None else AsyncGivenTransport(transport)


def _check(http_client: object, client_type: type, transport: object, transport_type: type) -> None:
    if http_client is not None and transport is not None:
        raise ValueError("http_client and transport exclude each other: pass one of them")
    optional(of_type(client_type))("http_client", http_client)
    optional(of_type(transport_type))("transport", transport)


class GivenTransport(Transport):
    """An injected transport."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)


class AsyncGivenTransport(AsyncTransport):
    """An injected async transport."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)


class ClientTransport(Transport):
    """An injected httpx client, with everything set on it: headers, parameters, hooks, mounts."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(_merged(self._http, request), stream=True, follow_redirects=False)
        except RuntimeError:
            _check_open(self._http)
            raise


class AsyncClientTransport(AsyncTransport):
    """An injected httpx async client, with everything set on it: headers, parameters, hooks, mounts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._http.send(_merged(self._http, request), stream=True, follow_redirects=False)
        except RuntimeError:
            _check_open(self._http)
            raise


def _merged(http: httpx.Client | httpx.AsyncClient, request: httpx.Request) -> httpx.Request:
    stream: Any = request.stream
    content = request.read() if isinstance(stream, httpx.ByteStream) else stream  # an upload, read in pieces
    return http.build_request(
        request.method, request.url, headers=request.headers, content=content, extensions=request.extensions
    )


def _check_open(http: httpx.Client | httpx.AsyncClient) -> None:
    if http.is_closed:
        raise httpx.LocalProtocolError("the injected http_client is closed") from ClosedError()
