"""What is committed belongs to no machine, no test file imports another, and CONTRIBUTING.md names every module."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_nothing_names_this_machine_or_a_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    told = re.compile(r"(/home/\w|/root/|/work/|files\.pythonhosted|pypi\.org|registry\.npmjs)")
    this = "tests/test_repository.py"
    assert [name for name in tracked if name != this and told.search((ROOT / name).read_text(encoding="utf-8"))] == []


def imports_of_tests(source: str) -> set[str]:
    """Return the test files and conftests that a source imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if any(re.match("test_|conftest$", part) for part in name.split("."))}


@pytest.mark.parametrize(
    "line", ["import test_pool", "from test_pool import f", "from conftest import f", "from hostile import test_fuzz"]
)
def test_an_import_of_a_test_file_is_found(line: str) -> None:
    assert imports_of_tests(line)


def test_nothing_is_imported_from_a_test_file() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert {path.name: found for path in tests if (found := imports_of_tests(path.read_text(encoding="utf-8")))} == {}


def modules_named(text: str) -> set[str]:
    """Return the modules that the tables of a text name; a folder holds for the names behind it in its row."""
    found: set[str] = set()
    for line in text.splitlines():
        folder = ""
        for path in re.findall(r"`([\w/]+(?:/|\.py))`", line if line.startswith("| `") else ""):
            folder = path.rpartition("/")[0] or folder
            if path.endswith(".py"):
                found.add(f"{folder}/{path.rpartition('/')[2]}".removeprefix("/"))
    return found


def test_contributing_names_every_module_and_no_other() -> None:
    package = ROOT / "pixigpt"
    there = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if path.name != "__init__.py"}
    assert modules_named((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")) == there
