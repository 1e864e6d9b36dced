"""Values between JSON and Python: decoded, converted strictly, encoded."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from pixigpt.tools._schema import PydanticModel, Schema, unknown_field
from pixigpt_api.types import Model

_UNENCODABLE = (TypeError, ValueError, OverflowError, RecursionError)


class UnfitError(Exception):
    """A value is no JSON, or not of the wanted type; the text says where and why, for a model to read."""


def decoded(text: str) -> object:
    """Decode JSON; raise UnfitError if it is not valid JSON."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as cause:
        raise UnfitError(f"not JSON: {_line(cause)}") from cause


def decoded_object(text: str) -> dict[str, Any] | None:
    """Decode a JSON object; return None if it is not one."""
    try:
        found = decoded(text)
    except UnfitError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def converted(value: object, hint: object, schema: Schema) -> Any:  # noqa: ANN401  # the hint says what
    """Convert decoded JSON to a type, strictly; raise UnfitError if it is not of that type or has unknown fields."""
    try:
        # In JSON a key is a text, also where the type wants a number: `dict[int, str]`.
        made: Any = msgspec.convert(value, cast("Any", hint), str_keys=True, dec_hook=_foreign_value)
    except (ValueError, TypeError, AssertionError, RecursionError) as cause:  # a class's own checks raise them too
        raise UnfitError(_line(cause)) from cause
    if path := unknown_field(value, schema):
        raise UnfitError(f"unknown field - at `{path}`")
    return made


def encoded(value: object) -> str:
    """Return what a function has returned as text for a model: a str as it is, else JSON; raise ValueError if none."""
    try:
        text = value if isinstance(value, str) else msgspec.json.encode(_plain(value), enc_hook=_plain_foreign).decode()
        text.encode()  # lone surrogates cannot be sent
    except _UNENCODABLE as cause:
        raise ValueError(f"the result cannot be sent as JSON: {_line(cause)}") from cause
    return text


def _foreign_value(cls: type, value: object) -> object:
    """Convert to a pydantic model; as JSON, since only then does its strict mode take text for a date."""
    try:
        return cast("PydanticModel", cls).model_validate_json(msgspec.json.encode(value), strict=True)
    except ValueError as cause:
        problems = cast("Any", cause).errors()
        told = [".".join(map(str, each["loc"])) + ": " + each["msg"] for each in problems]
        raise ValueError("; ".join(told).replace("\n", " ")) from cause


def _plain(value: object) -> object:
    """Return a value with what the SDK's own calls return as plain JSON; msgspec would take it for any attrs class."""
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    if type(value) is dict:
        return {name: _plain(item) for name, item in cast("dict[object, object]", value).items()}
    return value


def _plain_foreign(value: object) -> object:
    """Return what msgspec does not know as what it does: pydantic models, and mappings of any class."""
    if isinstance(type(value), PydanticModel):
        return cast("Any", value).model_dump(mode="json")
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    raise TypeError(f"objects of type {type(value).__name__} are not supported")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
