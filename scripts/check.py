"""Everything that must hold before a commit, except the tests; each failure names the next step."""

import filecmp
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts import make_sync
from scripts.generate import CONTRACT, OUTPUT, ROOT, generate

BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def run(*command: str | Path) -> Callable[[], bool]:
    """Return a check that passes if a command does, and else shows what the command printed."""

    def check() -> bool:
        done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, text=True, capture_output=True, check=False)
        if done.returncode:
            print(done.stdout + done.stderr)
        return done.returncode == 0

    return check


def generated_in_step() -> bool:
    """Return whether the contract still makes exactly the code that is committed."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "pixigpt_api"
        generate(fresh)
        different = sorted(differences(OUTPUT, fresh))
    for line in different:
        print(f"  {line}")
    return not different


def sync_modules_in_step() -> bool:
    """Return whether the async modules still make exactly the sync ones that are committed."""
    try:
        fresh = make_sync.make_sync()
    except make_sync.UnusedRuleError as error:
        print(f"  {error}")
        return False
    different = [path for path, source in fresh.items() if source != path.read_text(encoding="utf-8")]
    for path in different:
        print(f"  {path.relative_to(ROOT)}")
    return not different


def differences(committed: Path, fresh: Path) -> set[str]:
    """Return how two folders differ, one line per file, in either direction."""
    ours, theirs = files(committed), files(fresh)
    found = {f"{name}: committed, but the contract does not make it" for name in ours - theirs}
    found |= {f"{name}: the contract makes it, but it is not committed" for name in theirs - ours}
    _, changed, unread = filecmp.cmpfiles(committed, fresh, sorted(ours & theirs), shallow=False)
    return found | {f"{name}: not what the contract makes" for name in [*changed, *unread]}


def files(folder: Path) -> set[str]:
    """Return the files below a folder, by their relative paths."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def workflows_are_sound() -> bool:
    """Return whether the workflows have the right form, and no weakness that zizmor knows."""
    schema = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    return schema() and run("zizmor", "--offline", "--no-progress", ".github")()


CHECKS: list[tuple[str, Callable[[], bool], str]] = [
    ("format", run("ruff", "format", "--check", "."), "run `.venv/bin/ruff format .`"),
    ("lint", run("ruff", "check", "."), "fix what is named above; `.venv/bin/ruff check --fix .` fixes some of it"),
    ("contract", run("openapi-spec-validator", CONTRACT), "fix openapi/pixigpt.yaml where it says"),
    ("generated code", generated_in_step, "run `make generate` and commit generated/; never edit it by hand"),
    ("sync modules", sync_modules_in_step, "edit the async one, run `make generate` and commit the sync one"),
    ("workflows", workflows_are_sound, "fix .github/ where it says"),
    ("mypy", run("mypy"), "fix the types named above"),
    ("pyright", run("pyright"), "fix the types named above"),
    ("operations", run("python", "-m", "scripts.operations"), "do what is named above, line by line"),
    ("build", run("python", "-m", "build", "--outdir", ".venv/dist"), "fix pyproject.toml"),
]


def main() -> int:
    """Run every check; return how many failed."""
    failed = 0
    for name, check, next_step in CHECKS:
        passed = check()
        failed += not passed
        print(f"{name}: ok" if passed else f"{name}: FAILED. Next: {next_step}.", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
