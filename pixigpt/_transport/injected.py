"""What a user injects in place of the SDK's own connections: a transport, or an httpx client adapted to one."""

from typing import Any

import httpx

from pixigpt._checks import of_type, optional
from pixigpt._transport.extensions import ClosedError


def given_transport(
    http_client: httpx.Client | None, transport: httpx.BaseTransport | None
) -> httpx.BaseTransport | None:
    """Return the injected transport, if any; raise ValueError or TypeError if it is bad."""
    _check(http_client, httpx.Client, transport, httpx.BaseTransport)
    return transport if http_client is None else ClientTransport(http_client)


def given_async_transport(
    http_client: httpx.AsyncClient | None, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncBaseTransport | None:
    """Return the injected transport, if any; raise ValueError or TypeError if it is bad."""
    _check(http_client, httpx.AsyncClient, transport, httpx.AsyncBaseTransport)
    return transport if http_client is None else AsyncClientTransport(http_client)


def _check(http_client: object, client_type: type, transport: object, transport_type: type) -> None:
    if http_client is not None and transport is not None:
        raise ValueError("http_client and transport exclude each other")
    optional(of_type(client_type))("http_client", http_client)
    optional(of_type(transport_type))("transport", transport)


class ClientTransport(httpx.BaseTransport):
    """An injected httpx client, with everything set on it: headers, parameters, hooks, mounts."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(_merged(self._http, request), stream=True, follow_redirects=False)
        except RuntimeError:
            _check_open(self._http)
            raise


class AsyncClientTransport(httpx.AsyncBaseTransport):
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
