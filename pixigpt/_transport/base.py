"""What the SDK asks of a transport: to send, and to give a response that need not be one of httpx's."""

import httpx

from pixigpt._transport.response import Incoming, RawHeaders

Received = Incoming | httpx.Response


def raw_headers(response: Received) -> RawHeaders:
    """Return a response's headers as they have come."""
    return response.headers.raw if isinstance(response, httpx.Response) else response.head.headers


class Transport(httpx.BaseTransport):
    """A transport of httpx's that the sync driver can use."""

    def send(self, request: httpx.Request) -> Received:
        """Send a request; return its response once the head is there."""
        return self.handle_request(request)


class AsyncTransport(httpx.AsyncBaseTransport):
    """A transport of httpx's that the async driver can use."""

    async def send(self, request: httpx.Request) -> Received:
        """Send a request; return its response once the head is there."""
        return await self.handle_async_request(request)
