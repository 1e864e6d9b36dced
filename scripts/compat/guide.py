"""MIGRATING.md is run: each old snippet with 0.1.5, the new one beside it with this version; both print the same."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pixigpt.testing import LocalServer
from scripts.compat.worker import Check, last_line, run
from scripts.environments import ROOT

GUIDE = ROOT / "MIGRATING.md"
_PART = re.compile(
    r"^## (?P<title>.+?)$|^```python title=\"(?P<age>old|new)\"\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


@dataclass(frozen=True)
class Pair:
    """The same done with 0.1.5 and with this version."""

    title: str
    old: str
    new: str


def pairs() -> list[Pair]:
    """Return the pairs of snippets; ValueError where one stands alone."""
    title, old = "", ""
    found: list[Pair] = []
    for part in _PART.finditer(GUIDE.read_text(encoding="utf-8")):
        title = part["title"] or title
        if part["age"] and (part["age"] == "new") != bool(old):
            raise ValueError(f"{GUIDE.name}, {title}: an old snippet and a new one make a pair")
        if part["age"] == "new":
            found.append(Pair(title, old, part["code"]))
        old = part["code"] if part["age"] == "old" else old if part["title"] else ""
    return found


def guide_checks(python: Path, server: LocalServer) -> Iterator[Check]:
    """Yield whether each pair prints the same, and whether every public name of 0.1.5 is told of."""
    for number, pair in enumerate(pairs(), 1):
        yield Check(GUIDE.name, f"pair {number}, {pair.title}", _difference(pair, python, server))
    yield Check(GUIDE.name, "tells of every public name of 0.1.5", ", ".join(_untold(python, server)))


def _difference(pair: Pair, python: Path, server: LocalServer) -> str:
    printed: list[str] = []
    for name, interpreter, code in (("old", python, pair.old), ("new", Path(sys.executable), pair.new)):
        server.reset()
        done = run(interpreter, "snippet.py", server, code)
        if done.returncode or not done.stdout:
            return f"the {name} snippet: {last_line(done)}"
        printed.append(done.stdout)
    old, new = printed
    return "" if old == new else f"the old snippet prints {old!r}, the new one {new!r}"


def _untold(python: Path, server: LocalServer) -> list[str]:
    done = run(python, "public_names.py", server)
    names = done.stdout.split()
    told = set(re.findall(r"\w+", " ".join(_CODE.findall(GUIDE.read_text(encoding="utf-8")))))
    return [name for name in names if name not in told] if names else [last_line(done)]
