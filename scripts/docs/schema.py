"""Write the API schema as pages: the operations of each area, and the schemas with their fields."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from scripts.operations import METHODS, Contract, resolved

# A path's first segment is its area, but for these.
AREAS = {"moderations": "moderation", "embeddings": "search", "rerank": "search"}
_SCHEMAS = "#/components/schemas/"
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}
_LENGTHS = ("minLength", "minItems")


def write_pages(contract: Contract, folder: Path) -> None:
    """Write the pages into a folder, which has nothing else afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, lines in pages(contract).items():
        (folder / f"{name}.md").write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def pages(contract: Contract) -> dict[str, list[str]]:
    """Return the pages by name, each as its paragraphs."""
    found: dict[str, list[str]] = {}
    rows: dict[str, list[list[str]]] = {}
    for path, item in contract["paths"].items():
        for method in [each for each in METHODS if each in item]:
            name, area = item[method]["operationId"], area_of(path)
            page = found.setdefault(area, [f"# API schema: {area}"])
            page += operation(contract, f"{method.upper()} {path}", item, item[method])
            row = [f"[`{name}`{{ .field }}]({area}.md#{name})", f"`{method.upper()} {path}`"]
            rows.setdefault(area, []).append(row)
    schemas = ["# API schema: schemas", *all_schemas(contract)]
    return {"index": overview(contract, rows), **found, "schemas": schemas}


def area_of(path: str) -> str:
    """Return the area of a path; the runs of a thread are one of their own."""
    segments = path.strip("/").split("/")
    return "runs" if "runs" in segments else AREAS.get(segments[0], segments[0])


def overview(contract: Contract, rows: dict[str, list[list[str]]]) -> list[str]:
    """Return the first page: what holds for all operations, and where each of them is."""
    source = (
        "The low-level client is generated from `openapi/pixigpt.yaml`, the local server of "
        "[`pixigpt.testing`](../guides/testing.md) is tested against it, and the wheel carries it as "
        "`pixigpt_api/openapi.yaml`. These pages show it, in OpenAPI's terms."
    )
    servers = [f"Base URL: `{each['url']}`" for each in contract.get("servers", [])]
    found = ["# API schema", text(contract["info"]), *servers, source]
    found += ["The [schemas](schemas.md) are the objects that operations take and return."]
    for area, operations in rows.items():
        found += [f"## {area.capitalize()}", *table("Operation | Request", operations)]
    return found


def operation(contract: Contract, request: str, item: Contract, given: Contract) -> Iterator[str]:
    """Yield an operation's part of its page."""
    name = given["operationId"]
    yield f"## {name} {{ #{name} }}"
    yield f"```text\n{request}\n```"
    yield f"{given.get('summary', '')} {given.get('description', '')}".strip()
    yield f"In Python: [`Client.{name}`](../reference/client.md#pixigpt.Client.{name})."
    parameters = [resolved(contract, each) for each in [*item.get("parameters", []), *given.get("parameters", [])]]
    rows = [field(each["name"], {**each["schema"], **each}, each.get("required"), each["in"]) for each in parameters]
    if rows:
        yield "**Parameters**"
        yield from table("Name | Type | In | Required | Description", rows)
    if "requestBody" in given:
        yield from body(contract, resolved(contract, given["requestBody"]))
    yield from responses(contract, {code: resolved(contract, each) for code, each in given["responses"].items()})


def body(contract: Contract, given: Contract) -> Iterator[str]:
    """Yield a request's body: its schema, its fields and an example."""
    for kind, media in given["content"].items():
        yield f"**Body**: {type_of(media['schema'])}, as `{kind}`"
        yield from fields(merged(contract, media["schema"]))
        if "json" in kind:
            yield from example(contract, "Request", media)


def responses(contract: Contract, given: dict[str, Contract]) -> Iterator[str]:
    """Yield what comes back: the schema of each status, and an example of success."""
    bodies = {code: each.get("content", {}) for code, each in given.items()}
    rows = [
        [
            "others" if code == "default" else f"`{code}`",
            ", ".join(type_of(media["schema"]) for media in bodies[code].values()),
            ", ".join(f"`{name}`" for name in each.get("headers", {})),
            text(each),
        ]
        for code, each in given.items()
    ]
    yield "**Responses**"
    yield from table("Status | Body | Headers | Description", rows)
    for code in [each for each in bodies if each.startswith("2")]:
        for media in (media for kind, media in bodies[code].items() if "json" in kind):
            yield from example(contract, "Response", media)


def example(contract: Contract, title: str, media: Contract) -> Iterator[str]:
    """Yield an example of a body."""
    value = media["example"] if "example" in media else sample(contract, media["schema"])
    yield f"**{title}, for example**"
    yield f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"


def sample(contract: Contract, schema: Contract) -> object:
    """Return a value of a schema from its examples: what is required, and of the rest what refers to nothing."""
    found = merged(contract, schema)
    for key in ("example", "const", "default"):
        if key in found:
            return found[key]
    if "oneOf" in found:
        return sample(contract, found["oneOf"][0])
    if "items" in found:
        return [sample(contract, found["items"])]
    if found.get("type", "object") != "object":
        return kind_of(found)  # where the contract has no example
    return {
        name: sample(contract, each)
        for name, each in found.get("properties", {}).items()
        if name in found.get("required", []) or "$ref" not in json.dumps(each)
    }


def merged(contract: Contract, schema: Contract) -> Contract:
    """Return a schema with the fields of all that it consists of."""
    found = dict(resolved(contract, schema))
    for part in [merged(contract, each) for each in found.pop("allOf", [])]:
        found["properties"] = {**part.get("properties", {}), **found.get("properties", {})}
        found["required"] = [*part.get("required", []), *found.get("required", [])]
    return found


def all_schemas(contract: Contract) -> Iterator[str]:
    """Yield the schemas by name, each with its type and its fields."""
    for name, given in sorted(contract["components"]["schemas"].items()):
        schema = merged(contract, given)
        yield f"## {name} {{ #{name} }}"
        yield text(schema)
        if "properties" in schema:
            yield from fields(schema)
        else:
            yield f"Type: {type_of(schema)}"


def fields(schema: Contract) -> Iterator[str]:
    """Yield the table of an object's fields, if it has any."""
    required = schema.get("required", [])
    rows = [field(name, each, name in required) for name, each in schema.get("properties", {}).items()]
    if rows:
        yield from table("Name | Type | Required | Description", rows)


def field(name: str, schema: Contract, required: bool | None, *place: str) -> list[str]:
    """Return a row for a field or a parameter."""
    return [f"`{name}`{{ .field }}", type_of(schema), *place, "yes" if required else "no", text(schema)]


def type_of(schema: Contract) -> str:
    """Return a schema's type in words, with its limits and with links to the schemas that it names."""
    limits = [
        "not empty" if key in _LENGTHS and schema[key] == 1 else words.format(f"{schema[key]:,}")
        for key, words in _LIMITS.items()
        if key in schema
    ]
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        limits.append(" or ".join(f"`{each}`" for each in values))
    if "format" in schema:
        limits.append(schema["format"])
    if "default" in schema:
        limits.append(f"`{schema['default']}` if absent")
    return ", ".join([kind_of(schema), *limits])


def kind_of(schema: Contract) -> str:
    """Return a schema's type in words, without its limits."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SCHEMAS)
        return f"[{name}](schemas.md#{name})"
    for key, word in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if key in schema:
            return word.join(type_of(each) for each in schema[key])
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object, each value {type_of(schema['additionalProperties'])}"
    given = schema.get("type", "any")
    inner = f"array of {type_of(schema['items'])}" if "items" in schema else "array"
    return " or ".join(inner if each == "array" else each for each in ([given] if isinstance(given, str) else given))


def text(schema: Contract) -> str:
    """Return a description on one line."""
    return " ".join(schema.get("description", "").split())


def table(head: str, rows: list[list[str]]) -> Iterator[str]:
    """Yield a table."""
    cells = [" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows]
    yield "\n".join(f"| {row} |" for row in [head, " | ".join("---" for _ in head.split(" | ")), *cells])
