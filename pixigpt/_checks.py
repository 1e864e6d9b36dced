"""Checks of what a user passes in: a ValueError or TypeError that names the argument."""

import math
from collections.abc import Callable
from types import UnionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrs import Attribute

_LONGEST = 1e9  # seconds; more would not fit a timer

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
    if number(name, value) <= 0:
        raise ValueError(f"{name} must be above 0 seconds, not {value}")
    if number(name, value) > _LONGEST:
        raise ValueError(f"{name} must be at most {_LONGEST:g} seconds, not {value}; None means no limit")


def whole(name: str, value: object) -> None:
    """A whole number from zero up."""
    not_negative(name, value)
    if not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {value}")


def check_type(name: str, value: object, wanted: type | UnionType) -> None:
    """None, or a value of a type."""
    if not isinstance(value, wanted | None):
        raise TypeError(f"{name} must be a {getattr(wanted, '__name__', wanted)}, not {type(value).__name__}")


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
