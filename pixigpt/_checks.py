"""Checks of arguments: each raises ValueError or TypeError that names the argument."""

import inspect
import math
from collections.abc import Callable, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from attrs import Attribute

LONGEST_SECONDS = 1e9  # more would not fit a timer

MAPPING = (dict, Mapping)  # the common one first, for a look-up in an abstract class takes five times as long

Check = Callable[[str, object], None]


def number(name: str, value: object) -> float:
    """Check for a finite int or float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    try:
        is_finite = math.isfinite(value)
    except OverflowError as cause:  # an int that no float can hold
        raise ValueError(f"{name} is too large") from cause
    if not is_finite:
        raise ValueError(f"{name} must be finite, not {value}")
    return value


def non_negative(name: str, value: object) -> None:
    """Check for a finite number of at least zero."""
    if number(name, value) < 0:
        raise ValueError(f"{name} must be at least 0, not {value}")


def positive(name: str, value: object) -> None:
    """Check for a finite number above zero."""
    if number(name, value) <= 0:
        raise ValueError(f"{name} must be above 0, not {value}")


def positive_int(name: str, value: object) -> None:
    """Check for an integer of at least one."""
    positive(name, value)
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {value}")


def positive_seconds(name: str, value: object) -> None:
    """Check for a finite number of seconds above zero."""
    seconds = number(name, value)
    if seconds <= 0:
        raise ValueError(f"{name} must be above 0 seconds, not {value}")
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{name} must be at most {LONGEST_SECONDS:g} seconds, not {value}; None means no limit")


def non_negative_int(name: str, value: object) -> None:
    """Check for an integer of at least zero."""
    non_negative(name, value)
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {value}")


def printable_ascii(name: str, value: str) -> None:
    """Check a text that stands in a header."""
    if not (value.isascii() and value.isprintable() and value == value.strip()):
        raise ValueError(f"{name} must be printable ASCII without blanks around it")


def port(name: str, value: int | None) -> None:
    """Check a URL's port; None means that the URL names none."""
    if value is not None and not 1 <= value <= 65535:
        raise ValueError(f"{name}: there is no port {value}")


def callback(name: str, value: object, *, may_be_async: bool) -> None:
    """Check for a function, or None; for one that need not be awaited where nobody can."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a function, not {type(value).__name__}")
    if is_async(value) and not may_be_async:
        raise TypeError(f"{name} is async: use AsyncClient")


def is_async(function: object) -> bool:
    """Return whether calling a function gives something to await, as far as one can see."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call_of(function))


def call_of(function: object) -> object:
    """Return the method that calling an object calls; None if it has none."""
    return getattr(function, "__call__", None)  # noqa: B004  # not whether there is one: which


def not_awaitable(name: str, result: object) -> None:
    """Check what a function of the user's has returned: the sync client cannot await it."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()  # else Python warns that nobody has awaited it
        raise TypeError(f"{name} is async: use AsyncClient")


def string_keys(name: str, value: object) -> None:
    """Check for a mapping whose keys are strings."""
    if not isinstance(value, MAPPING) or not all(
        isinstance(key, str) for key in cast("Mapping[object, object]", value)
    ):
        raise TypeError(f"{name} must be a mapping with string keys")


def of_type(wanted: type | UnionType) -> Check:
    """Return a check for a type."""

    def check_type(name: str, value: object) -> None:
        if not isinstance(value, wanted):
            raise TypeError(f"{name} must be a {getattr(wanted, '__name__', wanted)}, not {type(value).__name__}")

    return check_type


def optional(check: Check) -> Check:
    """Return a check that also accepts None."""

    def check_unless_none(name: str, value: object) -> None:
        if value is not None:
            check(name, value)

    return check_unless_none


def validator(check: Check) -> "Callable[[object, Attribute[Any], Any], None]":
    """Return a check as an attrs validator."""

    def validate(_: object, attribute: "Attribute[Any]", value: object) -> None:
        check(attribute.name, value)

    return validate
