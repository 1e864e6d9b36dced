"""The clients have exactly the contract's operations and keywords, and one is made from the other.

Each proof is shown to fail on a copy that is broken on purpose.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import pytest

import pixigpt
from pixigpt import AsyncClient, Client
from pixigpt._shape import NEVER_EMPTY
from pixigpt.testing._contract import contract, operations
from scripts import make_sync

# What a client has beside the contract's operations.
NO_OPERATIONS = {"call", "close", "aclose", "raw", "wait_for_run", "with_options"}


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


def test_a_rule_that_matches_no_line_of_the_async_client_is_an_error() -> None:
    rules = [*make_sync.RULES, ("no such line", "")]
    with pytest.raises(make_sync.UnusedRuleError, match="no such line"):
        make_sync.sync_source(make_sync.SOURCE.read_text(), rules)


def test_the_sync_client_that_is_committed_is_made_from_the_async_one() -> None:
    assert make_sync.make_sync() == make_sync.OUTPUT.read_text()


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
