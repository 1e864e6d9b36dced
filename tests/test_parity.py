"""The clients have exactly the contract's operations and keywords, and one is made from the other.

Each proof is shown to fail on a copy that is broken on purpose.
"""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
from attrs import evolve

import pixigpt
from pixigpt import AsyncClient, Client
from pixigpt._leniency import NEVER_EMPTY
from pixigpt.testing._contract import contract
from scripts import make_sync, operations
from scripts.operations import keyword_differences, keywords, missing, missing_methods


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_each_client_has_exactly_the_contracts_operations(client: type) -> None:
    assert missing_methods(contract(), client) == []


def test_a_missing_and_an_extra_method_are_named() -> None:
    broken = type("Broken", (), {**vars(Client), "create_poem": None})
    delattr(broken, "get_run")
    named = {line.split(":")[0] for line in missing_methods(contract(), broken)}
    assert named == {"Broken.get_run", "Broken.create_poem"}


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_each_methods_keywords_are_its_operations(client: type) -> None:
    assert keyword_differences(contract(), client) == []


def test_a_missing_keyword_is_named() -> None:
    def create_run(self: object, thread_id: str, assistant: str) -> None: ...

    broken = type("Broken", (Client,), {"create_run": create_run})
    named = {line.split(": ")[1].split(" ")[0] for line in keyword_differences(contract(), broken)}
    assert named == {"assistant", "assistant_id", "enable_thinking", "max_tokens", "temperature"}


def test_no_operation_lacks_anything_in_this_repository() -> None:
    assert missing() == []


def body(kind: str, schema: object) -> dict[str, Any]:
    return {"content": {kind: {"schema": schema}}}


FORM = {"type": "object", "properties": {"file": {}, "purpose": {}}}
KINDS: list[tuple[dict[str, Any], set[str], bool]] = [
    ({}, {"thread_id"}, False),
    ({"requestBody": body("multipart/form-data", FORM)}, {"thread_id", "file", "purpose"}, False),
    ({"requestBody": body("application/vnd.x+json", FORM)}, {"thread_id", "file", "purpose"}, False),
    ({"requestBody": body("application/octet-stream", {"type": "string", "format": "binary"})}, {"thread_id"}, True),
    ({"requestBody": body("application/json", {"type": "array"})}, {"thread_id"}, True),
    ({"requestBody": {"$ref": "#/components/requestBodies/None"}}, {"thread_id"}, False),
]


@pytest.mark.parametrize(("operation", "wanted", "is_free"), KINDS)
def test_an_operation_of_any_kind_has_keywords(operation: dict[str, Any], wanted: set[str], is_free: bool) -> None:
    header = {"name": "X-Team", "in": "header"}
    path = {
        "parameters": [{"$ref": "#/components/parameters/ThreadId"}],
        "post": {"operationId": "new", "parameters": [header], **operation},
    }
    components = {**contract()["components"], "requestBodies": {"None": {}}}
    assert keywords({"paths": {"/new": path}, "components": components}, "new") == (wanted, is_free)


def test_what_a_new_operation_lacks_is_named_in_the_order_of_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    item = contract()["paths"]["/threads"]
    paths = {**contract()["paths"], "/new": {"post": {**item["post"], "operationId": "create_new"}}}
    monkeypatch.setattr("scripts.operations.read_contract", lambda: {**contract(), "paths": paths})
    monkeypatch.setattr("pixigpt.Thread", pixigpt.Thread)
    module = import_module("pixigpt_api.api.pixigpt.create_thread")
    monkeypatch.setitem(sys.modules, "pixigpt_api.api.pixigpt.create_new", module)
    monkeypatch.setattr("pixigpt.__all__", [name for name in pixigpt.__all__ if name != "Moderation"])
    monkeypatch.delattr("pixigpt.Moderation", raising=False)  # it is there once somebody has used it
    assert missing() == [
        "AsyncClient.create_new: in the contract, no such method; add it",
        "pixigpt/__init__.py: export Moderation",
        "docs/index.md: add `create_new(...)` to the table of methods",
        "pixigpt/testing/_service.py: add the method create_new",
        "CHANGELOG.md: name create_new",
    ]


def test_a_package_that_cannot_be_imported_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pixigpt.testing._service", None)
    assert operations.main() == 1
    assert capsys.readouterr().out.startswith("  pixigpt cannot be imported: ")


def test_a_rule_that_matches_no_line_of_its_module_is_an_error() -> None:
    first, *rest = make_sync.MADE
    broken = evolve(first, rules=(*first.rules, ("no such line", "")))
    with pytest.raises(make_sync.UnusedRuleError, match=r"no such line \(client.py\)"):
        make_sync.sync_sources((broken, *rest))


def test_a_common_rule_that_matches_no_line_of_any_module_is_an_error() -> None:
    with pytest.raises(make_sync.UnusedRuleError, match=r"no such line$"):
        make_sync.sync_sources(common=(*make_sync.COMMON, ("no such line", "")))


def test_the_sync_modules_that_are_committed_are_made_from_the_async_ones() -> None:
    assert make_sync.make_sync() == {
        path: path.read_text() for path in (make_sync.PACKAGE / made.output for made in make_sync.MADE)
    }


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


def test_each_exported_name_is_what_the_type_checkers_see() -> None:
    tree = ast.parse(inspect.getsource(pixigpt))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    assert set(seen) == {*pixigpt.__all__}
    for name, module in seen.items():
        assert getattr(pixigpt, name) is getattr(import_module(str(module)), name)


def test_every_name_is_listed_before_it_is_loaded() -> None:
    assert {*pixigpt.__all__} <= {*dir(pixigpt)}


def test_the_package_is_loaded_on_first_use() -> None:
    code = (
        "import sys, pixigpt; print('httpx' in sys.modules, hasattr(pixigpt, 'nope'), 'httpx' in sys.modules);"
        "print(pixigpt.errors.APIError.__name__, pixigpt.Client.__name__, 'pixigpt.async_client' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False False\nAPIError Client False\n"
