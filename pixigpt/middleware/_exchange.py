"""What a middleware sees and gives: a call's request before it is sent, and the response that it ended with."""

# pyright: reportPrivateUsage=false
# The fields that no middleware is to see are read by the functions at the end.

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

import httpx
from attrs import define, evolve, field, frozen

from pixigpt._access import checked_headers, checked_key, checked_url, redacted
from pixigpt._checks import non_negative_int, of_type, validator
from pixigpt._request_body import JsonBody, RequestBody
from pixigpt._response import Response, UnexpectedShapeError
from pixigpt_api.models import Usage

T = TypeVar("T")

CREDENTIALS = frozenset({"authorization", "proxy-authorization"})

_UNCHANGED: Final = object()
_MISSING: Final = object()
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def _read_only(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(values))


def _headers(given: httpx.Headers | Mapping[str, str]) -> httpx.Headers:
    return given if isinstance(given, httpx.Headers) else httpx.Headers(given)


def _refuse(instance: object, name: str, _: object) -> None:
    raise TypeError(f"{type(instance).__name__}.{name} cannot be changed: yield or return another one")


def _advising(cls: type[T]) -> type[T]:
    """Let a frozen class say what to do instead of changing it; attrs' own error does not."""
    # attrs takes no hook (`on_setattr`) on a frozen class.
    cls.__setattr__ = _refuse  # type: ignore[method-assign]  # pyright: ignore[reportAttributeAccessIssue]
    return cls


@define
class Payload:
    """A request's body: what is sent, and, decoded at the first look, what a middleware sees."""

    content: RequestBody
    is_json: bool
    _decoded: object = _MISSING
    _is_shown: bool = False

    @property
    def decoded(self) -> object:
        """The body, for who only reads it."""
        if self._decoded is _MISSING:
            self._decoded = self._decode()
        return self._decoded

    def show(self) -> object:
        """Return the body to a middleware, which might change it."""
        self._is_shown = True
        return self.decoded

    @property
    def is_changed(self) -> bool:
        """Whether somebody has changed the decoded body in place."""
        if not (self.is_json and self._is_shown):
            return False
        try:
            return JsonBody(self._decoded).encoded({}) != self.content
        except (TypeError, ValueError):
            return True

    def _decode(self) -> object:
        if not isinstance(self.content, bytes) or not self.content:
            return None
        return json.loads(self.content) if self.is_json else self.content


@define
class Progress:
    """What is known of a call before it ends; all requests of one call share it."""

    partial: "CallResponse | None" = None


Scope = Callable[[], AbstractContextManager[object]]


@_advising
@frozen(kw_only=True, eq=False)
class CallRequest:
    """A call before it is sent; frozen, so that `evolve()` is the way to send something else.

    Attributes:
        operation: The operation's name, such as "create_chat_completion", for a stream too; "request" for a path that
            the API schema does not know.
        method: The HTTP method, such as "POST".
        path: The path below the base URL, such as "/threads".
        base_url: The server's URL.
        params: The query.
        headers: The headers by their names in lower case, but for `authorization` and the Idempotency-Key that each
            sending gets.
        body: The decoded JSON, as it is sent; the bytes of a body of another type; None where there is none, or it is
            read from a file.

    Example:
        >>> def log(request):
        ...     print(request.operation, request.method, request.path)
        ...     return (yield request)
        >>> thread = client.with_options(middleware=[log]).create_thread()
        create_thread POST /threads
    """

    operation: str
    method: str
    path: str
    base_url: str
    params: Mapping[str, Any] = field(converter=_read_only)
    headers: Mapping[str, str] = field(repr=False, converter=_read_only)
    _payload: Payload = field(repr=False, alias="payload")
    _api_key: str = field(repr=False, alias="api_key")
    _progress: Progress = field(repr=False, factory=Progress, alias="progress")
    _scopes: tuple[Scope, ...] = field(repr=False, default=(), alias="scopes")

    @property
    def body(self) -> Any:  # noqa: ANN401  # what JSON can hold
        """The decoded JSON; the bytes of a body of another type; None where there is none, or it is a file's.

        Example:
            >>> def count(request):
            ...     print(len(request.body["documents"]), "documents")
            ...     return (yield request)
            >>> ranked = client.with_options(middleware=[count]).rerank("cat", ["A cat.", "A dog."])
            2 documents
        """
        return self._payload.show()

    @property
    def partial(self) -> "CallResponse | None":
        """What had come of a stream when its error was thrown in, with the usage known by then; else None.

        Example:
            >>> from pixigpt import PixiGPTError
            >>> def count(request):
            ...     try:
            ...         return (yield request)
            ...     except PixiGPTError:
            ...         print(request.partial)
            ...         raise
            >>> thread = client.with_options(middleware=[count]).create_thread()
        """
        return self._progress.partial

    def evolve(
        self,
        *,
        body: object = _UNCHANGED,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str | None] | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
    ) -> "CallRequest":
        """Return a copy with some parts changed, to yield in its place.

        Args:
            body: The body in place of this one: bytes, or what is sent as JSON; None leaves it out.
            params: The query in place of this one.
            headers: Headers to add to these, or, with None, to leave out.
            base_url: The URL of another server. One on another host needs an `api_key` of its own.
            api_key: The key in place of the client's.

        Returns:
            The copy.

        Raises:
            ValueError, TypeError: An argument is bad.

        Example:
            >>> def pinned(request):
            ...     return (yield request.evolve(body={**request.body, "model": "bge-m3"}))
            >>> vectors = client.with_options(middleware=[pinned]).create_embedding("A cat.")
        """
        payload = self._payload if body is _UNCHANGED else _payload_of(body)
        url = self.base_url if base_url is None else checked_url(base_url)
        if api_key is None and _host(url) != _host(self.base_url):
            raise ValueError("base_url: a server on another host needs an api_key of its own")
        return CallRequest(
            operation=self.operation,
            method=self.method,
            path=self.path,
            base_url=url,
            params=self.params if params is None else dict(params),
            headers=_changed_headers(self.headers, self._payload, payload, headers or {}),
            payload=payload,
            api_key=self._api_key if api_key is None else checked_key(api_key),
            progress=self._progress,
            scopes=self._scopes,
        )


def _payload_of(body: object) -> Payload:
    if body is None or isinstance(body, bytes):
        return Payload(body or b"", is_json=False)
    return Payload(JsonBody(body).encoded({}), is_json=True)


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()


def _changed_headers(
    own: Mapping[str, str], before: Payload, after: Payload, changes: Mapping[str, str | None]
) -> dict[str, str]:
    wanted = dict(own)
    if after.is_json and not before.is_json:
        wanted["content-type"] = "application/json"
    elif not after.content:
        wanted.pop("content-type", None)
    added = checked_headers({name: value for name, value in changes.items() if value is not None})
    if refused := CREDENTIALS & added.keys():
        raise ValueError(f"headers: {', '.join(refused)} cannot be set here; see api_key")
    left_out = {name.lower() for name, value in changes.items() if value is None}
    return {name: value for name, value in {**wanted, **added}.items() if name not in left_out}


@_advising
@frozen(eq=False)
class CallResponse:
    """What a call ended with: the server's response, or one that a middleware gives in its place.

    A middleware gives `CallResponse(status_code, content=..., headers=...)`; a status outside 2xx raises the error that
    it stands for.

    Attributes:
        status_code: The HTTP status.
        content: The body; of a streamed chat, the completion that its chunks make up, as JSON; empty for `stream_call`.
        headers: The headers; of a streamed chat, with the content type of `content`.
        attempts: How many requests were sent for it.
        elapsed: How long it took, in seconds; of a stream, to its end.
        first_chunk_after: How long a stream's first chunk took, in seconds; else None.
        is_complete: Whether `content` is all of it: False for a stream that was left early, and for `stream_call`.

    Example:
        >>> from pixigpt.middleware import CallResponse
        >>> def no_threads(request):
        ...     if request.operation == "list_threads":
        ...         return CallResponse(200, content=b'{"object": "list", "data": []}')
        ...     return (yield request)
        >>> client.with_options(middleware=[no_threads]).list_threads()
        []
    """

    status_code: int = field(validator=validator(non_negative_int))
    content: bytes = field(kw_only=True, default=b"", repr=False, validator=validator(of_type(bytes)))
    headers: httpx.Headers = field(kw_only=True, factory=httpx.Headers, repr=False, converter=_headers)
    attempts: int = field(kw_only=True, default=0)
    elapsed: float = field(kw_only=True, default=0.0)
    first_chunk_after: float | None = field(kw_only=True, default=None)
    is_complete: bool = field(kw_only=True, default=True)
    _received: Response | None = field(kw_only=True, default=None, repr=False, alias="received")

    @property
    def request_id(self) -> str | None:
        """The server's id for the request, to quote to its support; None if it sent none.

        Example:
            >>> from pixigpt.middleware import CallResponse
            >>> CallResponse(200, headers={"x-request-id": "req_1"}).request_id
            'req_1'
        """
        request_id: str | None = self.headers.get("x-request-id")
        return request_id

    @property
    def usage(self) -> Usage | None:
        """The tokens that the response says were used; None if it does not say.

        Example:
            >>> from pixigpt.middleware import CallResponse
            >>> CallResponse(200, content=b'{"usage": {"total_tokens": 7}}').usage.total_tokens
            7
        """
        return usage_in(decoded(self))

    def json(self) -> Any:  # noqa: ANN401  # what JSON can hold
        """Return the decoded body; None if it is empty.

        Raises:
            ValueError: It is not JSON.

        Example:
            >>> from pixigpt.middleware import CallResponse
            >>> CallResponse(200, content=b'{"id": "thread_1"}').json()
            {'id': 'thread_1'}
        """
        return json.loads(self.content) if self.content else None


Middleware: TypeAlias = Callable[[CallRequest], Generator[CallRequest, CallResponse, CallResponse]]
"""A generator function that yields the request to send, is sent its response, and returns the one to use."""


def payload_of(request: CallRequest) -> Payload:
    """Return a request's body, as it is sent."""
    return request._payload


def api_key_of(request: CallRequest) -> str:
    """Return the key that a request is sent with, which no middleware sees."""
    return request._api_key


def redactor_of(request: CallRequest) -> Callable[[str], str]:
    """Return what redacts that key in a text."""
    return partial(redacted, request._api_key)


def progress_of(request: CallRequest) -> Progress:
    """Return what all requests of a call share."""
    return request._progress


def within(request: CallRequest, scope: Scope) -> CallRequest:
    """Return a request whose attempts are made inside a context manager, the innermost one so far."""
    return evolve(request, scopes=(*request._scopes, scope))


def scopes_of(request: CallRequest) -> ExitStack:
    """Return one context manager for all that a request's attempts are made inside."""
    stack = ExitStack()
    for scope in request._scopes:
        stack.enter_context(scope())
    return stack


def decoded(response: CallResponse) -> object:
    """Return a response's JSON, decoded once for the result and for who only reads it; None if there is none."""
    received = response._received or Response(response.status_code, response.headers, response.content)
    try:
        return received.json()
    except UnexpectedShapeError:
        return None


def usage_in(body: object) -> Usage | None:
    """Return the tokens that a decoded body says were used; counts that it lacks are 0."""
    usage = cast("dict[str, object]", body).get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    fields = cast("dict[str, Any]", usage)
    counts = {name: fields[name] if isinstance(fields.get(name), int) else 0 for name in _COUNTS}
    # All zeros are what the SDK puts in where there are none.
    return Usage.from_dict({**fields, **counts}) if any(counts.values()) else None
