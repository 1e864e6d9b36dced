"""Sends what the innermost middleware yields: each request of a call with attempts of its own."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field

from pixigpt import errors
from pixigpt._endpoint import Call
from pixigpt._readable import AttemptsSoFar, ReadableT
from pixigpt._request_body import JsonBody, RequestBody, merged
from pixigpt._response import Response, UnexpectedShapeError
from pixigpt._result import Parser
from pixigpt._steps import Flow, Opened
from pixigpt.middleware._payload import Payload
from pixigpt.middleware._request import CREDENTIALS, CallRequest, api_key_of, payload_of, scopes_of
from pixigpt.middleware._response import CallResponse

T = TypeVar("T")
U = TypeVar("U")


class Settings(Protocol):
    """The part of a client's settings that a chain needs."""

    @property
    def api_key(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def extra_query(self) -> Mapping[str, object]: ...
    def of_request(self, base_url: str, api_key: str, headers: Mapping[str, str]) -> "Settings": ...


class Attempts(AttemptsSoFar, Protocol[T]):
    """The part of a call's attempts that a chain needs."""

    call: Call[T]
    headers: dict[str, str]
    body: RequestBody

    @property
    def settings(self) -> Settings: ...
    def anew(self, call: Call[Any], settings: Any) -> "Attempts[Any]": ...  # noqa: ANN401  # its own kind of settings
    def run(self) -> Flow[T]: ...
    def open(self, begin: Callable[[Any], Flow[ReadableT]]) -> Flow[ReadableT]: ...
    def reading(self, opened: Opened) -> Any: ...  # noqa: ANN401  # a Reading, which knows this class
    def error(self, outcome: Response) -> errors.PixiGPTError: ...
    def unusable(self, reason: str, response: Response) -> errors.PixiGPTError: ...


def request_of(attempts: Attempts[Any]) -> CallRequest:
    """Return a call as a middleware sees it."""
    call, settings = attempts.call, attempts.settings
    own = {*call.headers, *settings.headers}
    hidden = {*CREDENTIALS, *({"idempotency-key"} - own)}
    return CallRequest(
        operation=call.operation,
        method=call.method,
        path=call.path,
        base_url=settings.base_url,
        params=merged("extra_query", call.params, settings.extra_query),
        headers={name: value for name, value in attempts.headers.items() if name not in hidden},
        payload=Payload(attempts.body, is_json=isinstance(call.body, JsonBody)),
        api_key=settings.api_key,
    )


def attempts_of(request: CallRequest, own: Attempts[Any], parse: Parser[U]) -> "Attempts[U]":
    """Return the attempts of a request that a middleware yields, with another way to parse its response."""
    call = Call(
        own.call.operation,
        own.call.method,
        own.call.path,
        request.params,
        request.headers,
        payload_of(request).content,
        parse,
    )
    return own.anew(call, _settings_of(request, own.settings))


def check_success(response: Response, attempts: Attempts[Any]) -> None:
    """Raise the error that a middleware's response stands for, if its status is not a 2xx."""
    if not response.is_success:
        raise attempts.error(response)


@define
class Sender(Generic[T]):
    """Sends the requests of one call, and turns the response that is returned in the end into the call's result."""

    attempts: Attempts[T]
    _last: tuple[CallResponse, T] | None = field(init=False, default=None)

    def send(self, request: CallRequest) -> Flow[CallResponse]:
        """Send a request; return its response, which is known to match the API schema."""
        attempts = attempts_of(request, self.attempts, partial(_both, self.attempts.call.parse))
        try:
            with scopes_of(request):
                received, result = yield from attempts.run()
        finally:
            self.attempts.sent += attempts.sent
        response = CallResponse(
            received.status_code,
            headers=received.headers,
            content=received.content,
            attempts=attempts.sent,
            elapsed=attempts.elapsed(),
            received=received,
        )
        self._last = response, result
        return response

    def result(self, response: CallResponse) -> T:
        """Return the result of the response that the outermost middleware has returned."""
        if self._last is not None and response is self._last[0]:
            return self._last[1]
        given = Response(response.status_code, response.headers, response.content)
        check_success(given, self.attempts)
        try:
            return self.attempts.call.parse(given)
        except UnexpectedShapeError as cause:
            raise self.attempts.unusable(str(cause), given) from cause


def _settings_of(request: CallRequest, own: Settings) -> Settings:
    """Return the settings that a request is sent with, of which it has taken in all but the credentials."""
    key = api_key_of(request)
    headers = {name: own.headers[name] for name in CREDENTIALS & own.headers.keys()} if key == own.api_key else {}
    return own.of_request(request.base_url, key, headers)


def _both(parse: Callable[[Response], T], received: Response) -> tuple[Response, T]:
    return received, parse(received)
