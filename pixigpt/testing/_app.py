"""The HTTP side: each operation of the contract is a route to its endpoint."""

import itertools
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, cast

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
from pixigpt.testing._faults import Fault
from pixigpt.testing._faulty_send import FaultySend
from pixigpt.testing._queue import Queue
from pixigpt.testing._requests import ReceivedRequest, received


@define(eq=False)
class App:
    """The server as an ASGI app, with what a test may set and read.

    A request passes the key's check, the faults, and then its operation's endpoint.
    """

    backend: Backend
    api_key: str
    max_requests: int
    faults: Queue[Fault] = field(factory=Queue[Fault])
    requests: list[ReceivedRequest] = field(factory=list[ReceivedRequest])
    in_flight: int = field(init=False, default=0)
    _request_numbers: Iterator[int] = field(init=False, factory=lambda: itertools.count(1))
    _reset: anyio.Event = field(init=False, factory=anyio.Event)  # set by the next reset
    _routes: ASGIApp = field(init=False)

    def __attrs_post_init__(self) -> None:
        handlers: Any = {HTTPException: _on_http_exception}
        self._routes = Starlette(routes=_routes(self.backend), exception_handlers=handlers)

    def reset(self) -> None:
        """Forget the faults, the recorded requests and everything stored."""
        self._reset.set()
        self._reset = anyio.Event()
        self.faults.clear()
        self.requests.clear()
        self.backend.reset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and count it until it is done with."""
        self.in_flight += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self.in_flight -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        record = received(request, body, BASE_PATH)
        self._record(record)
        send = _with_request_id(send, f"req_{next(self._request_numbers)}")
        if not secrets.compare_digest(_authorization(request), f"Bearer {self.api_key}".encode()):
            refusal = error_response(401, "The API key is missing or wrong.", code="invalid_api_key")
            await refusal(scope, receive, send)
        else:
            await self._respond(scope, body, receive, send, record)

    async def _is_reset_within(self, seconds: float) -> bool:
        """Wait; return at once that the server was reset meanwhile, or later that it was not.

        A delayed request whose client has long left would else do its work in the middle of another test, and take the
        reply that is meant for one of that test's.
        """
        reset = self._reset
        with anyio.move_on_after(seconds):
            await reset.wait()
        return reset.is_set()

    def _record(self, record: ReceivedRequest) -> None:
        self.requests.append(record)
        del self.requests[: max(0, len(self.requests) - self.max_requests)]

    async def _respond(self, scope: Scope, body: bytes, receive: Receive, send: Send, record: ReceivedRequest) -> None:
        try:
            fault = self.faults.take(record)
        except Exception as error:  # noqa: BLE001  # a test's own `when`: what it raised is kept
            return await self.backend.broken(record.path, error).response()(scope, receive, send)
        if fault is None:
            return await self._routes(scope, _replayed(body, receive), send)
        if fault.kind == "fail" and not fault.mid_stream:
            return await _failure(fault)(scope, receive, send)
        was_reset = fault.kind == "delay" and await self._is_reset_within(fault.seconds)
        if was_reset:
            return await error_response(503, "The server was reset.")(scope, receive, send)
        if fault.kind == "ignore_stream":
            body = _without_stream(record)
        return await self._routes(scope, _replayed(body, receive), FaultySend(send, fault))


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


def _failure(fault: Fault) -> Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return error_response(fault.status or 500, "This failure was asked for.", headers)


def _without_stream(record: ReceivedRequest) -> bytes:
    """Return the body of a request as if it had not asked for a stream."""
    body = cast("Mapping[str, object]", record.body)
    return json.dumps({name: body[name] for name in body if name not in ("stream", "stream_options")}).encode()


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was read once more, and then goes on: with the client's leaving."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


async def _on_http_exception(_: Request, error: HTTPException) -> Response:
    return error_response(error.status_code, error.detail, error.headers)
