"""The HTTP side: each operation of the contract is a route to its endpoint."""

import itertools
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import anyio
from attrs import define, field
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pixigpt.testing._contract import operations
from pixigpt.testing._endpoints import BASE_PATH, Backend, Endpoint, EndpointFunction
from pixigpt.testing._errors import error_response
from pixigpt.testing._faults import Faults, spoiled
from pixigpt.testing._requests import ReceivedRequest, received


@define(eq=False)
class App:
    """The server as an ASGI app, with what a test may set and read.

    A request passes the key's check, the faults, and then its operation's endpoint.
    """

    backend: Backend
    api_key: str
    max_requests: int
    faults: Faults = field(factory=Faults)
    requests: list[ReceivedRequest] = field(factory=list[ReceivedRequest])
    _request_numbers: Iterator[int] = field(init=False, factory=lambda: itertools.count(1))
    _routes: ASGIApp = field(init=False)

    def __attrs_post_init__(self) -> None:
        handlers: Any = {HTTPException: _on_http_exception}
        self._routes = Starlette(routes=_routes(self.backend), exception_handlers=handlers)

    def reset(self) -> None:
        """Forget the faults, the recorded requests and everything stored."""
        self.faults.clear()
        self.requests.clear()
        self.backend.reset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        record = received(request, body, BASE_PATH)
        self._record(record)
        send = _with_request_id(send, f"req_{next(self._request_numbers)}")
        if not secrets.compare_digest(_authorization(request), f"Bearer {self.api_key}".encode()):
            refusal = error_response(401, "The API key is missing or wrong.", code="invalid_api_key")
            await refusal(scope, receive, send)
        else:
            await self._respond(scope, _replayed(body), send, record.path)

    def _record(self, record: ReceivedRequest) -> None:
        self.requests.append(record)
        del self.requests[: max(0, len(self.requests) - self.max_requests)]

    async def _respond(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        fault = self.faults.take(path)
        if fault is None:
            return await self._routes(scope, receive, send)
        if fault.status is not None:
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return await error_response(fault.status, "This failure was asked for.", headers)(scope, receive, send)
        await anyio.sleep(fault.delay)
        return await self._routes(scope, receive, spoiled(send, fault))


def _routes(backend: Backend) -> list[Route]:
    """Return a route for each path, so that a 405 names the methods that the path has."""
    by_path: dict[str, dict[str, EndpointFunction]] = {}
    for operation in operations():
        by_path.setdefault(operation.path, {})[operation.method] = Endpoint(operation, backend)
    return [Route(BASE_PATH + path, _dispatch(methods), methods=[*methods]) for path, methods in by_path.items()]


def _dispatch(methods: Mapping[str, EndpointFunction]) -> EndpointFunction:
    async def endpoint(request: Request) -> Response:
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


def _authorization(request: Request) -> bytes:
    return dict(request.headers.raw).get(b"authorization", b"")


def _with_request_id(send: Send, request_id: str) -> Send:
    async def send_with_id(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["X-Request-Id"] = request_id
        await send(message)

    return send_with_id


def _replayed(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _on_http_exception(_: Request, error: HTTPException) -> Response:
    return error_response(error.status_code, error.detail, error.headers)
