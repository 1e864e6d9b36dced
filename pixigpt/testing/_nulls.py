"""Optional fields that are null count as absent, as OpenAI's clients send them."""

from collections.abc import Mapping
from typing import Any, cast

_Json = Any


def without_nulls(value: _Json, schema: Mapping[str, Any], document: Mapping[str, Any]) -> _Json:
    """Return a value without the optional properties of its schema that are null; everything else stays as it is."""
    while "$ref" in schema:
        schema = _target(schema["$ref"], document)
    if isinstance(value, list):
        return [without_nulls(item, schema.get("items", {}), document) for item in _items(value)]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties", {}), schema.get("required", ())
    return {
        name: without_nulls(item, properties.get(name, {}), document)
        for name, item in cast("dict[str, _Json]", value).items()
        if item is not None or name not in properties or name in required
    }


def _items(value: _Json) -> list[_Json]:
    return list(value)


def _target(reference: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    found: _Json = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)
