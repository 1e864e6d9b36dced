"""The seam to the generated client: the one file that uses a generated endpoint module's private functions."""

# pyright: reportPrivateUsage=false
# This is what the file is for: no other one uses the generated modules' private names.

import inspect
import json
from collections.abc import Callable, Hashable, Mapping
from functools import cache, partial
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

import httpx
from attrs import define, field, frozen

from pixigpt._shape import hints_of, json_mismatch, mismatch
from pixigpt_api import AuthenticatedClient
from pixigpt_api import Client as UnauthenticatedClient
from pixigpt_api.errors import UnexpectedStatus
from pixigpt_api.models import ErrorResponse

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_LONGEST_ID = 1000  # quoted, it must fit a URL

# A generated parser asks its client for nothing but this switch.
_STRICT = UnauthenticatedClient(base_url="", raise_on_unexpected_status=True)


class Endpoint(Protocol[P, T_co]):
    """A generated endpoint module, such as `pixigpt_api.api.pixigpt.get_run`: everything of a call except I/O."""

    def _get_kwargs(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]: ...

    def _parse_response(
        self, *, client: AuthenticatedClient | UnauthenticatedClient, response: httpx.Response
    ) -> T_co | ErrorResponse: ...


class UnexpectedShapeError(Exception):
    """A 2xx response does not match the API schema."""


@frozen
class Call(Generic[T]):
    """One call of an endpoint: what to send, and how to parse a response to it."""

    method: str
    path: str
    params: Mapping[str, Any]
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    parse: Callable[["Received"], T] = field(repr=False)


@define
class Received:
    """The part of an `httpx.Response` that a generated parser reads, at a tenth of its cost."""

    status_code: int
    content: bytes = field(repr=False)
    _decoded: object = field(init=False, repr=False, default=None)

    def json(self) -> object:
        """Return the decoded body."""
        if self._decoded is None:
            self._decoded = json.loads(self.content)
        return self._decoded


def prepare(endpoint: Endpoint[P, T], *args: P.args, **kwargs: P.kwargs) -> Call[T]:
    """Turn an endpoint and its arguments into a call; raise ValueError or TypeError if an argument is bad."""
    if not hasattr(endpoint, "_get_kwargs"):
        raise TypeError(f"endpoint must be a module of pixigpt_api.api, not {endpoint!r}")
    _check_arguments(endpoint._get_kwargs, args, kwargs)
    wanted = endpoint._get_kwargs(*args, **kwargs)
    content = _encoded(wanted.pop("json")) if "json" in wanted else b""
    method: str = wanted.pop("method").upper()
    path: str = wanted.pop("url")
    headers = {name.lower(): value for name, value in wanted.pop("headers", {}).items()}
    params = wanted.pop("params", {})
    if wanted:
        raise TypeError(f"{path} wants {', '.join(wanted)}, which this version cannot send")
    return Call(method, path, params, headers, content, partial(_parse, endpoint))


def _encoded(body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as cause:
        kind = TypeError if isinstance(cause, TypeError) else ValueError
        raise kind(f"an argument cannot be sent as JSON: {cause}") from cause


def _parse(endpoint: Endpoint[..., T], received: Received) -> T:
    try:
        result = endpoint._parse_response(client=_STRICT, response=cast("httpx.Response", received))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, UnexpectedStatus) as cause:
        reason = _reason(cause)
    else:
        if isinstance(result, ErrorResponse):
            raise UnexpectedShapeError("the API schema has no such response")
        if result is not None and (found := json_mismatch(received.json(), cast("Hashable", type(result)))):
            raise UnexpectedShapeError(f"the result's {found.lstrip('.')}")
        return result
    raise UnexpectedShapeError(reason)  # not from its cause, which holds the whole body


def _reason(cause: Exception) -> str:
    if isinstance(cause, json.JSONDecodeError | UnicodeDecodeError):
        return f"the body is not JSON: {cause}"
    if isinstance(cause, KeyError):
        return f"the field {cause} is missing"
    return f"the body does not match the API schema: {cause}"


def _check_arguments(get_kwargs: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
    signature = _signature(get_kwargs)
    given = {**dict(zip(signature.in_path, args, strict=False)), **kwargs}
    for name, value in given.items():
        if name in signature.hints and (found := mismatch(value, signature.hints[name])):
            raise TypeError(found.lstrip(".") if name == "body" else f"{name}{found}")
    for name in signature.in_path:
        _check_id(name, given.get(name))
    for name in signature.ids_in_body:
        _check_id(name, getattr(given.get("body"), name, None))


@frozen
class _Signature:
    """The signature of a generated function: types, path parameters, and ids in its body."""

    hints: Mapping[str, Hashable]
    in_path: tuple[str, ...]
    ids_in_body: tuple[str, ...]


@cache
def _signature(get_kwargs: Callable[..., object]) -> _Signature:
    hints = hints_of(get_kwargs)
    parameters = inspect.signature(get_kwargs).parameters.values()
    in_path = tuple(parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD)
    in_body = hints_of(hints["body"]) if "body" in hints else {}
    return _Signature(hints, in_path, tuple(name for name in in_body if name.endswith("_id")))


def _check_id(name: str, value: object) -> None:
    if isinstance(value, str) and not value.strip():
        raise ValueError(f"{name} must not be empty")
    if isinstance(value, str) and len(value) > _LONGEST_ID:
        raise ValueError(f"{name} is too long to be an id: {len(value):,} characters")
    if value in (".", ".."):
        raise ValueError(f"{name} must not be {value!r}, which a URL treats as a relative path segment")
