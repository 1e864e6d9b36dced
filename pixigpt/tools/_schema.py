"""Types as JSON Schema, in the form that models read best: described, closed, and without references.

msgspec makes the schema. Here, references are replaced by what they refer to, unless that refers to itself; docstrings
become descriptions; and objects with fields allow no others, at any depth, pydantic's included.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, cast, runtime_checkable

import msgspec
from attrs import define, field

from pixigpt.tools._docstring import read_docstring

Schema = dict[str, Any]

_REFERENCE = "#/$defs/"
# Where a schema holds others: one, a list, or a mapping of names.
_ONE = frozenset({"additionalProperties", "contains", "items", "not", "propertyNames"})
_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"dependentSchemas", "patternProperties", "properties"})
_ENUM_TYPES = {"string": str, "integer": int}
_DROPPED = frozenset({"$defs", "$ref", "discriminator"})  # the last one names references


@runtime_checkable
class PydanticModel(Protocol):
    """A pydantic model's class, which alone is asked, so that pydantic is imported by nobody else."""

    def model_json_schema(self) -> Schema: ...

    def model_validate_json(self, json_data: bytes, *, strict: bool) -> object: ...


def schema_of(hint: object) -> Schema:
    """Return a type's JSON Schema; raise TypeError if it has none."""
    try:
        made = msgspec.json.schema(hint, schema_hook=_foreign_schema)
    except NameError as cause:
        raise TypeError(f"{_shown(hint)} has an annotation that is not defined: {cause}") from cause
    except RuntimeError as cause:  # what msgspec does not implement
        raise TypeError(f"{_shown(hint)} has no JSON schema: {cause}") from cause
    return _Inliner().root(made)


def is_object(schema: Schema) -> bool:
    """Return whether every value of a schema is an object."""
    return schema.get("type") == "object"


def is_json(value: object) -> bool:
    """Return whether JSON can tell a default; it has no infinity, which stands for "no limit" in Python."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def unknown_field(value: object, schema: Schema) -> str | None:
    """Return the path of the first field in a value that its schema does not know."""
    return next(_unknown(value, schema, schema.get("$defs", {}), "$"), None)


def _foreign_schema(cls: type) -> Schema:
    if not isinstance(cls, PydanticModel):
        raise TypeError(f"{_shown(cls)} has no JSON schema")
    try:
        made = cls.model_json_schema()
    except RuntimeError as cause:  # pydantic's own errors are of this class
        raise TypeError(f"{_shown(cls)} has no JSON schema: {' '.join(str(cause).split())}") from cause
    name = _shown(cls)  # a reference, as msgspec makes one to each class
    return made if "$ref" in made else {"$ref": _REFERENCE + name, "$defs": {**made.get("$defs", {}), name: made}}


def _shown(hint: object) -> str:
    return getattr(hint, "__qualname__", None) or repr(hint)


@define
class _Inliner:
    """One schema on its way; `kept` are the definitions that refer to themselves."""

    kept: dict[str, Schema] = field(factory=dict[str, Schema])
    _origins: dict[str, Schema] = field(factory=dict[str, Schema])

    def root(self, schema: Schema) -> Schema:
        made = self._inlined(schema, {})
        name = made.get("$ref", "").removeprefix(_REFERENCE)
        if name in self.kept:  # what is at the root must show its type
            made = {**self.kept[name], **made}
            del made["$ref"]
        return {**made, "$defs": self.kept} if self.kept else made

    def _inlined(self, schema: Schema, outer: Mapping[str, Schema]) -> Schema:
        definitions = {**outer, **schema.get("$defs", {})}  # pydantic's schemas bring their own
        made = _each_part(schema, lambda part: self._inlined(part, definitions))
        if "$ref" in schema:
            return {**self._target(schema["$ref"].removeprefix(_REFERENCE), definitions), **made}
        return _described(made, schema) if "properties" in made or "enum" in made else made

    def _target(self, name: str, definitions: Mapping[str, Schema]) -> Schema:
        if name not in _reachable(definitions[name], definitions):
            return self._inlined(definitions[name], definitions)
        key = self._key(name, definitions[name])
        if key not in self.kept:
            self.kept[key] = {}  # which ends the recursion
            self.kept[key] = self._inlined(definitions[name], definitions)
        return {"$ref": _REFERENCE + key}

    def _key(self, name: str, origin: Schema) -> str:
        """Return a name for a definition that no other one has."""
        key = name
        while self._origins.setdefault(key, origin) != origin:
            key += "_"
        return key


def _parts(schema: Schema) -> Iterator[Schema]:
    """Yield the schemas that stand directly in a schema."""
    found: list[Schema] = []

    def collect(part: Schema) -> Schema:
        found.append(part)
        return part

    _each_part(schema, collect)
    yield from found


def _each_part(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Return a schema with each schema that stands directly in it changed."""

    def changed(part: object) -> object:
        return change(cast("Schema", part)) if isinstance(part, dict) else part  # true and false are schemas too

    made: Schema = {}
    for key, value in schema.items():
        if key in _ONE:
            made[key] = changed(value)
        elif key in _LIST:
            made[key] = [changed(part) for part in value]
        elif key in _NAMED:
            made[key] = {name: changed(part) for name, part in value.items()}
        elif key not in _DROPPED and (key != "default" or is_json(value)):
            made[key] = value
    return made


def _reachable(schema: Schema, definitions: Mapping[str, Schema]) -> set[str]:
    """Return the names of the definitions that a schema refers to, directly or not."""
    names: set[str] = set()
    left = [(schema, definitions)]
    while left:
        each, outer = left.pop()
        known = {**outer, **each.get("$defs", {})}
        left += [(part, known) for part in _parts(each)]
        name = each.get("$ref", "").removeprefix(_REFERENCE)
        if name and name not in names:
            names.add(name)
            left.append((known[name], known))
    return names


def _described(schema: Schema, origin: Schema) -> Schema:
    """Return the schema of a class, with its docstring as descriptions, and closed if it has fields."""
    doc = read_docstring(schema.pop("description", None))
    made = {"description": doc.summary, **schema} if doc.summary else schema
    if "properties" in made:
        fields = cast("dict[str, Schema]", made["properties"])
        for name in doc.items.keys() & fields.keys():
            if "description" not in origin["properties"][name]:  # that of its class tells less
                fields[name]["description"] = doc.items[name]
        for name, part in origin["properties"].items():
            if part.get("title") == name.title().replace("_", " ").strip():  # pydantic has made it of the name
                del fields[name]["title"]
        made.setdefault("additionalProperties", False)
    for kind, cls in _ENUM_TYPES.items():
        if all(type(value) is cls for value in made.get("enum", [None])):
            made["type"] = kind
    return made


def _unknown(value: object, schema: Schema, definitions: Mapping[str, Schema], path: str) -> Iterator[str]:
    if not isinstance(value, dict | list):
        return
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].removeprefix(_REFERENCE)], **schema}
    items = cast("dict[str, object] | list[object]", value)
    branches = [each for each in [*schema.get("anyOf", []), *schema.get("oneOf", [])] if _may_be(items, each)]
    in_branches = [next(_unknown(items, each, definitions, path), None) for each in branches]
    if None not in in_branches:
        yield from filter(None, in_branches)
    for name, part, item in _items(items, schema):
        inner = f"{path}.{name}" if isinstance(name, str) else f"{path}[{name}]"
        if part is False:
            yield inner
        elif isinstance(part, dict):
            yield from _unknown(item, cast("Schema", part), definitions, inner)


def _may_be(value: dict[str, object] | list[object], schema: Schema) -> bool:
    """Return whether a value may be meant for one of the alternatives: of its type, and of its tag."""
    kind = "object" if isinstance(value, dict) else "array"
    tags = {name: part for name, part in schema.get("properties", {}).items() if "enum" in part or "const" in part}
    return schema.get("type", kind) == kind and all(
        name not in value or cast("dict[str, object]", value)[name] in part.get("enum", [part.get("const")])
        for name, part in tags.items()
    )


def _items(value: dict[str, object] | list[object], schema: Schema) -> Iterator[tuple[str | int, object, object]]:
    """Yield what is directly in a value: the name or place, its schema, and the value."""
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        for place, item in enumerate(value):
            yield place, first[place] if place < len(first) else schema.get("items"), item
        return
    properties = schema.get("properties", {})
    rest = True if "patternProperties" in schema else schema.get("additionalProperties")
    for name, item in value.items():
        yield name, properties.get(name, rest), item
