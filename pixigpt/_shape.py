"""Checks values against the contract's types: arguments before they are sent, results before they are parsed.

The generated code accepts any value for a plain `str` or `int`. Checking here makes a mismatch an error of the call,
instead of one of the server, or of the code that later uses the result.
"""

import types
import typing
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any

import attrs

from pixigpt_api import models

# The contract's `minItems` for answers, the one constraint beside the types that the generator drops.
NEVER_EMPTY: frozenset[tuple[type, str]] = frozenset({(models.ChatCompletion, "choices")})

# Returns where and how a value is wrong; None if it is right.
_Check = Callable[[object], str | None]


def mismatch(value: object, hint: Hashable) -> str | None:
    """Return how a value differs from a type annotation; None if it does not."""
    return _check_for(hint, _object_of)(value)


def json_mismatch(value: object, hint: Hashable) -> str | None:
    """Return how decoded JSON differs from the type annotation of its parsed form; None if it does not.

    Results are checked in this form, since the generated code reads `{}` as an empty list.
    """
    return _check_for(hint, _json_object_of)(value)


def hints_of(annotated: object) -> dict[str, Any]:
    """Return the annotations of a generated class or function, resolved."""
    return typing.get_type_hints(annotated, localns=vars(models))


@cache
def _check_for(hint: Hashable, object_of: Callable[[type], _Check]) -> _Check:
    def check_for(part: Hashable) -> _Check:
        return _check_for(part, object_of)

    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return _list_of(check_for(arguments[0]))
    if origin is dict:
        return _dict_of(check_for(arguments[1]))
    if origin in (types.UnionType, typing.Union):
        # None first, so that what is told of a mismatch is told of the other type
        return _any_of([check_for(each) for each in sorted(arguments, key=lambda each: each is not types.NoneType)])
    if origin is typing.Literal:
        return _instance_of(str)
    if isinstance(hint, type) and hint is not typing.Any:
        return object_of(hint) if attrs.has(hint) else _instance_of(hint)
    return _anything


def _anything(_: object) -> None:
    return None


def _instance_of(wanted: type) -> _Check:
    def check(value: object) -> str | None:
        if isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool)):
            return None
        if _is_number(value, wanted):
            return None
        return f" is {type(value).__name__}, not {wanted.__name__}"

    return check


def _is_number(value: object, wanted: type) -> bool:
    """Return whether a value is the wanted number: JSON has only one kind, so 1 is a float, and 1.0 an integer."""
    if wanted is float:
        return type(value) is int
    return wanted is int and isinstance(value, float) and value.is_integer()


def _list_of(check_item: _Check) -> _Check:
    def check(value: object) -> str | None:
        if not isinstance(value, list):
            return f" is {type(value).__name__}, not list"
        for index, item in enumerate(typing.cast("list[object]", value)):
            if found := check_item(item):
                return f"[{index}]{found}"
        return None

    return check


def _dict_of(check_value: _Check) -> _Check:
    def check(value: object) -> str | None:
        for key, item in typing.cast("Mapping[str, object]", value).items():
            if found := check_value(item):
                return f"[{key!r}]{found}"
        return None

    return check


def _any_of(checks: list[_Check]) -> _Check:
    def check(value: object) -> str | None:
        found = None
        for alternative in checks:
            found = alternative(value)
            if found is None:
                return None
        return found

    return check


def _object_of(cls: type) -> _Check:
    fields: dict[str, _Check] = {}  # filled on first use, since classes may refer to one another

    def check(value: object) -> str | None:
        if not isinstance(value, cls):
            return f" is {type(value).__name__}, not {cls.__name__}"
        if not fields:
            fields.update({name: _check_for(hint, _object_of) for name, hint in hints_of(cls).items()})
        for name, check_field in fields.items():
            if found := check_field(getattr(value, name)):
                return f".{name.rstrip('_')}{found}"  # the generated code calls `input` `input_`
        return None

    return check


def _json_object_of(cls: type) -> _Check:
    def check(value: object) -> str | None:
        if not isinstance(value, dict):
            return f" is {type(value).__name__}, not an object"
        rest = dict(typing.cast("dict[str, object]", value))
        fields, check_rest = _json_fields(cls)
        for name, check_field in fields.items():
            there = name in rest
            if found := check_field(rest.pop(name, None)):
                return f".{name}{found}" if there else f".{name} is missing"
            if (cls, name) in NEVER_EMPTY and not value[name]:
                return f".{name} is empty"
        return check_rest(rest)

    return check


@cache  # on first use, since classes may refer to one another
def _json_fields(cls: type) -> tuple[dict[str, _Check], _Check]:
    """Return the checks of a generated class's fields by their names in JSON, and the check of the rest."""
    fields = {name.rstrip("_"): _check_for(hint, _json_object_of) for name, hint in hints_of(cls).items()}
    check_rest = fields.pop("additional_properties")
    return fields, check_rest
