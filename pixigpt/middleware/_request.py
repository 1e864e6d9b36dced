"""A call before it is sent, as a middleware sees it, and what only the SDK reads of it."""

# pyright: reportPrivateUsage=false
# The fields that no middleware is to see are read by the functions at the end.

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from attrs import define, evolve, field, frozen

from pixigpt._access import checked_headers, checked_key, checked_url, redacted
from pixigpt.middleware._frozen import advising
from pixigpt.middleware._payload import Payload, payload_with
from pixigpt.middleware._response import CallResponse

CREDENTIALS = frozenset({"authorization", "proxy-authorization"})

_UNCHANGED: Final = object()


def _read_only(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(values))


@define
class Progress:
    """What is known of a call before it ends; all requests of one call share it."""

    partial: CallResponse | None = None


Scope = Callable[[], AbstractContextManager[object]]


@advising
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
    def partial(self) -> CallResponse | None:
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
        payload = self._payload if body is _UNCHANGED else payload_with(body)
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


Middleware: TypeAlias = Callable[[CallRequest], Generator[CallRequest, CallResponse, CallResponse]]
"""A generator function that yields the request to send, is sent its response, and returns the one to use."""


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
