"""Imports run one way and load little, and private names of other packages stand in one module.

Each rule is shown to fail on sources that are broken on purpose.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

import pixigpt
import pixigpt_api

Sources = Mapping[str, str]

# Each imports the next one, directly or not; that none imports one before it follows, since there are no cycles.
CHAINS = [
    ["pixigpt.client", "pixigpt._flow", "pixigpt._endpoint", "pixigpt_api"],
    ["pixigpt.async_client", "pixigpt._flow", "pixigpt._endpoint", "pixigpt_api"],
]
# What a package or module may import of ours, beside itself.
ALLOWED = {
    "pixigpt._transport": {"pixigpt._checks", "pixigpt._fork"},
    "pixigpt.middleware": {
        "pixigpt._access",
        "pixigpt._checks",
        "pixigpt._endpoint",
        "pixigpt._readable",
        "pixigpt._request_body",
        "pixigpt._response",
        "pixigpt._result",
        "pixigpt._steps",
        "pixigpt.errors",
        "pixigpt_api",
    },  # what a call is made of, not how it runs
    "pixigpt.otel": {
        "pixigpt._checks",
        "pixigpt._settings",
        "pixigpt._version",
        "pixigpt.errors",
        "pixigpt.middleware._observe",
        "pixigpt.middleware._request",
        "pixigpt.middleware._response",
    },
    "pixigpt._checks": set[str](),
    "pixigpt._fork": set[str](),
    "pixigpt.errors": {"pixigpt_api", "pixigpt._tool_run"},  # a run's error has the run
    "pixigpt._tool_run": {"pixigpt_api"},
    "pixigpt.cli": {
        "pixigpt",
        "pixigpt.bulk",
        "pixigpt.testing.__main__",
        "pixigpt_api",
    },  # what any user of the package may import
    "pixigpt.testing": {
        "pixigpt",
        "pixigpt._checks",
        "pixigpt.errors",
        "pixigpt_api",
    },  # it calls its upstream as users do
    "pixigpt_api": set[str](),
}
# What stands on top of the call: only the clients, what shows them, and one another import these.
CAPABILITIES = (
    "pixigpt._ask",
    "pixigpt._streams",
    "pixigpt._wait",
    "pixigpt.bulk",
    "pixigpt.cli",
    "pixigpt.distributed",
    "pixigpt.otel",
    "pixigpt.ray",
    "pixigpt.testing",
    "pixigpt.tools",
)
ABOVE_THE_CALL = {"pixigpt", "pixigpt.__main__", "pixigpt.async_client", "pixigpt.client"}
INTERNALS = "pixigpt._transport.internals"
PRIVATE = re.compile(r"_[A-Za-z]\w*")
PRIVATE_PATH = re.compile(r"[A-Za-z]\w*(\.\w+)*\._[A-Za-z]\w*(\.\w+)*")


def sources(package: Path) -> dict[str, str]:
    """Return the source of each module of a package, by the module's name."""
    found: dict[str, str] = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    return found


OURS = sources(Path(pixigpt.__file__).parent)
GENERATED = sources(Path(pixigpt_api.__file__).parent)


@cache
def nodes(source: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source)))


def is_inside(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def is_capability(name: str) -> bool:
    return any(is_inside(name, each) for each in CAPABILITIES)


def is_ours(name: str) -> bool:
    return is_inside(name, "pixigpt") or is_inside(name, "pixigpt_api")


def imported(module: str, source: str, *, is_package: bool = False) -> Iterator[str]:
    """Yield each name that a module imports, with its full path: at the top, in a function, or for types alone."""
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: -node.level + is_package or None]
                base = ".".join([*parents, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def arrows(modules: Sources) -> dict[str, set[str]]:
    """Return which of our modules each of them imports; all of `pixigpt_api` counts as one."""
    packages = {name.rpartition(".")[0] for name in modules}
    found: dict[str, set[str]] = {}
    for module, source in modules.items():
        targets = found[module] = set[str]()
        for name in imported(module, source, is_package=module in packages):
            if is_inside(name, "pixigpt_api"):
                targets.add("pixigpt_api")
            elif is_ours(name):
                targets.add(name if name in modules else name.rpartition(".")[0])
        targets.discard(module)
    return found


def reachable(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    found, left = set[str](), [start]
    while left:
        for target in graph.get(left.pop(), set[str]()) - found:
            found.add(target)
            left.append(target)
    return found


def misplaced_imports(modules: Sources) -> set[str]:
    """Return each arrow that runs the wrong way, and each that is missing."""
    graph = arrows(modules)
    found: set[str] = set()
    for owner, allowed in ALLOWED.items():
        for module, targets in graph.items():
            if is_inside(module, owner):
                found |= {f"{module} imports {each}" for each in targets - allowed if not is_inside(each, owner)}
    for module in graph.keys() - ABOVE_THE_CALL:
        if not is_capability(module):
            found |= {f"{module} imports {each}" for each in graph[module] if is_capability(each)}
    for chain in CHAINS:
        for upper, lower in pairwise(chain):
            if lower not in reachable(upper, graph):
                found.add(f"{upper} does not import {lower}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.add(f"a cycle: {', '.join(sorted(set(error.args[1])))}")
    return found


@cache
def defined(source: str) -> set[str]:
    """Return each name that a module defines: functions, classes, fields, variables, attributes of `self`."""
    return set(definitions(source))


def definitions(source: str) -> Iterator[str]:
    for node in nodes(source):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def used(module: str, source: str) -> Iterator[str]:
    """Yield each private name that a module uses: as an attribute, in getattr() and the like, or in an import."""
    for node in nodes(source):
        match node:
            case ast.Attribute(attr=name) if PRIVATE.fullmatch(name):
                yield name
            case ast.Call(func=ast.Name(id="getattr" | "setattr" | "hasattr" | "delattr") | ast.Name(id="attrgetter")):
                named = [each.value for each in node.args if isinstance(each, ast.Constant)]
                yield from (name for name in named if isinstance(name, str) and PRIVATE.fullmatch(name))
            case ast.Constant(value=str(path)) if PRIVATE_PATH.fullmatch(path) and not is_ours(path):
                yield path
            case _:
                pass
    yield from (name for name in imported(module, source) if PRIVATE_PATH.fullmatch(name))


def private_names_of_others(modules: Sources) -> set[str]:
    """Return each use, outside `internals`, of a private name that no module of ours defines."""
    own = {name for source in modules.values() for name in defined(source)}
    return {
        f"{module} uses {name}"
        for module, source in modules.items()
        if is_inside(module, "pixigpt") and module != INTERNALS
        for name in used(module, source)
        if name not in own and not is_ours(name)
    }


def changed(module: str, line: str) -> Sources:
    """Return our sources with a line more in one module."""
    return {**OURS, **GENERATED, module: f"{({**OURS, **GENERATED})[module]}\n{line}\n"}


def test_imports_run_one_way() -> None:
    assert misplaced_imports({**OURS, **GENERATED}) == set()


@pytest.mark.parametrize(
    ("module", "line", "violation"),
    [
        ("pixigpt._transport.pool", "from pixigpt._steps import Send", "pool imports pixigpt._steps"),
        ("pixigpt._transport.slots", "import pixigpt.errors", "slots imports pixigpt.errors"),
        ("pixigpt._transport.routes", "from .._settings import Settings", "routes imports pixigpt._settings"),
        ("pixigpt._transport.routes", "from pixigpt_api.models import Run", "routes imports pixigpt_api"),
        ("pixigpt._transport", "from .. import _flow", "pixigpt._transport imports pixigpt._flow"),
        ("pixigpt._checks", "from pixigpt import errors", "pixigpt._checks imports pixigpt.errors"),
        ("pixigpt.errors", "from pixigpt import _retry", "pixigpt.errors imports pixigpt._retry"),
        ("pixigpt.errors", "def late():\n    from pixigpt import Client", "pixigpt.errors imports pixigpt"),
        ("pixigpt.middleware._chain", "from pixigpt._settings import Settings", "_chain imports pixigpt._settings"),
        ("pixigpt._flow", "from pixigpt._streams.sse import Event", "_flow imports pixigpt._streams.sse"),
        ("pixigpt._flow", "from pixigpt._wait import WaitOptions", "_flow imports pixigpt._wait"),
        ("pixigpt._settings", "def late():\n    import pixigpt.otel", "_settings imports pixigpt.otel"),
        ("pixigpt._endpoint", "from pixigpt._flow import call_flow", "a cycle: pixigpt._endpoint, pixigpt._flow"),
        ("pixigpt._flow", "import pixigpt.client", "pixigpt.client"),
        ("pixigpt_api.models.run", "from pixigpt import Client", "pixigpt_api.models.run imports pixigpt"),
    ],
)
def test_an_import_that_runs_the_other_way_is_named(module: str, line: str, violation: str) -> None:
    assert any(violation in each for each in misplaced_imports(changed(module, line)))


def test_a_layer_that_is_passed_by_is_named() -> None:
    assert misplaced_imports({**OURS, **GENERATED, "pixigpt._endpoint": ""}) == {
        "pixigpt._endpoint does not import pixigpt_api"
    }


def test_only_internals_uses_private_names_of_other_packages() -> None:
    assert private_names_of_others({**OURS, **GENERATED}) == set()
    assert private_names_of_others({**OURS, "pixigpt.other": OURS[INTERNALS]})  # were it any other module


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import anyio._backends._asyncio", "anyio._backends._asyncio"),
        ("from anyio._core import _sockets", "anyio._core._sockets"),
        ("from httpx import _models", "httpx._models"),
        ("def close(transport): transport._mounts.clear()", "_mounts"),
        ("def give(transport): transport._pool = None", "_pool"),
        ("def state(it): return getattr(it, '_h11_state', None)", "_h11_state"),
        ("def has(it): return hasattr(it, '_h11_state')", "_h11_state"),
        ("def load(): return import_module('anyio._core')", "anyio._core"),
    ],
)
def test_a_private_name_of_another_package_is_named(line: str, name: str) -> None:
    assert private_names_of_others(changed("pixigpt._driver", line)) == {f"pixigpt._driver uses {name}"}


def test_importing_the_package_imports_nothing_that_hardly_any_call_needs() -> None:
    rare = {"dateutil", "starlette", "jsonschema", "yaml", "pixigpt._streams", "pixigpt.middleware", "opentelemetry"}
    code = f"import sys; from pixigpt import AsyncClient, Client; print({rare} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_new_client_has_imported_few_modules_of_the_sdk() -> None:
    code = (
        "import sys; from pixigpt import Client; Client('sk-test', 'http://127.0.0.1:1/v1').close();"
        "print(sum(name.startswith('pixigpt.') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 24  # of which each costs every program that starts: what a first call needs comes then
