"""What the contract's operations still lack in the hand-written files: a line each, in the order of doing."""

import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = "openapi/pixigpt.yaml"

# What a client has beside the contract's operations.
NO_OPERATIONS = {
    "call",
    "close",
    "aclose",
    "map_chat_completions",
    "map_embeddings",
    "raw",
    "request",
    "run_batch",
    "stream_call",
    "stream_chat_completion",
    "wait_for_run",
    "with_options",
    "run_tools",
    "parse_chat_completion",
    "ask",
}
# What a method of its own sets, so that it is no keyword of the operation's.
SET_BY_STREAMING = {"stream", "stream_options"}

METHODS = ("get", "put", "post", "delete", "patch")
_OBJECT_BODIES = ("application/x-www-form-urlencoded", "multipart/form-data")

Contract = Mapping[str, Any]


def read_contract() -> Contract:
    """Return the contract as it stands."""
    document: Contract = yaml.safe_load((ROOT / CONTRACT).read_text(encoding="utf-8"))
    return document


def operations(contract: Contract) -> dict[str, tuple[Contract, Contract]]:
    """Return each operation by its name, with the path that it is one of."""
    return {
        item[method]["operationId"]: (item, item[method])
        for item in contract["paths"].values()
        for method in METHODS
        if method in item
    }


def resolved(contract: Contract, node: Contract) -> Contract:
    """Return a node of the contract, or what it refers to."""
    found: Any = node
    while "$ref" in found:
        reference, found = found["$ref"], contract
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    return dict(found)


def keywords(contract: Contract, name: str) -> tuple[set[str], bool]:
    """Return the keywords of an operation's method, and whether it has a body of one value, which it may name freely.

    They are the parameters, but for headers and cookies, which the flow or the user sets, and the body's properties.
    """
    item, operation = operations(contract)[name]
    parameters = [resolved(contract, each) for each in [*item.get("parameters", []), *operation.get("parameters", [])]]
    wanted = {each["name"] for each in parameters if each["in"] in ("path", "query")}
    is_free = False
    for kind, media in resolved(contract, operation.get("requestBody", {})).get("content", {}).items():
        schema = resolved(contract, media.get("schema", {}))
        if "properties" in schema and ("json" in kind or kind in _OBJECT_BODIES):
            wanted |= set(schema["properties"]) - SET_BY_STREAMING
        else:
            is_free = is_free or schema.get("type") != "object"
    return wanted, is_free


def missing_methods(contract: Contract, client: type) -> list[str]:
    """Return what a client lacks of the contract, and has beyond it."""
    wanted = operations(contract)
    there = {name for name in vars(client) if not name.startswith("_")} - NO_OPERATIONS
    lacking = [
        f"{client.__name__}.{name}: in the contract, no such method; add it" for name in wanted if name not in there
    ]
    return lacking + [f"{client.__name__}.{name}: no operation of the contract" for name in sorted(there - set(wanted))]


def keyword_differences(contract: Contract, client: type) -> list[str]:
    """Return where a method's keywords are not its operation's."""
    found: list[str] = []
    for name in operations(contract):
        method = getattr(client, name, None)
        there = set(inspect.signature(method).parameters) - {"self"} if method else set[str]()
        wanted, is_free = keywords(contract, name)
        extra = sorted(there - wanted)
        different = sorted(wanted - there) + (extra[1:] if is_free else extra) if method else []
        found += [f"{client.__name__}.{name}: {each} is only in one of method and contract" for each in different]
    return found


def results(client: type, name: str) -> Iterator[type]:
    """Yield the generated classes that an operation's method returns, or will return, and those inside of them."""
    from pixigpt._generated import successes

    method = getattr(client, name, None)
    if method is not None:
        hints = [inspect.get_annotations(inspect.unwrap(method), eval_str=True)["return"]]
    else:
        hints = [each.hint for each in successes(import_module(f"pixigpt_api.api.pixigpt.{name}"))]
    seen: list[type] = []
    for hint in hints:
        _collect(hint, seen)
    if method is None:  # a list's own class is unwrapped
        seen = [cls for cls in seen if not cls.__name__.endswith("List")]
    yield from seen


def _collect(hint: object, seen: list[type]) -> None:
    from pixigpt._generated import fields_of, is_model

    for part in typing.get_args(hint):
        _collect(part, seen)
    if isinstance(hint, type) and is_model(hint) and hint not in seen and fields_of(hint):
        seen.append(hint)
        for field in fields_of(hint):
            _collect(field.hint, seen)


def missing_beside(contract: Contract, client: type) -> list[str]:
    """Return what the exports, the pages and the local server lack."""
    import pixigpt
    from pixigpt.testing._service import Service

    names = list(operations(contract))
    classes = list(dict.fromkeys(cls.__name__ for name in names for cls in results(client, name)))
    page = (ROOT / "docs/reference/models.md").read_text(encoding="utf-8").splitlines()
    table = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    return [
        *(f"pixigpt/__init__.py: export {cls}" for cls in classes if not hasattr(pixigpt, cls)),
        *(f"docs/reference/models.md: add `::: pixigpt.{cls}`" for cls in classes if f"::: pixigpt.{cls}" not in page),
        *(f"docs/index.md: add `{name}(...)` to the table of methods" for name in names if f"`{name}(" not in table),
        *(f"pixigpt/testing/_service.py: add the method {name}" for name in names if not hasattr(Service, name)),
        *(f"CHANGELOG.md: name {name}" for name in unnamed(contract)),
    ]


def unnamed(contract: Contract) -> list[str]:
    """Return the operations that are new since the last commit and that the changelog does not name."""
    done = subprocess.run(["git", "show", f"HEAD:{CONTRACT}"], cwd=ROOT, capture_output=True, check=False)  # noqa: S607  # git is on the PATH
    before = operations(yaml.safe_load(done.stdout)) if done.returncode == 0 else operations(contract)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return [name for name in operations(contract) if name not in before and f"`{name}" not in changelog]


def missing() -> list[str]:
    """Return all that is missing; the sync client is made from the async one, and no concern of the reader's."""
    from pixigpt import AsyncClient

    contract = read_contract()
    methods = missing_methods(contract, AsyncClient) + keyword_differences(contract, AsyncClient)
    return methods + missing_beside(contract, AsyncClient)


def main() -> int:
    """Print what is missing; return whether anything is."""
    try:
        lines = missing()
    except ImportError as error:
        lines = [f"pixigpt cannot be imported: {error}"]
    for line in lines:
        print(f"  {line}")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
