"""The seam to the generated client: a generated endpoint and its arguments become a call, with all that is sent."""

# pyright: reportPrivateUsage=false
# This is what the file is for: no other one uses the generated modules' private names.

import inspect
from collections.abc import Callable, Hashable, Mapping
from functools import cache, partial
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

import httpx
from attrs import define, evolve, field, frozen

from pixigpt._checks import of_type, optional, string_keys
from pixigpt._generated import fields_of, hints_of, is_model, successes
from pixigpt._request_body import JsonBody, RequestBody, content, encodable, form, multipart, text_of
from pixigpt._response import Response
from pixigpt._result import Parser, parse, parse_json
from pixigpt._shape import argument_check
from pixigpt_api import AuthenticatedClient
from pixigpt_api import Client as UnauthenticatedClient
from pixigpt_api.models import ErrorResponse

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# A generated parser asks its client for nothing but this switch.
_STRICT = UnauthenticatedClient(base_url="", raise_on_unexpected_status=True)

_LONGEST_ID = 1000  # quoted, it must fit a URL
_BODIES = frozenset({"json", "data", "files", "content"})
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class Endpoint(Protocol[P, T_co]):
    """A generated endpoint module, such as `pixigpt_api.api.pixigpt.get_run`: everything of a call except I/O."""

    def _get_kwargs(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]: ...

    def _parse_response(
        self, *, client: AuthenticatedClient | UnauthenticatedClient, response: httpx.Response
    ) -> T_co | ErrorResponse | None: ...


@define  # not frozen, which takes three times as long to create
class Call(Generic[T]):
    """One call of an endpoint: what to send, and how to parse a response to it."""

    operation: str
    method: str
    path: str
    params: Mapping[str, Any]
    headers: Mapping[str, str] = field(repr=False)
    body: JsonBody | RequestBody = field(repr=False)
    parse: Parser[T] = field(repr=False)

    def with_headers(self, headers: Mapping[str, str]) -> "Call[T]":
        """Return the call with other headers, as for a response that is read as it comes."""
        return evolve(self, headers={**self.headers, **headers})


def prepare(endpoint: Endpoint[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Call[T]:
    """Turn an endpoint and its arguments into a call; raise ValueError or TypeError if an argument is bad."""
    plan: _Plan[T] = _plan(cast("Hashable", endpoint))
    _check_arguments(plan, args, kwargs)
    wanted = _wanted(plan, args, kwargs)
    headers = {name.lower(): text_of(value) for name, value in wanted.get("headers", {}).items()}
    if plan.accept:
        headers.setdefault("accept", plan.accept)
    if cookies := wanted.get("cookies"):
        headers["cookie"] = "; ".join(_cookie(name, text_of(value)) for name, value in cookies.items())
    body, content_type = _body(wanted)
    if content_type:
        headers["content-type"] = content_type
    elif _BODIES.isdisjoint(wanted):
        headers.pop("content-type", None)  # an optional body was left out
    params = wanted.get("params", {})
    return Call(plan.operation, wanted["method"].upper(), wanted["url"], params, headers, body, plan.parse)


def prepare_request(method: str, path: str, json: object, params: Mapping[str, Any] | None) -> Call[object]:
    """Turn a path that no contract knows into a call; raise ValueError or TypeError if an argument is bad."""
    of_type(str)("method", method)
    of_type(str)("path", path)
    optional(string_keys)("params", params)
    if method.upper() not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}, not {method!r}")
    if not path.startswith("/") or "?" in path or "#" in path or not {".", ".."}.isdisjoint(path.split("/")):
        raise ValueError("path must begin with / and stand below base_url; a query goes into params")
    if json is None:
        return Call("request", method.upper(), path, params or {}, {}, b"", parse_json)
    headers = {"content-type": "application/json"}
    return Call("request", method.upper(), path, params or {}, headers, JsonBody(json), parse_json)


def _wanted(plan: "_Plan[Any]", args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, Any]:
    """Return what to send; parameters in the path become text here, since the generated code knows only `str()`."""
    in_path = {name: text_of(kwargs[name]) for name in plan.in_path if name in kwargs}
    return plan.get_kwargs(*map(text_of, args), **{**kwargs, **in_path})


def _body(wanted: dict[str, Any]) -> tuple[JsonBody | RequestBody, str | None]:
    """Return the body, and its content type if that is not the one that the generated code sets.

    Where one schema is of two content types, the generated code makes both bodies, and sets the last one's headers.
    """
    for kind in reversed(wanted):
        match kind:
            case "json":
                return JsonBody(wanted["json"]), None
            case "data":
                return form(wanted["data"]), None
            case "files":
                return multipart(wanted["files"])
            case "content":
                return content(wanted["content"]), None
            case _:
                pass
    return b"", None


def _cookie(name: str, value: str) -> str:
    if not (value.isascii() and value.isprintable()) or any(char in ' ",;\\' for char in value):
        raise ValueError(f"the cookie {name} must be printable ASCII without blanks, quotes, commas and semicolons")
    return f"{name}={value}"


def _check_arguments(plan: "_Plan[Any]", args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
    given = {**dict(zip(plan.in_path, args, strict=False)), **kwargs} if args else kwargs
    for name, value in given.items():
        if name in plan.checks and (found := plan.checks[name](value)):
            raise TypeError(found.lstrip(".") if name == "body" and found[0] == "." else f"{name}{found}")
    for name in plan.in_path:
        _check_id(name, given.get(name))
    body = given.get("body")
    for name, attribute in _ids_of(cast("Hashable", type(body))):
        _check_id(name, getattr(body, attribute))


@frozen
class _Plan(Generic[T]):
    """What is known of an endpoint before it is called."""

    operation: str
    get_kwargs: Callable[..., dict[str, Any]]
    checks: Mapping[str, Callable[[object], str | None]]
    in_path: tuple[str, ...]
    accept: str | None  # where a result need not be JSON
    parse: Parser[T]


@cache
def _plan(endpoint: Hashable) -> _Plan[Any]:
    expected = successes(endpoint)
    module = cast("Endpoint[..., object]", endpoint)
    get_kwargs = module._get_kwargs
    parameters = inspect.signature(get_kwargs).parameters.values()
    is_json = all(each.source in ("response.json()", "None") for each in expected)
    return _Plan(
        module._parse_response.__module__.rpartition(".")[2],
        get_kwargs,
        {name: argument_check(hint) for name, hint in hints_of(get_kwargs).items()},
        tuple(parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD),
        None if is_json else "*/*",
        partial(parse, expected, partial(_parsed, module)),
    )


def _parsed(module: Endpoint[..., T], response: Response) -> T | ErrorResponse | None:
    return module._parse_response(client=_STRICT, response=cast("httpx.Response", response))


@cache
def _ids_of(cls: Hashable) -> tuple[tuple[str, str], ...]:
    """Return the fields of a body that hold an id."""
    fields = fields_of(cls) if isinstance(cls, type) and is_model(cls) else ()
    return tuple((each.name, each.attribute) for each in fields if each.name.endswith("_id"))


def _check_id(name: str, value: object) -> None:
    if not isinstance(value, str):
        return  # what else may be wrong with it was found before
    if not value.strip():
        raise ValueError(f"{name} must not be empty")
    if len(value) > _LONGEST_ID:
        raise ValueError(f"{name} is too long to be an id: {len(value):,} characters")
    if value in (".", ".."):
        raise ValueError(f"{name} must not be {value!r}, which a URL treats as a relative path segment")
    if encodable(value) != value:
        raise ValueError(f"{name} must not hold half a surrogate pair, which UTF-8 has no bytes for")
