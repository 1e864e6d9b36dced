"""What every worker does: call a client, compare, and print a line of JSON for each check."""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import TypeVar

ErrorT = TypeVar("ErrorT", bound=BaseException)

KEY = os.environ["PIXIGPT_API_KEY"]
URL = os.environ["PIXIGPT_BASE_URL"]
ASSISTANT = os.environ["DEFAULT_ASSISTANT_ID"]

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Hello!"}
TOOL = {
    "type": "function",
    "function": {
        "name": "now",
        "description": "The time.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

_CHECKS: list[tuple[str, Callable[[], None]]] = []


def check(call: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Make a function the check of a call."""

    def remember(function: Callable[[], None]) -> Callable[[], None]:
        _CHECKS.append((call, function))
        return function

    return remember


def same(found: object, wanted: object) -> None:
    """Fail unless two values are the same."""
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


def error_of(kind: type[ErrorT], call: Callable[..., object], *args: object, **kwargs: object) -> ErrorT:
    """Return the error of exactly this kind that a call ends in; fails if there is none."""
    try:
        answer = call(*args, **kwargs)
    except kind as error:
        same(type(error), kind)
        return error
    raise AssertionError(f"{answer!r} instead of {kind.__name__}")


def refusal_of(kind: type[ErrorT], call: Callable[..., object], *args: object, **kwargs: object) -> ErrorT:
    """Return the error of this kind, or of one that derives from it, that a call ends in; fail if there is none."""
    try:
        found = call(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError(f"{found!r} instead of {kind.__name__}")


def serve(distribution: str) -> None:
    """Run the checks in the order in which they were made."""
    name = f"{distribution} {version(distribution)}"
    for call, function in _CHECKS:
        print(json.dumps({"client": name, "call": call, "difference": _difference(function)}), flush=True)


def _difference(function: Callable[[], None]) -> str:
    try:
        function()
    except AssertionError as error:
        return str(error)[:500]
    except Exception as error:  # noqa: BLE001  # whatever a client raises is what differed
        return f"{type(error).__name__}: {error}"
    return ""
