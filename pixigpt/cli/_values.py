"""Texts of a command line become values of the types that an operation takes, and results become JSON again."""

import json
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum, EnumType
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast
from uuid import UUID

_BOOLEANS = {"true": True, "false": False}
_SIMPLE: Mapping[object, Callable[[str], object]] = {
    str: str,
    int: int,
    float: float,
    bool: _BOOLEANS.__getitem__,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    UUID: UUID,
}

Hint = Any  # what stands in an annotation


def members(hint: Hint) -> list[Hint]:
    """Return the types of a union, or the one type that it is; None is left out."""
    if isinstance(hint, UnionType) or _origin(hint) is Union:
        return [member for member in typing.get_args(hint) if member is not NoneType]
    return [hint]


def is_list(hint: Hint) -> bool:
    """Return whether a type is a list, or a union with one."""
    return any(_origin(member) is list for member in members(hint))


def converted(text: str, hint: Hint) -> Any:  # noqa: ANN401  # of the type that the hint names
    """Return a text as a value of a type; raise ValueError if it is not a valid one."""
    kinds = members(hint)
    if text[:1] in ("[", "{"):  # a list or an object goes before a text
        kinds.sort(key=lambda kind: kind in _SIMPLE)
    for kind in kinds:
        try:
            return _simple(text, kind) if kind in _SIMPLE else _compound(text, kind)
        except (KeyError, TypeError, ValueError):
            continue
    raise ValueError(f"{text!r} is not {' or '.join(map(_name, kinds))}")


def _simple(text: str, kind: Hint) -> object:
    return _SIMPLE[kind](text)


def _compound(text: str, kind: Hint) -> object:
    if _origin(kind) is list:
        return _list(text, *typing.get_args(kind))
    if _origin(kind) is Literal:
        return _choice(text, typing.get_args(kind))
    if isinstance(kind, EnumType):
        return kind(_choice(text, tuple(each.value for each in cast("type[Enum]", kind))))
    from_dict: Callable[[object], object] | None = getattr(kind, "from_dict", None)
    return from_dict(json.loads(text)) if from_dict else json_or_text(text)


def _list(text: str, item: Hint) -> list[object]:
    """Return a JSON list, or a list of the one item that the text is."""
    if not text.startswith("["):
        return [converted(text, item)]
    return [converted(each if isinstance(each, str) else json.dumps(each), item) for each in json.loads(text)]


def _choice(text: str, choices: tuple[object, ...]) -> object:
    """Return a text as one of some choices, or as it is: a newer server may know more."""
    if all(isinstance(choice, str) for choice in choices):
        return text
    return {str(choice): choice for choice in choices}[text]


def json_or_text(text: str) -> object:
    """Return what a text is as JSON, else the text."""
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return text


def to_document(value: object) -> object:
    """Return a value as JSON can hold it."""
    if isinstance(value, Enum):
        return cast("object", value.value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return [to_document(each) for each in cast("list[object]", value)]
    to_dict: Callable[[], object] | None = getattr(value, "to_dict", None)
    return to_dict() if to_dict else value


def _name(kind: Hint) -> str:
    return str(getattr(kind, "__name__", kind))


def _origin(kind: Hint) -> object:
    return cast("object", typing.get_origin(kind))
