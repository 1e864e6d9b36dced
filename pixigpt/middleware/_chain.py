"""Calls through middleware: each one's generator around the next, and the sending of a request innermost.

A client without middleware has no `Chain`, and its calls come by none of this.
"""

import inspect
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar, cast

from attrs import frozen

from pixigpt import errors
from pixigpt._readable import ReadableT
from pixigpt._steps import Flow, Pause
from pixigpt.middleware._observe import Observer, Operation
from pixigpt.middleware._request import CallRequest, Middleware, payload_of
from pixigpt.middleware._response import CallResponse
from pixigpt.middleware._sender import Attempts, Sender, request_of
from pixigpt.middleware._stream_sender import StreamSender

T = TypeVar("T")

_Proceed = Callable[[CallRequest], Flow[CallResponse]]


@frozen
class Chain:
    """The middleware of a client, the first one outermost."""

    middleware: tuple[Middleware, ...]

    def run(self, attempts: Attempts[T], pause: float = 0.0) -> Flow[T]:
        """Wait, then send a call through the middleware; return its result."""
        if pause:
            yield Pause(pause)
        sender = Sender(attempts)
        return sender.result((yield from self._around(request_of(attempts), sender.send)))

    def open(self, attempts: Attempts[Any], begin: Callable[[Any], Flow[ReadableT]]) -> Flow[ReadableT]:
        """Send a call through the middleware until its stream is open; its end ends the middleware."""
        sender = StreamSender(attempts, begin)
        return (yield from sender.open(self._around(request_of(attempts), sender.send)))

    @contextmanager
    def observe(self, operation: Operation) -> Generator[None]:
        """Tell the middleware that asks for it of an operation that is no call."""
        with ExitStack() as stack:
            for each in cast("tuple[object, ...]", self.middleware):
                if isinstance(each, Observer):
                    stack.enter_context(each.observe(operation))
            yield

    def _around(self, request: CallRequest, send: _Proceed) -> Flow[CallResponse]:
        """Run the middleware around what sends a request."""
        proceed = send
        for each in reversed(self.middleware):
            proceed = partial(_through, each, proceed)
        return proceed(request)


def checked_middleware(given: object) -> tuple[Middleware, ...]:
    """Return the middleware that a client is given; raise TypeError if one is not a valid middleware."""
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
