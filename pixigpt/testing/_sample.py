"""Arguments for a tool call: the simplest value that a JSON schema allows, the same one every time."""

import random
from collections.abc import Mapping
from typing import Any

import jsonschema
import rstr
from jsonschema import Draft202012Validator, SchemaError, ValidationError

_MOST_DEPTH = 20
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
    """A value that satisfies the schema; ValueError where the rules of this file find none."""
    try:
        value = _Sampler(schema).value(schema)
    except (KeyError, TypeError, RecursionError) as cause:
        raise ValueError(f"the schema is malformed ({cause})") from cause
    try:
        jsonschema.validate(value, schema, Draft202012Validator)
    except (ValidationError, SchemaError) as cause:
        raise ValueError(f"no value was found that satisfies the schema ({cause.message})") from cause
    return value


class _Sampler:
    """Makes values for one root schema, which its references point into."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def value(self, schema: Mapping[str, Any]) -> object:
        schema = self._flat(schema)
        if "const" in schema:
            return schema["const"]
        if "default" in schema:
            return schema["default"]
        for keyword in ("enum", "examples"):
            if schema.get(keyword):
                return schema[keyword][0]
        return self._of_type(schema)

    def _flat(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema with its references followed, its parts merged and the first of its alternatives taken."""
        for _ in range(_MOST_DEPTH):
            parts = [self._target(schema["$ref"])] if "$ref" in schema else [*schema.get("allOf", [])]
            for keyword in ("anyOf", "oneOf"):
                parts += schema.get(keyword, [])[:1]
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

    def _of_type(self, schema: Mapping[str, Any]) -> object:
        match _kind(schema):
            case "object":
                properties = schema.get("properties", {})
                return {name: self.value(properties.get(name, {})) for name in schema.get("required", [])}
            case "array":
                return [self.value(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
            case "integer":
                return _number(schema, schema.get("multipleOf", 1))
            case "number":
                return _number(schema, schema.get("multipleOf", 0.5))
            case kind:
                return _SIMPLE[kind] if kind in _SIMPLE else _string(schema)


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return str(kind[0] if isinstance(kind, list) else kind)  # pyright: ignore[reportUnknownArgumentType]


def _merged(parts: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        required = [*merged.get("required", []), *part.get("required", [])]
        merged = {**merged, **part, "required": required}
        if properties:
            merged["properties"] = properties
    return merged


def _number(schema: Mapping[str, Any], step: float) -> float:
    """The number nearest to zero that the bounds allow, as a multiple of the step."""
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    most = schema.get("maximum", schema.get("exclusiveMaximum", max(0, least)))
    value: float = -(-least // step) * step if least > 0 else min(most, 0) // step * step
    if value == schema.get("exclusiveMinimum"):
        return value + step
    return value - step if value == schema.get("exclusiveMaximum") else value


def _string(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        return str(rstr.Rstr(random.Random(0)).xeger(schema["pattern"]))  # noqa: S311 - a seed, for the same text
    text = _FORMATS.get(schema.get("format", ""), "text").ljust(schema.get("minLength", 0), "x")
    return text[: schema.get("maxLength", len(text))]
