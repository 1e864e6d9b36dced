"""The HTTP side: each operation of the contract is a route to the service's method of the same name."""

import itertools
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, get_type_hints

import anyio
from attrs import define, field
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pixigpt.testing._contract import Operation, complaint, operations
from pixigpt.testing._faults import Faults, spoiled
from pixigpt.testing._idempotency import Replays
from pixigpt.testing._multipart import parts
from pixigpt.testing._requests import ReceivedRequest
from pixigpt.testing._service import Service, ServiceError

BASE_PATH = "/v1"

_Endpoint = Callable[[Request], Awaitable[Response]]

_TYPES = {401: "authentication_error", 429: "rate_limit_error"}


@define(eq=False)
class App:
    """The server as an ASGI app, with what a test may set and read.

    A request passes the key's check, the faults, the contract, and what its Idempotency-Key has answered before.
    """

    service: Service
    api_key: str
    faults: Faults = field(factory=Faults)
    requests: list[ReceivedRequest] = field(factory=list[ReceivedRequest])
    _replays: Replays = field(init=False, factory=Replays)
    _request_numbers: Iterator[int] = field(init=False, factory=lambda: itertools.count(1))
    _routes: ASGIApp = field(init=False)

    def __attrs_post_init__(self) -> None:
        routes = _routes(self.service, self._replays)
        handlers: Any = {HTTPException: _on_http_exception, ServiceError: _on_service_error}
        self._routes = Starlette(routes=routes, exception_handlers=handlers)

    def reset(self) -> None:
        """Forget the faults, the recorded requests and everything stored."""
        self.faults.clear()
        self.requests.clear()
        self._replays.clear()
        self.service.reset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        received = _received(request, body)
        self.requests.append(received)
        send = _with_request_id(send, f"req_{next(self._request_numbers)}")
        if not secrets.compare_digest(_authorization(request), f"Bearer {self.api_key}".encode()):
            refusal = error_response(401, "The API key is missing or wrong.", code="invalid_api_key")
            await refusal(scope, receive, send)
        else:
            await self._answer(scope, _replayed(body), send, received.path)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        fault = self.faults.take(path)
        if fault is None:
            return await self._routes(scope, receive, send)
        if fault.status is not None:
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return await error_response(fault.status, "This failure was asked for.", headers)(scope, receive, send)
        await anyio.sleep(fault.delay)
        return await self._routes(scope, receive, spoiled(send, fault))


def error_response(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str | None = None,
) -> Response:
    """Return an error in OpenAI's form."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return _json({"error": {"message": message, "type": kind, "code": code}}, status, headers)


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    # In ASCII, so that half a surrogate pair, which JSON allows, comes back as it was sent.
    return Response(json.dumps(value), status, headers, media_type="application/json")


def _routes(service: Service, replays: Replays) -> list[Route]:
    """Return a route for each path, so that a 405 names the methods that the path has."""
    by_path: dict[str, dict[str, _Endpoint]] = {}
    for operation in operations():
        by_path.setdefault(operation.path, {})[operation.method] = _endpoint(operation, service, replays)
    return [Route(BASE_PATH + path, _dispatch(methods), methods=[*methods]) for path, methods in by_path.items()]


def _dispatch(methods: Mapping[str, _Endpoint]) -> _Endpoint:
    async def endpoint(request: Request) -> Response:
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


def _endpoint(operation: Operation, service: Service, replays: Replays) -> _Endpoint:
    method = getattr(service, operation.name, None)
    if method is None:
        return _not_here_yet
    body_class = get_type_hints(method).get("body")
    has_files = body_class is not None and not hasattr(body_class, "from_dict")

    def work(request: Request, body: bytes) -> Response:
        arguments: dict[str, Any] = {**request.path_params}
        arguments.update({name: int(value) for name, value in request.query_params.items() if name == "limit"})
        if body_class is not None:
            arguments["body"] = _decoded(request, body, body_class)
        return _response(method(**arguments))

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        if found := complaint(request, body, BASE_PATH, has_files=has_files):
            return error_response(400, found)
        key = request.headers.get("idempotency-key")
        if key is None or operation.method != "POST":
            return work(request, body)
        return replays.answer(key, (request.url.path, body), lambda: work(request, body))

    return endpoint


def _decoded(request: Request, body: bytes, body_class: Any) -> object:  # noqa: ANN401  # the service's annotation
    """Return a body as the service's method wants it: a generated object, the parts of a form, or bytes."""
    if hasattr(body_class, "from_dict"):
        return body_class.from_dict(json.loads(body))
    return body if body_class is bytes else parts(request.headers["content-type"], body)


def _response(result: Any) -> Response:  # noqa: ANN401  # what the service's methods return
    if result is None:
        return Response(status_code=204)
    if isinstance(result, bytes):
        return Response(result, media_type="application/octet-stream")
    return _json(result.to_dict())


async def _not_here_yet(request: Request) -> Response:
    return error_response(501, f"{request.method} {request.url.path} is not in the local server yet.")


def _authorization(request: Request) -> bytes:
    return dict(request.headers.raw).get(b"authorization", b"")


def _received(request: Request, body: bytes) -> ReceivedRequest:
    try:
        decoded = json.loads(body) if body else None
    except (ValueError, RecursionError):
        decoded = body
    path = request.url.path.removeprefix(BASE_PATH)
    return ReceivedRequest(request.method, path, dict(request.headers), decoded)


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


async def _on_service_error(_: Request, error: ServiceError) -> Response:
    return error_response(error.status, str(error), code=error.code)
