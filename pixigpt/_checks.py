"""Checks of what a user passes in: a ValueError or TypeError that names the argument."""

import math
from collections.abc import Callable
from types import UnionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrs import Attribute

LONGEST_SECONDS = 1e9  # more would not fit a timer

Check = Callable[[str, object], None]


def number(name: str, value: object) -> float:
    """A finite int or float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, not {value}")
    return value


def not_negative(name: str, value: object) -> None:
    """A finite number from zero up."""
    if number(name, value) < 0:
        raise ValueError(f"{name} must be at least 0, not {value}")


def duration(name: str, value: object) -> None:
    """A finite number of seconds above zero."""
    seconds = number(name, value)
    if seconds <= 0:
        raise ValueError(f"{name} must be above 0 seconds, not {value}")
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{name} must be at most {LONGEST_SECONDS:g} seconds, not {value}; None means no limit")


def whole(name: str, value: object) -> None:
    """A whole number from zero up."""
    not_negative(name, value)
    if not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {value}")


def port(name: str, value: int | None) -> None:
    """A URL's port; None where it names none."""
    if value is not None and not 1 <= value <= 65535:
        raise ValueError(f"{name}: there is no port {value}")


def of_type(wanted: type | UnionType) -> Check:
    """A value of a type."""

    def check_type(name: str, value: object) -> None:
        if not isinstance(value, wanted):
            raise TypeError(f"{name} must be a {getattr(wanted, '__name__', wanted)}, not {type(value).__name__}")

    return check_type


def or_none(check: Check) -> Check:
    """The same check, but None passes."""

    def check_unless_none(name: str, value: object) -> None:
        if value is not None:
            check(name, value)

    return check_unless_none


def validator(check: Check) -> "Callable[[object, Attribute[Any], Any], None]":
    """A check as an attrs validator."""

    def validate(_: object, attribute: "Attribute[Any]", value: object) -> None:
        check(attribute.name, value)

    return validate
