"""What the generated packages say of themselves: field names, types, and which status has which result."""

import sys
import typing
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import attrs
from attrs import frozen


@frozen
class Field:
    """A field of a generated class."""

    name: str  # in JSON
    attribute: str
    hint: Hashable
    is_required: bool


@frozen
class Expected:
    """What a successful response with one of some statuses holds."""

    lowest: int
    highest: int
    source: str  # the expression that the generated parser reads
    hint: Hashable


def is_model(cls: type) -> bool:
    """Return whether a class is generated from a schema; `types.File` is not."""
    return attrs.has(cls) and hasattr(cls, "_fields")


def hints_of(annotated: type | Callable[..., object]) -> dict[str, Any]:
    """Return the annotations of a generated class or function, resolved."""
    module = sys.modules[annotated.__module__]
    # What a module imports goes first: its `File` may be `types.File` where a schema is called `File` too.
    names = {**vars(_models_beside(module)), **vars(module)}
    return typing.get_type_hints(annotated, localns=names)


@cache
def fields_of(cls: type) -> tuple[Field, ...]:
    """Return a generated class's fields, as the generator itself names them."""
    names = cast("Mapping[str, tuple[str, bool]]", vars(cls)["_fields"])
    hints = hints_of(cls)
    return tuple(Field(name, attribute, hints[attribute], required) for name, (attribute, required) in names.items())


@cache
def rest_hint(cls: type) -> Hashable:
    """Return the type of the values that a generated class keeps beside its fields."""
    hint = hints_of(cls).get("additional_properties")
    return Any if hint in (None, Any) else typing.get_args(hint)[1]


@cache
def successes(endpoint: Hashable) -> tuple[Expected, ...]:
    """Return what an endpoint's successful responses hold; raise TypeError if it is not a generated module."""
    package, _, name = str(getattr(endpoint, "__name__", "")).rpartition(".")
    table: Mapping[str, Any] = getattr(sys.modules.get(package), "RESPONSES", {})
    if name not in table:
        raise TypeError(f"endpoint must be a module that `make generate` has made, not {endpoint!r}")
    hints = typing.get_type_hints(
        SimpleNamespace(__annotations__={str(index): row[3] for index, row in enumerate(table[name])}),
        vars(cast("ModuleType", endpoint)),
    )
    return tuple(
        Expected(lowest, highest, source, hints[str(index)])
        for index, (lowest, highest, source, _) in enumerate(table[name])
    )


def _models_beside(module: ModuleType) -> ModuleType:
    """Return the package of the models that a generated module uses, or is one of."""
    package = module.__name__.rpartition(".")[0]
    if not package.endswith("models"):
        package = f"{module.__name__.rsplit('.', 3)[0]}.models"  # from PACKAGE.api.TAG.NAME
    return sys.modules[package]
