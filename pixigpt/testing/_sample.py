"""Arguments for a tool call: the simplest value that a JSON schema allows, the same one every time."""

import math
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import rstr
from jsonschema import Draft202012Validator, SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

_Json = Any  # a schema may hold whatever JSON can

_MOST_DEPTH = 20
_MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, Unresolvable, re.error)
_SIMPLE: Mapping[str, object] = {"boolean": True, "null": None}
_FORMATS: Mapping[str, str] = {
    "date": "2025-01-01",
    "date-time": "2025-01-01T00:00:00Z",
    "email": "ada@example.com",
    "time": "00:00:00Z",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(schema: Mapping[str, Any]) -> object:
    """Return a value that satisfies the schema; raise ValueError if the rules of this file find none."""
    try:
        Draft202012Validator.check_schema(schema)
        value = _Sampler(schema).value(schema)
        errors = list(_errors(schema, value))
    except SchemaError as cause:
        raise ValueError(cause.message) from cause
    except _MALFORMED as cause:
        raise ValueError(f"the schema is malformed: {cause!r}") from cause
    if errors:
        raise ValueError(errors[0].message)
    return value


def _errors(schema: Mapping[str, Any], value: object) -> Iterator[ValidationError]:
    # An empty registry: a schema that refers to a URL or a file must not make the server fetch it.
    validator: Any = Draft202012Validator(schema, registry=Registry())
    yield from validator.iter_errors(value)


class _Sampler:
    """Makes values for one root schema, which its references point into."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def value(self, schema: Mapping[str, Any] | bool, place: int = 0) -> _Json:
        """Return a value for a schema; `place` makes the items of an array differ."""
        schema = self._flat({"not": {}} if schema is False else {} if schema is True else schema)
        if "const" in schema:
            return schema["const"]
        for choices in (schema.get("enum"), schema.get("examples"), [schema["default"]] if "default" in schema else []):
            if choices and self._is_valid(choices[place % len(choices)], schema):
                return choices[place % len(choices)]
        return self._of_type(schema, place)

    def _is_valid(self, value: object, schema: Mapping[str, Any]) -> bool:
        complete = {**schema, "$defs": self._root.get("$defs", {})}
        return not any(_errors(complete, value))

    def _flat(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Resolve references, merge `allOf`, and take the first of the alternatives."""
        for _ in range(_MOST_DEPTH):
            parts = [self._target(schema["$ref"])] if "$ref" in schema else [*schema.get("allOf", [])]
            for keyword in ("anyOf", "oneOf"):
                parts += [part for part in schema.get(keyword, []) if isinstance(part, dict)][:1]
            if not parts:
                return schema
            rest = {key: value for key, value in schema.items() if key not in ("$ref", "allOf", "anyOf", "oneOf")}
            schema = _merged([rest, *parts])
        raise ValueError("the schema refers to itself")

    def _target(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            found = found[step.replace("~1", "/").replace("~0", "~")]
        return dict(found)

    def _of_type(self, schema: Mapping[str, Any], place: int) -> object:
        match _kind(schema):
            case "object":
                properties = schema.get("properties", {})
                return {name: self.value(properties.get(name, {})) for name in schema.get("required", [])}
            case "array":
                return self._array(schema)
            case "integer":
                return int(_number(schema, schema.get("multipleOf", 1), place))
            case "number":
                return _number(schema, schema.get("multipleOf", 0), place)
            case kind:
                return _SIMPLE[kind] if kind in _SIMPLE else _string(schema, place)

    def _array(self, schema: Mapping[str, Any]) -> list[object]:
        first = schema.get("prefixItems", [])
        rest = range(len(first), int(schema.get("minItems", 0)))
        items = [self.value(item) for item in first]
        return items + [self.value(schema.get("items", {}), place) for place in rest]


def _kind(schema: Mapping[str, Any]) -> str:
    kind: _Json = schema.get("type", "object" if "properties" in schema else "string")
    return str(kind if isinstance(kind, str) else kind[0])


def _merged(parts: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """One schema in place of several that must all hold."""
    merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            merged[key] = _both(key, merged[key], value) if key in merged else value
    return merged


def _both(keyword: str, first: _Json, second: _Json) -> _Json:
    if keyword == "properties":
        return {**first, **second}
    if keyword == "required":
        return [*first, *second]
    if keyword.startswith(("min", "exclusiveMin")):
        return max(first, second)
    return min(first, second) if keyword.startswith(("max", "exclusiveMax")) else second


def _number(schema: Mapping[str, Any], step: float, place: int) -> float:
    """Return the number nearest to zero within the bounds, a multiple of the step if there is one."""
    least = schema.get("minimum", schema.get("exclusiveMinimum", -math.inf))
    most = schema.get("maximum", schema.get("exclusiveMaximum", math.inf))
    if not step:
        return _between(least, most) + place
    value: float = math.ceil(max(least, min(most, 0)) / step) * step
    if value > most:
        value = math.floor(most / step) * step
    if value == schema.get("exclusiveMinimum"):
        value += step
    return (value - step if value == schema.get("exclusiveMaximum") else value) + place * step


def _between(least: float, most: float) -> float:
    if math.isfinite(least) and math.isfinite(most):
        return (least + most) / 2
    return least + 1 if math.isfinite(least) else min(most - 1, 0.5)


def _string(schema: Mapping[str, Any], place: int) -> str:
    if "pattern" in schema:
        return str(rstr.Rstr(random.Random(place)).xeger(schema["pattern"]))  # noqa: S311  # a seed, for the same text
    text = _FORMATS.get(schema.get("format", ""), "text") + (str(place) if place else "")
    text = text.ljust(int(schema.get("minLength", 0)), "x")
    return text[: int(schema.get("maxLength", len(text)))]
