"""Turns a 2xx response into a result: checked by the contract first, then parsed by the generated code."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar, cast

from pixigpt._generated import Expected
from pixigpt._response import Response, UnexpectedShapeError
from pixigpt._shape import json_mismatch
from pixigpt_api.models import ErrorResponse

T = TypeVar("T")

# What a generated parser may raise on JSON of the right types: the one that tells why is a constant's ValueError.
_PARSER_ERRORS = (AttributeError, LookupError, TypeError, RecursionError)


def parse_json(response: Response) -> object:
    """Return decoded JSON of any shape; None if the body is empty."""
    return response.json() if response.content else None


def parse(successes: Sequence[Expected], parser: Callable[..., T | ErrorResponse | None], response: Response) -> T:
    """Return an endpoint's result; raise UnexpectedShapeError if the response does not match the API schema."""
    expected = _expected(successes, response.status_code)
    if expected.source == "response.json()":
        check("the result", response.json(), expected.hint)
        if expected.hint is Any:  # for which the generated parser does nothing
            return cast("T", response.json())
    try:
        return cast("T", parser(response))
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


Parser = Callable[[Response], T]
