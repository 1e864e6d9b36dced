"""An operation's endpoint: what a request must pass before the service's method of the same name gets it."""

import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from inspect import iscoroutinefunction
from typing import Any, NoReturn, get_type_hints

from attrs import define, field, frozen
from starlette.requests import Request
from starlette.responses import Response

from pixigpt.testing._contract import Operation, contract, violation
from pixigpt.testing._errors import ServiceError, error_response, json_response
from pixigpt.testing._event_stream import DONE, EventStream, chunk_event, events_in, one_by_one
from pixigpt.testing._idempotency import Replays, fingerprint
from pixigpt.testing._model import LanguageModel
from pixigpt.testing._multipart import parts
from pixigpt.testing._nulls import without_nulls
from pixigpt.testing._paging import Page
from pixigpt.testing._queue import Queue
from pixigpt.testing._refusals import refusal
from pixigpt.testing._replies import PlannedReply
from pixigpt.testing._requests import ReceivedRequest, received
from pixigpt.testing._rule import Rule
from pixigpt.testing._runs import Runs
from pixigpt.testing._service import Service
from pixigpt.testing._store import Store
from pixigpt_api.models import ChatCompletionChunk
from pixigpt_api.types import Model

BASE_PATH = "/v1"

EndpointFunction = Callable[[Request], Awaitable[Response]]


_Whole = Model | Mapping[str, Any] | list[ChatCompletionChunk] | PlannedReply | bytes | None
_Result = _Whole | AsyncGenerator[ChatCompletionChunk]

_log = logging.getLogger("pixigpt.testing")


@define(eq=False)
class Backend:
    """What all endpoints share; `errors` are the exceptions of the server's own code."""

    store: Store
    rule: Rule
    model: LanguageModel
    replies: Queue[PlannedReply] = field(factory=Queue[PlannedReply])
    errors: list[Exception] = field(factory=list[Exception])
    replays: Replays = field(init=False)
    service: Service = field(init=False)
    _runs: Runs = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.replays = Replays(self.store)
        self._runs = Runs(self.store, self.model, self.rule, self.broken)
        self.service = Service(self.store, self.model, self._runs)

    def open(self) -> None:
        """Open the store and what the model needs, in the event loop that serves."""
        self.service.begin()
        self.model.open()

    async def aclose(self) -> None:
        """End what is under way, and close the store."""
        self._runs.cancel()
        await self.model.aclose()
        self.store.close()

    def reset(self) -> None:
        """Forget everything."""
        self.service.reset()
        self.replies.clear()
        self.errors.clear()

    def broken(self, what: str, error: Exception) -> ServiceError:
        """Keep and log an exception that is being handled; return what to respond to what it befell."""
        _log.exception("%s: an error in the local server", what)
        self.errors.append(error)
        return ServiceError(500, f"An error in the local server: {error!r}", "local_server_error")


@frozen
class Asked:
    """A request that is valid, and its Idempotency-Key if it has one."""

    request: Request
    body: bytes
    key: str | None

    @property
    def fingerprint(self) -> bytes:
        """What tells it from another request."""
        return fingerprint(self.request.url.path, self.body)

    @property
    def received(self) -> ReceivedRequest:
        """The request as a test may read it."""
        return received(self.request, self.body, BASE_PATH)


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
            return await self._response(request, body)
        except ServiceError as error:
            return error.response()
        except Exception as error:  # noqa: BLE001  # the boundary: whatever it is, it is logged and kept
            return self._backend.broken(self._operation.name, error).response()

    async def _response(self, request: Request, body: bytes) -> Response:
        decoded, body = self._without_nulls(body)
        refused = refusal(self._operation.name, decoded, is_rule=self._backend.model.is_rule)
        if found := refused or self._violation(request, body):
            return error_response(400, found)
        key = request.headers.get("idempotency-key") if self._operation.method == "POST" else None
        asked = Asked(request, body, key)
        async with self._backend.replays.turn(key):
            replayed = key and self._backend.replays.response(key, asked.fingerprint)
            return replayed or await self._work(asked)

    def _without_nulls(self, body: bytes) -> tuple[object, bytes]:
        """Return a body without its optional nulls, decoded and encoded; None and the body itself if it is no JSON."""
        if self._operation.body_schema is None:
            return None, body
        try:
            decoded = without_nulls(json.loads(body), self._operation.body_schema, contract())
            return decoded, json.dumps(decoded).encode()
        except (ValueError, RecursionError):
            return None, body

    async def _work(self, asked: Asked) -> Response:
        """Do the work; what is done at once is one transaction with the response that is kept under the key."""
        arguments = self._arguments(asked)
        if iscoroutinefunction(self._method):
            return self._kept(asked, await self._method(**arguments))
        with self._backend.store.transaction():
            return self._kept(asked, self._method(**arguments))

    def _arguments(self, asked: Asked) -> dict[str, Any]:
        arguments: dict[str, Any] = {**asked.request.path_params}
        if self._body_type is not None:
            arguments["body"] = self._decoded(asked.request, asked.body)
        if "page" in self._hints:
            arguments["page"] = Page.from_query(asked.request.query_params)
        if "take" in self._hints:
            arguments["take"] = lambda: self._backend.replies.take(asked.received)
        if self._method is _not_here_yet:
            arguments = {"asked": f"{asked.request.method} {asked.request.url.path}"}
        return arguments

    def _kept(self, asked: Asked, result: _Result) -> Response:
        """Return the response, kept under its key: a stream of a model, once it is whole."""
        if isinstance(result, AsyncGenerator):
            events = self._live_events(result)
            stream = EventStream(events, lambda body: self._keep(asked, stream, body))
            return stream
        response, body = _response_of(result, is_stream=asked.received.asks_for_stream)
        self._keep(asked, response, body)
        return response

    def _keep(self, asked: Asked, response: Response, body: bytes) -> None:
        if asked.key is not None:
            self._backend.replays.keep(asked.key, asked.fingerprint, response, body)

    async def _live_events(self, chunks: AsyncGenerator[ChatCompletionChunk]) -> AsyncGenerator[bytes]:
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk_event(chunk.to_dict())
        except ServiceError:
            raise
        except Exception as error:
            raise self._backend.broken(self._operation.name, error) from error
        yield DONE

    def _violation(self, request: Request, body: bytes) -> str | None:
        return violation(request, body, BASE_PATH, has_files=self._has_files)

    def _decoded(self, request: Request, body: bytes) -> object:
        """Return a body as the service's method takes it: a generated object, the parts of a form, or bytes."""
        if not self._has_files:
            return self._hints["body"].from_dict(json.loads(body))
        return body if self._body_type is bytes else parts(request.headers["content-type"], body)


def _not_here_yet(asked: str) -> NoReturn:
    raise ServiceError(501, f"{asked} is not in the local server yet.")


def _response_of(result: _Whole, *, is_stream: bool) -> tuple[Response, bytes]:
    """Return a response and its body."""
    if isinstance(result, list):
        return _stream_of([*(chunk_event(chunk.to_dict()) for chunk in result), DONE])
    if isinstance(result, PlannedReply) and isinstance(result.body, bytes) and is_stream and result.status == 200:
        return _stream_of(events_in(result.body))
    response = _plain_response(result)
    return response, bytes(response.body)


def _stream_of(events: list[bytes]) -> tuple[Response, bytes]:
    return EventStream(one_by_one(events)), b"".join(events)


def _plain_response(result: Model | Mapping[str, Any] | PlannedReply | bytes | None) -> Response:
    if result is None:
        return Response(status_code=204)
    if isinstance(result, bytes):
        return Response(result, media_type="application/octet-stream")
    if isinstance(result, PlannedReply):
        return _whole_response(result)
    return json_response(result.to_dict() if isinstance(result, Model) else result)


def _whole_response(reply: PlannedReply) -> Response:
    if reply.body is None:
        return error_response(reply.status, reply.content or "This failure was asked for.")
    if isinstance(reply.body, bytes):
        return Response(reply.body, reply.status, media_type="application/json")
    return json_response(reply.body, reply.status)
