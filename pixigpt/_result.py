"""Turns a 2xx response into a result: checked by the contract first, then parsed by the generated code."""

import json
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar, cast

import httpx
from attrs import define, field

from pixigpt._generated import Expected
from pixigpt._shape import json_mismatch
from pixigpt_api.models import ErrorResponse

T = TypeVar("T")

_MISSING = object()

# What a generated parser may raise on JSON of the right types: the one that tells why is a constant's ValueError.
_PARSER_ERRORS = (AttributeError, LookupError, TypeError, RecursionError)


class UnexpectedShapeError(Exception):
    """A 2xx response does not match the API schema."""


@define
class Received:
    """The part of an `httpx.Response` that a generated parser reads, at a tenth of its cost."""

    status_code: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)
    _decoded: object = field(init=False, repr=False, default=_MISSING)

    def json(self) -> object:
        """Return the decoded body; raise UnexpectedShapeError if it is not JSON."""
        if self._decoded is _MISSING:
            self._decoded = decoded("the body", self.content)
        return self._decoded

    @property
    def text(self) -> str:
        """The body as text."""
        charset = httpx.Response(200, headers=self.headers).charset_encoding or "utf-8"
        try:
            return self.content.decode(charset, errors="replace")
        except LookupError:  # there is no such charset
            return self.content.decode(errors="replace")


def decoded(what: str, content: bytes | str) -> object:
    """Decode JSON; raise UnexpectedShapeError if it is not valid JSON."""
    try:
        return json.loads(content)
    except (json.JSONDecodeError, UnicodeDecodeError) as cause:
        reason = f"{what} is not JSON: {cause}"
    except ValueError:
        reason = f"{what} holds a number of too many digits"
    except RecursionError:
        reason = f"{what} is nested too deeply"
    raise UnexpectedShapeError(reason)  # not from its cause, which holds the content


def parse_json(received: Received) -> object:
    """Return decoded JSON of any shape; None if the body is empty."""
    return received.json() if received.content else None


def parse(successes: Sequence[Expected], parser: Callable[..., T | ErrorResponse | None], received: Received) -> T:
    """Return an endpoint's result; raise UnexpectedShapeError if the response does not match the API schema."""
    expected = _expected(successes, received.status_code)
    if expected.source == "response.json()":
        check("the result", received.json(), expected.hint)
        if expected.hint is Any:  # for which the generated parser does nothing
            return cast("T", received.json())
    try:
        return cast("T", parser(received))
    except ValueError as cause:
        reason = f": {cause}"
    except _PARSER_ERRORS:
        reason = ""
    raise UnexpectedShapeError(f"the body does not match the API schema{reason}")  # not from its cause, as above


def _expected(successes: Sequence[Expected], status: int) -> Expected:
    for expected in successes:
        if expected.lowest <= status <= expected.highest:
            return expected
    raise UnexpectedShapeError("the API schema has no such response")


def check(what: str, value: object, hint: Hashable) -> None:
    """Check decoded JSON by the API schema; raise UnexpectedShapeError if it does not match."""
    try:
        found = json_mismatch(value, hint)
    except RecursionError:
        found = " is nested too deeply"
    if found:
        raise UnexpectedShapeError(f"{what}{found}" if found[0] in " [" else f"{what}'s {found[1:]}")


Parser = Callable[[Received], T]
