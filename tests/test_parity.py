"""Three proofs: contract == Client == AsyncClient; keywords == contract; async_client.py less its awaits == client.py.

Each is shown to fail on a copy that is broken on purpose.
"""

import ast
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import pixigpt
from pixigpt import AsyncClient, Client
from pixigpt._shape import NEVER_EMPTY
from pixigpt.testing._contract import contract, operations

# What a client has beside the contract's operations.
NO_OPERATIONS = {"call", "close", "aclose", "raw", "wait_for_run", "with_options"}
ASYNC_NAMES = {"AsyncClient": "Client", "aclose": "close", "asyncio": "sync"}
PACKAGE = Path(pixigpt.__file__).parent


def missing_methods(client: type) -> set[str]:
    """What a client lacks of the contract, and has beyond it."""
    wanted = {operation.name for operation in operations()}
    there = {name for name in vars(client) if not name.startswith("_")} - NO_OPERATIONS
    lacking = {f"{client.__name__}.{name}: in the contract, no such method; add it" for name in wanted - there}
    return lacking | {f"{client.__name__}.{name}: no operation of the contract" for name in there - wanted}


def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = node
    while "$ref" in found:
        reference, found = found["$ref"], contract()
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    return dict(found)


def contract_keywords(name: str) -> set[str]:
    """An operation's parameters and its body's properties; the flow itself sets header parameters."""
    operation = next(each for each in operations() if each.name == name)
    path = contract()["paths"][operation.path]
    item = path[operation.method.lower()]
    parameters = [resolved(each) for each in [*path.get("parameters", []), *item.get("parameters", [])]]
    keywords = {each["name"] for each in parameters if each["in"] != "header"}
    if "requestBody" in item:
        schema = resolved(item["requestBody"]["content"]["application/json"]["schema"])
        keywords |= set(schema.get("properties", {}))
    return keywords


def keyword_differences(client: type) -> set[str]:
    """Where a method's keywords are not its operation's."""
    found: set[str] = set()
    for operation in operations():
        keywords = set(inspect.signature(getattr(client, operation.name)).parameters) - {"self"}
        for name in keywords ^ contract_keywords(operation.name):
            found.add(f"{client.__name__}.{operation.name}: {name} is only in one of method and contract")
    return found


class WithoutAwait(ast.NodeTransformer):
    """Turns async code into its synchronous twin."""

    def visit_Await(self, node: ast.Await) -> ast.AST:
        return self.visit(node.value)  # type: ignore[no-any-return]  # ast's own visitor is untyped

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        twin = ast.FunctionDef(**{name: getattr(node, name) for name in ast.FunctionDef._fields if hasattr(node, name)})
        return self.visit_FunctionDef(ast.copy_location(twin, node))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = ASYNC_NAMES.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = ASYNC_NAMES.get(node.id, node.id)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            node.value = synchronous_text(node.value)
        return node


def synchronous_text(text: str) -> str:
    """A docstring with its example's awaits taken out."""
    text = re.sub(r"\(await ([^\n]*?\))\)", r"\1", text).replace("await ", "").replace("async with", "with")
    return re.sub(r"\b(AsyncClient|aclose|asyncio)\b", lambda match: ASYNC_NAMES[match.group()], text)


def methods(source: str) -> dict[str, str]:
    """The public methods of a module's client, in order, by name, as synchronous code."""
    tree = WithoutAwait().visit(ast.parse(source))
    client = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Client"))
    functions = [node for node in client.body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.unparse(node) for node in functions if not node.name.startswith("_")}


def colour_differences(sync_source: str, async_source: str) -> set[str]:
    """The methods that differ between the two clients."""
    sync, async_ = methods(sync_source), methods(async_source)
    found = {f"{name}: client.py and async_client.py differ" for name in sync if async_.get(name, "") != sync[name]}
    found |= {f"{name}: only in async_client.py" for name in async_.keys() - sync.keys()}
    return found or (set() if list(sync) == list(async_) else {"the methods stand in another order"})


@pytest.fixture
def sources() -> tuple[str, str]:
    return (PACKAGE / "client.py").read_text(), (PACKAGE / "async_client.py").read_text()


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_each_client_has_exactly_the_contracts_operations(client: type) -> None:
    assert missing_methods(client) == set()


def test_a_missing_and_an_extra_method_are_named() -> None:
    broken = type("Broken", (), {**vars(Client), "create_poem": None})
    delattr(broken, "get_run")
    assert {line.split(":")[0] for line in missing_methods(broken)} == {"Broken.get_run", "Broken.create_poem"}


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_each_methods_keywords_are_its_operations(client: type) -> None:
    assert keyword_differences(client) == set()


def test_a_missing_keyword_is_named() -> None:
    def create_run(self: object, thread_id: str, assistant: str) -> None: ...

    broken = type("Broken", (Client,), {"create_run": create_run})
    named = {line.split(": ")[1].split(" ")[0] for line in keyword_differences(broken)}
    assert named == {"assistant", "assistant_id", "enable_thinking", "max_tokens", "temperature"}


# `raw` makes an httpx client of its own colour, and closing is each colour's own.
COLOURED = ("raw", "close")


def test_the_async_client_without_awaits_is_the_sync_client(sources: tuple[str, str]) -> None:
    differences = colour_differences(*sources)
    assert {line for line in differences if not line.startswith(COLOURED)} == set()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("limit: int | None = 20", "limit: int | None = 10", "list_messages"),
        ("return await self.call(get_run, thread_id, run_id)", "return await self.call(get_run, run_id)", "get_run"),
        ('"""Fetch one thread.', '"""Fetch a thread.', "get_thread"),
        ("self.call(list_threads)).data", "self.call(list_threads)).data[:1]", "list_threads"),
        (">>> await client.delete_thread(thread.id)", ">>> await client.delete_thread(thread)", "delete_thread"),
        ("async def delete_assistant(", "async def remove_assistant(", "delete_assistant"),
    ],
)
def test_a_broken_async_method_is_named(sources: tuple[str, str], old: str, new: str, named: str) -> None:
    sync_source, async_source = sources
    broken = async_source.replace(old, new)
    found = {line.split(":")[0] for line in colour_differences(sync_source, broken)}
    if broken == async_source:
        pytest.fail(f"{old!r} is not in async_client.py: this test breaks nothing")
    assert named in found


def test_each_minimum_length_of_an_answers_list_is_checked() -> None:
    schemas = contract()["components"]["schemas"]
    found = {
        (name, field)
        for name, schema in schemas.items()
        for field, value in schema.get("properties", {}).items()
        if value.get("minItems") and not name.endswith("Request")
    }
    assert found == {(cls.__name__, field) for cls, field in NEVER_EMPTY}


def test_the_exported_names_are_sorted_and_complete() -> None:
    assert pixigpt.__all__ == sorted(pixigpt.__all__)
    assert all(hasattr(pixigpt, name) for name in pixigpt.__all__)
    public = {
        name for name in vars(pixigpt) if not name.startswith("_") and not inspect.ismodule(getattr(pixigpt, name))
    }
    assert public == set(pixigpt.__all__) - {"__version__"}
