"""What is committed belongs to no machine, and no test file imports another."""

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
