"""Checks values against the contract's types: arguments before they are sent, results before they are parsed.

The generated code accepts any value for a plain `str` or `int`, and fails with Python's own errors on the rest.
A type is compiled once, into nested functions. Most values are of exactly the wanted type, which one look-up tells.
"""

import enum
import io
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from inspect import iscoroutinefunction
from typing import Any, cast

import attrs
from attrs import frozen

from pixigpt._generated import fields_of, hints_of, is_model, rest_hint
from pixigpt._leniency import ADAPT, NEVER_EMPTY, NUMBERED, fill, number

_NOTHING: frozenset[type] = frozenset()

# Returns where and how a value is wrong; None if it is right.
_Find = Callable[[object], str | None]

# Of each field: its name, what is right at once, the check of all else, whether it is required; the check of the rest.
_JsonFields = tuple[list[tuple[str, frozenset[type], _Find, bool]], _Find | None]


@frozen
class _Check:
    """A compiled type: the types of which every value is right, and how any other value is wrong."""

    at_once: frozenset[type]
    find: _Find


def argument_check(hint: Hashable) -> Callable[[object], str | None]:
    """Return a function that tells how a value differs from a type annotation; None if it does not."""
    return _compiled(hint, is_json=False).find


def json_mismatch(value: object, hint: Hashable) -> str | None:
    """Return how decoded JSON differs from the type annotation of its parsed form; None if it does not.

    What it may lack is filled in.
    """
    return _compiled(hint, is_json=True).find(value)


@cache
def _compiled(hint: Hashable, *, is_json: bool) -> _Check:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return _list_of(arguments[0], is_json=is_json)
    if origin is dict:
        return _mapping_of(arguments[1], is_json=is_json)
    if origin in (types.UnionType, typing.Union):
        # None first, so that what is told of a mismatch is told of the other type
        return _any_of(
            [_compiled(each, is_json=is_json) for each in sorted(arguments, key=lambda each: each is not type(None))]
        )
    if origin is typing.Literal:
        return _instance_of(type(cast("object", arguments[0])))  # other values may come later
    if not isinstance(hint, type) or hint is Any:
        return _Check(_NOTHING, _anything)
    return _json(hint) if is_json else _argument(hint)


def _anything(_: object) -> None:
    return None


def _instance_of(wanted: type) -> _Check:
    def find(value: object) -> str | None:
        if isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool)):
            return None
        if wanted is int and isinstance(value, float) and value.is_integer():
            return None
        return None if type(value) in at_once else f" is {type(value).__name__}, not {wanted.__name__}"

    at_once = frozenset({float, int} if wanted is float else {wanted})  # JSON has only one kind of number
    return _Check(at_once, find)


def _list_of(hint: Hashable, *, is_json: bool) -> _Check:
    check = _compiled(hint, is_json=is_json)
    numbered = cast("type", hint) if is_json and hint in NUMBERED else None

    def find(value: object) -> str | None:
        if not isinstance(value, list):
            return f" is {type(value).__name__}, not list"
        items = cast("list[object]", value)
        if check.at_once and set(map(type, items)) <= check.at_once:
            return None
        for index, item in enumerate(items):
            if numbered:
                number(numbered, item, index)
            if found := check.find(item):
                return f"[{index}]{found}"
        return None

    return _Check(_NOTHING, find)


def _mapping_of(hint: Hashable, *, is_json: bool) -> _Check:
    return _instance_of(dict) if hint is Any else _Check(_NOTHING, _values_of(_compiled(hint, is_json=is_json)))


def _values_of(check: _Check) -> _Find:
    def find(value: object) -> str | None:
        if not isinstance(value, dict):
            return f" is {type(value).__name__}, not dict"
        for key, item in cast("Mapping[str, object]", value).items():
            if found := check.find(item):
                return f"[{key!r}]{found}"
        return None

    return find


def _any_of(checks: list[_Check]) -> _Check:
    def find(value: object) -> str | None:
        told = ""
        for check in checks:
            if (found := check.find(value)) is None:
                return None
            if not told or told.startswith(" is "):  # what is wrong in a part of it tells more than its type
                told = found
        return told

    return _Check(_NOTHING.union(*(check.at_once for check in checks)), find)


# ---- arguments ----


@cache
def _argument(cls: type[Any]) -> _Check:
    if is_model(cls):
        return _Check(_NOTHING, _object_of(cls))
    return _Check(_NOTHING, _file_of(cls)) if attrs.has(cls) else _instance_of(cls)


def _object_of(cls: type) -> _Find:
    rows: list[tuple[str, str, _Check]] | None = None  # until its first use, since classes may refer to one another

    def find(value: object) -> str | None:
        nonlocal rows
        if type(value) is not cls and not isinstance(value, cls):
            return f" is {type(value).__name__}, not {cls.__name__}"
        if rows is None:
            rows = _attributes(cls)
        for name, attribute, check in rows:
            item = getattr(value, attribute)
            if type(item) not in check.at_once and (found := check.find(item)):
                return f".{name}{found}"
        return None

    return find


def _attributes(cls: type) -> list[tuple[str, str, _Check]]:
    rows = [(each.name, each.attribute, _compiled(each.hint, is_json=False)) for each in fields_of(cls)]
    rest = hints_of(cls)["additional_properties"]
    return [*rows, ("additional_properties", "additional_properties", _compiled(rest, is_json=False))]


def _file_of(cls: type) -> _Find:
    def find(value: object) -> str | None:
        if not isinstance(value, cls):
            return f" is {type(value).__name__}, not {cls.__name__} of {cls.__module__}"
        payload: object = getattr(value, "payload", None)
        if isinstance(payload, io.TextIOBase):
            return ".payload is open in text mode: open it with 'rb'"
        read = getattr(payload, "read", None)
        if iscoroutinefunction(read):
            return ".payload is async: pass the file that it wraps"
        if isinstance(payload, bytes | bytearray | str) or callable(read):
            return None
        return f".payload is {type(payload).__name__}, neither a file nor bytes"

    return find


# ---- results, as decoded JSON ----


@cache
def _json(cls: type[Any]) -> _Check:
    if is_model(cls):
        return _Check(_NOTHING, _json_object_of(cls))
    if parse := _parser_of(cls):
        return _Check(_NOTHING, _text_for(parse, cls))
    if issubclass(cls, enum.Enum):
        return _Check(_NOTHING, _member_of(cls))
    return _instance_of(cls)


def _parser_of(cls: type[Any]) -> Callable[[str], object] | None:
    """Return what reads a date, a time or a UUID, which is text in JSON; None for all other types."""
    if cls.__module__ == "uuid":  # which is not imported where no schema needs it
        return cls
    return getattr(cls, "fromisoformat", None)


def _text_for(parse: Callable[[str], object], cls: type) -> _Find:
    def find(value: object) -> str | None:
        if not isinstance(value, str):
            return f" is {type(value).__name__}, not str"
        try:
            parse(value)
        except ValueError:
            return f" is not a {cls.__name__}"
        return None

    return find


def _member_of(cls: type[enum.Enum]) -> _Find:
    values = [member.value for member in cls]

    def find(value: object) -> str | None:
        return None if value in values else f" is none of {cls.__name__}'s values"

    return find


def _json_object_of(cls: type) -> _Find:
    adapt = ADAPT.get(cls)
    known: _JsonFields | None = None  # until its first use, as above

    def find(value: object) -> str | None:
        nonlocal known
        if not isinstance(value, dict):
            return f" is {type(value).__name__}, not an object"
        fields = cast("dict[str, Any]", value)
        if adapt and (found := adapt(fields)):
            return found
        if known is None:
            known = _json_fields(cls)
        rows, check_rest = known
        for name, at_once, find_field, is_required in rows:
            item = fields.get(name)
            if type(item) in at_once or (item is None and _is_filled(cls, fields, name, is_required=is_required)):
                continue
            if found := find_field(item) if name in fields else " is missing":
                return f".{name}{found}"
        return check_rest(fields) if check_rest else None

    return find


def _is_filled(cls: type, fields: dict[str, Any], name: str, *, is_required: bool) -> bool:
    """Return whether a field that is missing, or null, may be."""
    return fill(cls, fields, name) or (name not in fields and not is_required)


def _json_fields(cls: type) -> _JsonFields:
    """Return what is known of a generated class's fields."""
    rows: list[tuple[str, frozenset[type], _Find, bool]] = []
    for field in fields_of(cls):
        check = _compiled(field.hint, is_json=True)
        # None is right at once only where the field may be missing.
        at_once = check.at_once - {type(None)} if field.is_required else check.at_once
        find = _not_empty(check.find) if (cls, field.name) in NEVER_EMPTY else check.find
        rows.append((field.name, at_once, find, field.is_required))
    return rows, None if rest_hint(cls) is Any else _rest_of(cls)


@cache
def plain_fields(cls: type) -> Mapping[str, tuple[str, frozenset[type]]]:
    """Return a generated class's fields by their names in JSON: the attribute, and the types of which all is right."""
    at_once = {name: types_ for name, types_, _, _ in _json_fields(cls)[0]}
    return {field.name: (field.attribute, at_once[field.name]) for field in fields_of(cls)}


def _not_empty(find: _Find) -> _Find:
    return lambda value: find(value) or (None if value else " is empty")


def _rest_of(cls: type) -> _Find:
    known = {field.name for field in fields_of(cls)}
    find_value = _values_of(_compiled(rest_hint(cls), is_json=True))

    def find(value: object) -> str | None:
        fields = cast("dict[str, Any]", value)
        return find_value({name: item for name, item in fields.items() if name not in known})

    return find
