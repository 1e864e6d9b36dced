"""What a new contract breaks for those who send requests and read responses by the old one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, cast

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
LOWEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
HIGHEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
FORMS = ("pattern", "format", "multipleOf", "uniqueItems")


@dataclass(frozen=True)
class Part:
    """A node of a contract, with the document that its references lead into."""

    document: Mapping[str, Any]
    node: Mapping[str, Any]
    name: str = ""  # the component's, where a reference led to it

    @classmethod
    def at(cls, document: Mapping[str, Any], node: Mapping[str, Any]) -> Self:
        """Return what a node is once its references are followed."""
        name = ""
        while "$ref" in node:
            steps = node["$ref"].removeprefix("#/").split("/")
            node, name = document, steps[-1]
            for step in steps:
                node = node[step.replace("~1", "/").replace("~0", "~")]
        return cls(document, node, name)

    def inner(self, *steps: str) -> "Part | None":
        """Return what is found by some steps; None where they lead nowhere, or to no object."""
        found: Part = self
        for step in steps:
            value: Any = found.node.get(step)
            if not isinstance(value, dict):
                return None
            found = Part.at(self.document, cast("dict[str, Any]", value))
        return found

    def parts(self, key: str) -> "dict[str, Part]":
        """Return the parts of a mapping, by name."""
        return {str(name): Part.at(self.document, node) for name, node in self.node.get(key, {}).items()}

    @property
    def required(self) -> set[str]:
        """The fields that an object must have."""
        return set(self.node.get("required", ()))

    @property
    def type(self) -> str:
        """The type of one alternative."""
        return str(self.node.get("type", "anything"))

    def alternatives(self) -> "list[Part]":
        """Return the schemas of a single type that this one allows."""
        if choices := self.node.get("oneOf") or self.node.get("anyOf"):
            return [each for choice in choices for each in Part.at(self.document, choice).alternatives()]
        types = self.node.get("type", "anything")
        if isinstance(types, str):
            return [self]
        return [replace(self, node={**self.node, "type": each}) for each in types]

    def taker(self, takers: "list[Part]") -> "Part | None":
        """Return the alternative that takes what is sent by this one: of the same name, or else of a type that does."""
        named = [each for each in takers if self.name and each.name == self.name and each.type == self.type]
        wider = {self.type, "anything", "number" if self.type == "integer" else self.type}
        return next(iter(named + [each for each in takers if each.type in wider]), None)


@dataclass(frozen=True)
class Pair:
    """The same schema in both contracts, in requests or in responses."""

    old: Part
    new: Part
    where: str
    in_request: bool
    seen: frozenset[tuple[str, str]] = frozenset()

    def said(self, text: str, field: str = "") -> str:
        """Return a break's line."""
        where = f"{self.where}.{field}" if field else self.where
        return f"{where} in {'requests' if self.in_request else 'responses'}: {text}"

    def inner(self, old: Part | None, new: Part | None, suffix: str) -> Iterator[str]:
        """Yield the breaks of a schema within this one, where both have it."""
        if old and new:
            yield from replace(self, old=old, new=new, where=f"{self.where}{suffix}").breaks()

    def breaks(self) -> Iterator[str]:
        """Yield what was sent and is no longer taken: by the new server in requests, by old readers in responses."""
        sent, taken = (self.old, self.new) if self.in_request else (self.new, self.old)
        here = replace(self, where=self.old.name or self.where)
        takers = taken.alternatives()
        for each in sent.alternatives():
            if taker := each.taker(takers):
                old, new = (each, taker) if self.in_request else (taker, each)
                yield from replace(here, old=old, new=new, where=old.name or here.where).leaf_breaks()
            else:
                yield here.said(f"{each.type} is no longer accepted" if self.in_request else f"it may be {each.type}")

    def leaf_breaks(self) -> Iterator[str]:
        """Yield the breaks between two schemas of a single type."""
        names = (self.old.name, f"{self.new.name} {self.new.type}")
        if self.old.name and names in self.seen:  # a schema may hold itself
            return
        here = replace(self, seen=self.seen | {names})
        if self.in_request:
            yield from map(self.said, (*self.enum_breaks(), *self.limit_breaks()))
        yield from here.field_breaks()
        yield from self.required_breaks()
        for key, suffix in (("items", "[]"), ("additionalProperties", ".*")):
            yield from here.inner(self.old.inner(key), self.new.inner(key), suffix)

    def enum_breaks(self) -> Iterator[str]:
        """Yield the values that are no longer accepted."""
        old, new = (values(each.node) for each in (self.old, self.new))
        if new is not None and old is None:
            yield f"only {', '.join(map(repr, new))} are accepted now"
        elif new is not None:
            yield from (f"{value!r} is no longer accepted" for value in old or () if value not in new)

    def limit_breaks(self) -> Iterator[str]:
        """Yield the limits that are tighter, or new."""
        old, new = self.old.node, self.new.node
        for key, value in new.items():
            before = old.get(key)
            if (
                (key in LOWEST and (before is None or value > before))
                or (key in HIGHEST and (before is None or value < before))
                or (key in FORMS and value != before and value is not False)
            ):
                yield f"{key} is {value} now"
        if new.get("additionalProperties") is False is not old.get("additionalProperties"):
            yield "unknown fields are no longer accepted"

    def field_breaks(self) -> Iterator[str]:
        """Yield the fields that are gone, and the breaks within those that are not."""
        old, new = self.old.parts("properties"), self.new.parts("properties")
        for name, part in old.items():
            if name in new:
                yield from self.inner(part, new[name], f".{name}")
            else:
                yield self.said("the field is gone", name)

    def required_breaks(self) -> Iterator[str]:
        """Yield the fields that requests must have now, and those that responses may lack."""
        if self.in_request:
            for name in sorted(self.new.required - self.old.required):
                yield self.said("the field is required now", name)
        else:
            for name in sorted(self.old.required - self.new.required):
                if name in self.new.parts("properties"):
                    yield self.said("the field may be missing now", name)


def values(node: Mapping[str, Any]) -> list[Any] | None:
    """Return the values that a schema is limited to; None where it is not."""
    return [node["const"]] if "const" in node else node.get("enum")


def operations(document: Mapping[str, Any]) -> dict[str, Part]:
    """Return every operation by method and path, with the parameters of its path."""
    found: dict[str, Part] = {}
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                shared = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                found[f"{method.upper()} {path}"] = Part(document, {**item[method], "parameters": shared})
    return found


def contract_breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a line for each break between two OpenAPI documents, none twice."""
    left = operations(new)
    found: list[str] = []
    for name, operation in operations(old).items():
        if name in left:
            found += operation_breaks(name, operation, left[name])
        else:
            found.append(f"{name}: the operation is gone")
    return list(dict.fromkeys(found))


def operation_breaks(name: str, old: Part, new: Part) -> Iterator[str]:
    """Yield the breaks of one operation."""
    before, after = (each.node.get("operationId") for each in (old, new))
    if before != after:
        yield f"{name}: the operationId {before} became {after}"
    yield from parameter_breaks(name, old, new)
    yield from body_breaks(name, old.inner("requestBody"), new.inner("requestBody"))
    yield from response_breaks(name, old.parts("responses"), new.parts("responses"))


def parameters(operation: Part) -> dict[str, Part]:
    """Return an operation's parameters, by where they go and their name."""
    found = [Part.at(operation.document, each) for each in operation.node["parameters"]]
    return {f"{each.node['in']} parameter {each.node['name']}": each for each in found}


def parameter_breaks(name: str, old: Part, new: Part) -> Iterator[str]:
    """Yield the parameters that are gone, required now, or take less."""
    before, after = parameters(old), parameters(new)
    yield from (f"{name}: the {label} is gone" for label in before if label not in after)
    for label, part in after.items():
        known = before.get(label)
        if part.node.get("required") and not (known and known.node.get("required")):
            yield f"{name}: the {label} is required now"
        schemas = known and known.inner("schema"), part.inner("schema")
        if schemas[0] and schemas[1]:
            yield from Pair(schemas[0], schemas[1], f"{name}: the {label}", in_request=True).breaks()


def body_breaks(name: str, old: Part | None, new: Part | None) -> Iterator[str]:
    """Yield the breaks of what is sent."""
    if new and new.node.get("required") and not (old and old.node.get("required")):
        yield f"{name}: a body is required now"
    if old:
        yield from content_breaks(name, old, new, in_request=True)


def response_breaks(name: str, old: dict[str, Part], new: dict[str, Part]) -> Iterator[str]:
    """Yield the breaks of responses; an error's status may go, for every error has a default."""
    for status, response in old.items():
        if status in new:
            yield from content_breaks(f"{name}: {status}", response, new[status], in_request=False)
        elif status.startswith("2"):
            yield f"{name}: the response {status} is gone"


def content_breaks(name: str, old: Part, new: Part | None, *, in_request: bool) -> Iterator[str]:
    """Yield the breaks of a body's schema, for each of its media types."""
    left = new.parts("content") if new else {}
    for media, content in old.parts("content").items():
        if media not in left:
            yield f"{name}: {media} in {'requests' if in_request else 'responses'} is gone"
            continue
        before, after = content.inner("schema"), left[media].inner("schema")
        if before and after:
            yield from Pair(before, after, name, in_request).breaks()
