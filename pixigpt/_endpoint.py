"""The seam to the generated client: the one file that knows a generated endpoint module's private functions."""

# pyright: reportPrivateUsage=false
# This is what the file is for: no other one uses the generated modules' private names.

import inspect
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

import httpx
from attrs import field, frozen

from pixigpt._shape import mismatch
from pixigpt_api import AuthenticatedClient
from pixigpt_api import Client as UnauthenticatedClient
from pixigpt_api.errors import UnexpectedStatus
from pixigpt_api.models import ErrorResponse

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# A generated parser asks its client for nothing but this switch.
_STRICT = UnauthenticatedClient(base_url="", raise_on_unexpected_status=True)


class Endpoint(Protocol[P, T_co]):
    """A generated endpoint module, such as `pixigpt_api.api.pixigpt.get_run`: everything of a call but its I/O."""

    def _get_kwargs(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]: ...

    def _parse_response(
        self, *, client: AuthenticatedClient | UnauthenticatedClient, response: httpx.Response
    ) -> T_co | ErrorResponse: ...


class UnexpectedShapeError(Exception):
    """A 2xx answer does not fit the contract."""


@frozen
class Call(Generic[T]):
    """One call of an endpoint: what to send, and what an answer to it means.

    `options` are the arguments of `httpx.Client.build_request` that are left: params, content.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)
    parse: Callable[[httpx.Response], T] = field(repr=False)


def prepare(endpoint: Endpoint[P, T], *args: P.args, **kwargs: P.kwargs) -> Call[T]:
    """Turn an endpoint and its arguments into a call; ValueError or TypeError if an argument is bad."""
    names = _path_parameters(endpoint._get_kwargs)
    _check_ids({**dict(zip(names, args, strict=False)), **{name: kwargs[name] for name in names if name in kwargs}})
    options = endpoint._get_kwargs(*args, **kwargs)
    if "json" in options:
        options["content"] = _encoded(options.pop("json"))
    method: str = options.pop("method").upper()
    path: str = options.pop("url")
    headers = {name.lower(): value for name, value in options.pop("headers", {}).items()}
    return Call(method, path, headers, options, lambda response: _parse(endpoint, response))


def _encoded(body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as cause:
        kind = TypeError if isinstance(cause, TypeError) else ValueError
        raise kind(f"an argument cannot be sent as JSON: {cause}") from cause


def _parse(endpoint: Endpoint[..., T], response: httpx.Response) -> T:
    try:
        result = endpoint._parse_response(client=_STRICT, response=response)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, UnexpectedStatus) as cause:
        reason = _reason(cause)
    else:
        if isinstance(result, ErrorResponse):
            raise UnexpectedShapeError("the contract has no such answer")
        if found := mismatch(result):
            raise UnexpectedShapeError(f"the result's {found.lstrip('.')}")
        return result
    raise UnexpectedShapeError(reason)  # not from its cause, which holds the whole body


def _reason(cause: Exception) -> str:
    if isinstance(cause, json.JSONDecodeError | UnicodeDecodeError):
        return f"the body is not JSON: {cause}"
    if isinstance(cause, KeyError):
        return f"the field {cause} is missing"
    return f"the body is not of the contract's shape: {cause}"


@cache
def _path_parameters(get_kwargs: Callable[..., object]) -> tuple[str, ...]:
    parameters = inspect.signature(get_kwargs).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD)


def _check_ids(ids: Mapping[str, object]) -> None:
    for name, value in ids.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a str, not {type(value).__name__}")
        if not value.strip():
            raise ValueError(f"{name} must not be empty")
        if value in (".", ".."):
            raise ValueError(f"{name} must not be {value!r}, which a URL would take as a step in its path")
