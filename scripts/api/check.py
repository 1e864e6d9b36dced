"""Check that nothing of the last release breaks, in the public names or in the contract, unless the version says so."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.api.contract import contract_breaks
from scripts.api.names import public_breaks

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACT = "openapi/pixigpt.yaml"
VERSION = "pixigpt/_version.py"

Version = tuple[int, int, int]


def git(root: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run git in a repository."""
    command = ["git", "-C", root, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def version(text: str) -> Version | None:
    """Return the first three numbers of a version or of its tag; None of what is neither."""
    numbers = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", text.strip())
    return (int(numbers[1]), int(numbers[2]), int(numbers[3])) if numbers else None


def stated_version(root: Path) -> Version:
    """Return the version that a tree states."""
    stated = re.search(r'__version__ = "(\d+\.\d+\.\d+)', (root / VERSION).read_text(encoding="utf-8"))
    found = version(stated[1]) if stated else None
    if found is None:
        raise SystemExit(f'FAILED: {VERSION} states no version: write `__version__ = "X.Y.Z"`')
    return found


def last_tag(root: Path, ours: Version) -> Version | None:
    """Return the last release up to our version: a branch that fixes an old one is not held against newer ones."""
    tags = (version(line) for line in git(root, "tag", "--list", "v*").stdout.splitlines())
    return max((tag for tag in tags if tag and tag <= ours), default=None)


def tag_name(tag: Version) -> str:
    """Return the tag of a version."""
    return "v" + ".".join(map(str, tag))


def allows(tag: Version, ours: Version) -> bool:
    """Return whether a version may break what its last release promised, under SemVer."""
    return ours[0] > tag[0] or (tag[0] == 0 and ours[:2] > tag[:2])


def unpack(root: Path, tag: Version, folder: Path) -> Path:
    """Return the tree of a tag, in a folder; the repository gets no worktree and no branch."""
    archive = folder / "tree.zip"
    done = git(root, "archive", "--format=zip", "--output", archive, tag_name(tag))
    if done.returncode:
        raise SystemExit(f"FAILED: git cannot read {tag_name(tag)}: {done.stderr.strip()}. Next: `git fetch --tags`.")
    shutil.unpack_archive(archive, folder / "tree")
    return folder / "tree"


def contract(root: Path) -> Mapping[str, Any]:
    """Return a tree's contract; an empty one where there is none."""
    path = root / CONTRACT
    document: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return document


def breaks(old: Path, new: Path) -> list[str]:
    """Return a line for each break between two trees."""
    names = [f"name: {line}" for line in public_breaks(old, new)]
    return names + [f"contract: {line}" for line in contract_breaks(contract(old), contract(new))]


def verdict(tag: Version, ours: Version, found: list[str]) -> int:
    """Print the breaks, each with what to do; return the number of those that the version does not allow."""
    if not found:
        print(f"nothing of {tag_name(tag)} breaks")
        return 0
    if allows(tag, ours):
        print("\n".join(found))
        print(f"Breaks since {tag_name(tag)} that {tag_name(ours)} allows: {len(found)}. Tell of each in CHANGELOG.md.")
        return 0
    number, least = ("first", (tag[0] + 1, 0, 0)) if tag[0] else ("second", (0, tag[1] + 1, 0))
    raised = f"raise the version's {number} number ({tag_name(least)[1:]} in {VERSION})"
    for line in found:
        print(f"{line}. Next: keep it, or {raised} and tell of it in CHANGELOG.md.")
    print(f"FAILED: breaks since {tag_name(tag)} that {tag_name(ours)} does not allow: {len(found)}")
    return len(found)


def main(root: Path = ROOT) -> int:
    """Compare a working tree with its last release; return 1 if something breaks that must not."""
    ours = stated_version(root)
    tag = last_tag(root, ours)
    if tag is None:
        print(f"there is no tag yet: nothing to compare with; the first release is tagged {tag_name(ours)}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = breaks(unpack(root, tag, Path(folder)), root)
    return int(verdict(tag, ours, found) > 0)


if __name__ == "__main__":
    sys.exit(main())
