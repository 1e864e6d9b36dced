"""Calls through middleware: each one's generator around the next, and the sending of a request innermost.

A client without middleware has no `Chain`, and its calls come by none of this.
"""

import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, cast

from attrs import define, field, frozen

from pixigpt import errors
from pixigpt._endpoint import Call
from pixigpt._exchange import CREDENTIALS, CallRequest, CallResponse, Payload, api_key_of, payload_of
from pixigpt._request_body import JsonBody, RequestBody, merged
from pixigpt._result import Received, UnexpectedShapeError
from pixigpt._steps import Flow, Pause, Response
from pixigpt.middleware import Middleware

T = TypeVar("T")

_Proceed = Callable[[CallRequest], Flow[CallResponse]]


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


class Attempts(Protocol[T]):
    """The part of a call's attempts that a chain needs."""

    call: Call[T]
    headers: dict[str, str]
    body: RequestBody
    sent: int

    @property
    def settings(self) -> Settings: ...
    def elapsed(self) -> float: ...
    def anew(self, call: Call[Any], settings: Any) -> "Attempts[Any]": ...  # noqa: ANN401  # its own kind of settings
    def run(self) -> Flow[T]: ...
    def error(self, outcome: Response) -> errors.PixiGPTError: ...
    def unusable(self, reason: str, response: Response) -> errors.PixiGPTError: ...


@frozen
class Chain:
    """The middleware of a client, the first one outermost."""

    middleware: tuple[Middleware, ...]

    def run(self, attempts: Attempts[T], pause: float = 0.0) -> Flow[T]:
        """Wait, then send a call through the middleware; return its result."""
        if pause:
            yield Pause(pause)
        sender = _Sender(attempts)
        return sender.result((yield from self.around(sender.request(), sender.send)))

    def around(self, request: CallRequest, send: _Proceed) -> Flow[CallResponse]:
        """Run the middleware around what sends a request."""
        proceed = send
        for each in reversed(self.middleware):
            proceed = partial(_through, each, proceed)
        return proceed(request)


def checked_middleware(given: object) -> tuple[Middleware, ...]:
    """Return the middleware that a client is given; raise TypeError if it is none."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise TypeError(f"middleware must be a list of generator functions, not {type(given).__name__}")
    for each in cast("Sequence[object]", given):
        if not callable(each) or inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each):
            raise TypeError(f"middleware must be generator functions, for both clients without async; not {each!r}")
    return tuple(cast("Sequence[Middleware]", given))


def _through(middleware: Middleware, proceed: _Proceed, request: CallRequest) -> Flow[CallResponse]:
    """Run one middleware: send each request that it yields, and send or throw in how that ends."""
    generator = _started(middleware, request)
    resume: Callable[[], CallRequest] = partial(next, generator)
    try:
        while True:
            try:
                wanted = resume()
            except StopIteration as done:
                return _checked(middleware, "return", CallResponse, done.value)
            try:
                response = yield from proceed(_checked_request(middleware, wanted))
            except errors.PixiGPTError as error:
                resume = partial(generator.throw, error)
            else:
                resume = partial(generator.send, response)
    finally:
        generator.close()


def _started(middleware: Middleware, request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
    generator = middleware(request)
    if not isinstance(generator, Generator):  # pyright: ignore[reportUnnecessaryIsInstance]  # users' own functions
        raise TypeError(f"middleware {_name(middleware)} must be a generator function: it has no yield")
    return generator


def _checked_request(middleware: Middleware, wanted: object) -> CallRequest:
    request = _checked(middleware, "yield", CallRequest, wanted)
    if payload_of(request).is_changed:
        raise TypeError(f"middleware {_name(middleware)} has changed request.body: yield request.evolve(body=...)")
    return request


def _checked(middleware: Middleware, verb: str, wanted: type[T], value: object) -> T:
    if not isinstance(value, wanted):
        found = "None" if value is None else f"a {type(value).__name__}"
        raise TypeError(f"middleware {_name(middleware)} must {verb} a {wanted.__name__}, not {found}")
    return value


def _name(middleware: Middleware) -> str:
    return getattr(middleware, "__qualname__", type(middleware).__qualname__)


@define
class _Sender(Generic[T]):
    """Sends the requests of one call, each with attempts of its own, and turns a response into the call's result."""

    attempts: Attempts[T]
    _last: tuple[CallResponse, T] | None = field(init=False, default=None)

    def request(self) -> CallRequest:
        """Return the call as a middleware sees it."""
        attempts, call, settings = self.attempts, self.attempts.call, self.attempts.settings
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

    def send(self, request: CallRequest) -> Flow[CallResponse]:
        """Send a request; return its response, which is known to match the API schema."""
        attempts = self._attempts(request)
        try:
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
        if not given.is_success:
            raise self.attempts.error(given)
        try:
            return self.attempts.call.parse(Received(given.status_code, given.headers, given.content))
        except UnexpectedShapeError as cause:
            raise self.attempts.unusable(str(cause), given) from cause

    def _attempts(self, request: CallRequest) -> Attempts[tuple[Received, T]]:
        own = self.attempts
        call = Call(
            own.call.method,
            own.call.path,
            request.params,
            request.headers,
            payload_of(request).content,
            partial(_both, own.call.parse),
        )
        return own.anew(call, _settings_of(request, own.settings))


def _settings_of(request: CallRequest, own: Settings) -> Settings:
    """Return the settings that a request is sent with, of which it has taken in all but the credentials."""
    key = api_key_of(request)
    headers = {name: own.headers[name] for name in CREDENTIALS & own.headers.keys()} if key == own.api_key else {}
    return own.of_request(request.base_url, key, headers)


def _both(parse: Callable[[Received], T], received: Received) -> tuple[Received, T]:
    return received, parse(received)
