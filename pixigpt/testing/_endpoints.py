"""An operation's endpoint: what a request must pass before the service's method of the same name gets it."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn, get_type_hints

from attrs import define, field
from starlette.requests import Request
from starlette.responses import Response

from pixigpt.testing._contract import Operation, contract, violation
from pixigpt.testing._errors import ServiceError, error_response, json_response
from pixigpt.testing._event_stream import DONE, EventStream, chunk_event, events_in
from pixigpt.testing._idempotency import Replays
from pixigpt.testing._multipart import parts
from pixigpt.testing._nulls import without_nulls
from pixigpt.testing._paging import Page
from pixigpt.testing._refusals import refusal
from pixigpt.testing._replies import PlannedReply, Replies
from pixigpt.testing._requests import received
from pixigpt.testing._service import Service
from pixigpt_api.models import ChatCompletionChunk
from pixigpt_api.types import Model

BASE_PATH = "/v1"

EndpointFunction = Callable[[Request], Awaitable[Response]]


_Result = Model | Mapping[str, Any] | list[ChatCompletionChunk] | PlannedReply | bytes | None

_log = logging.getLogger("pixigpt.testing")


@define
class Backend:
    """What all endpoints share; `errors` are the exceptions of the server's own code."""

    service: Service
    replies: Replies = field(factory=Replies)
    replays: Replays = field(factory=Replays)
    errors: list[Exception] = field(factory=list[Exception])

    def reset(self) -> None:
        """Forget everything."""
        self.service.reset()
        self.replies.clear()
        self.replays.clear()
        self.errors.clear()

    def broken(self, what: str, error: Exception) -> Response:
        """Keep and log an exception that is being handled; return the response to what it befell."""
        _log.exception("%s: an error in the local server", what)
        self.errors.append(error)
        return error_response(500, f"An error in the local server: {error!r}", code="local_server_error")


class Endpoint:
    """One operation over HTTP."""

    def __init__(self, operation: Operation, backend: Backend) -> None:
        self._operation = operation
        self._backend = backend
        self._method = getattr(backend.service, operation.name, _not_here_yet)
        self._hints = get_type_hints(self._method)
        self._body_type = self._hints.get("body")
        self._has_files = self._body_type is not None and not hasattr(self._body_type, "from_dict")

    async def __call__(self, request: Request) -> Response:
        """Return the response to a request; an error of the server's own code is a 500, its traceback on the log."""
        body = await request.body()
        try:
            return self._response(request, body)
        except ServiceError as error:
            return error_response(error.status, str(error), code=error.code)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, it is logged and kept
            return self._backend.broken(self._operation.name, error)

    def _response(self, request: Request, body: bytes) -> Response:
        decoded, body = self._without_nulls(body)
        if found := refusal(self._operation.name, decoded) or self._violation(request, body):
            return error_response(400, found)
        key = request.headers.get("idempotency-key")
        if key is None or self._operation.method != "POST":
            return self._work(request, body)
        asked = (request.url.path, body)
        return self._backend.replays.response(key, asked, lambda: self._work(request, body))

    def _without_nulls(self, body: bytes) -> tuple[object, bytes]:
        """Return a body without its optional nulls, decoded and encoded; None and the body itself if it is no JSON."""
        if self._operation.body_schema is None:
            return None, body
        try:
            decoded = without_nulls(json.loads(body), self._operation.body_schema, contract())
            return decoded, json.dumps(decoded).encode()
        except (ValueError, RecursionError):
            return None, body

    def _work(self, request: Request, body: bytes) -> Response:
        arguments: dict[str, Any] = {**request.path_params}
        if self._body_type is not None:
            arguments["body"] = self._decoded(request, body)
        if "page" in self._hints:
            arguments["page"] = Page.from_query(request.query_params)
        if "take" in self._hints:
            arguments["take"] = lambda: self._backend.replies.take(received(request, body, BASE_PATH))
        if self._method is _not_here_yet:
            arguments = {"asked": f"{request.method} {request.url.path}"}
        result: _Result = self._method(**arguments)
        if isinstance(result, PlannedReply):
            return _whole_response(result, is_stream=received(request, body, BASE_PATH).asks_for_stream)
        return _response_of(result)

    def _violation(self, request: Request, body: bytes) -> str | None:
        return violation(request, body, BASE_PATH, has_files=self._has_files)

    def _decoded(self, request: Request, body: bytes) -> object:
        """Return a body as the service's method takes it: a generated object, the parts of a form, or bytes."""
        if not self._has_files:
            return self._hints["body"].from_dict(json.loads(body))
        return body if self._body_type is bytes else parts(request.headers["content-type"], body)


def _not_here_yet(asked: str) -> NoReturn:
    raise ServiceError(501, f"{asked} is not in the local server yet.")


def _response_of(result: Model | Mapping[str, Any] | list[ChatCompletionChunk] | bytes | None) -> Response:
    if result is None:
        return Response(status_code=204)
    if isinstance(result, bytes):
        return Response(result, media_type="application/octet-stream")
    if isinstance(result, list):
        return EventStream([*(chunk_event(chunk.to_dict()) for chunk in result), DONE])
    return json_response(result.to_dict() if isinstance(result, Model) else result)


def _whole_response(reply: PlannedReply, *, is_stream: bool) -> Response:
    if reply.body is None:
        return error_response(reply.status, reply.content or "This failure was asked for.")
    if isinstance(reply.body, bytes) and is_stream and reply.status == 200:
        return EventStream(events_in(reply.body))
    if isinstance(reply.body, bytes):
        return Response(reply.body, reply.status, media_type="application/json")
    return json_response(reply.body, reply.status)
