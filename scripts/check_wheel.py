"""Build the wheel, install it into empty environments of every Python that is there, and use it as users would."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from packaging.requirements import Requirement

from scripts.environments import executable

ROOT = Path(__file__).resolve().parent.parent
TYPES = ROOT / "tests" / "types"
SMOKE = Path(__file__).with_name("smoke.py")
OLDEST = (3, 11)
SHIPPED = ("pixigpt/py.typed", "pixigpt_api/py.typed", "pixigpt_api/openapi.yaml", "pixigpt/testing/pytest_plugin.py")
USERS_TEST = "def test_app(pixigpt_client):\n    assert pixigpt_client.create_thread().id\n"


class CheckError(Exception):
    """Something does not hold; the text says what, and what to do."""


def run(*command: str | Path, cwd: Path | None = None, expected: int = 0) -> str:
    """Return what a command prints; raise CheckError if it ends otherwise than expected."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIXIGPT_"))}
    done = subprocess.run(
        [str(each) for each in command], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )
    if done.returncode != expected:
        raise CheckError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def pythons() -> dict[str, Path]:
    """Return every Python from the oldest that is supported, by its version: on the PATH, or installed by pyenv."""
    on_path = [shutil.which(f"python3.{minor}") for minor in range(OLDEST[1], 30)]
    installed = Path.home().glob(".pyenv/versions/*/bin/python")
    found: dict[str, Path] = {}
    for python in [Path(sys.executable), *installed, *(Path(name) for name in on_path if name)]:
        with suppress(CheckError):  # pyenv's stand-ins for versions that are not chosen do not start
            version = run(python, "-c", "import platform; print(platform.python_version())").strip()
            if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= OLDEST:
                found.setdefault(version, python)
    return found


def build(folder: Path) -> Path:
    """Return the wheel, which the sdist makes too, byte for byte."""
    run(sys.executable, "-m", "build", "--outdir", folder / "from-sdist", ROOT)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "from-tree", ROOT)
    (wheel,) = (folder / "from-tree").glob("*.whl")
    if contents(wheel) != contents(folder / "from-sdist" / wheel.name):
        raise CheckError("the sdist makes another wheel than the tree: look at tool.hatch.build in pyproject.toml")
    return wheel


def contents(wheel: Path) -> dict[str, str]:
    """Return a wheel's files, each with a hash of what is in it."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def check_contents(wheel: Path) -> None:
    """Check that nothing is missing, and that nothing but the two packages is in it."""
    names = contents(wheel)
    if missing := [name for name in SHIPPED if name not in names]:
        raise CheckError(f"the wheel lacks {missing}: add them to tool.hatch.build.targets.wheel")
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    if tops != {"pixigpt", "pixigpt_api"}:
        raise CheckError(f"the wheel holds {sorted(tops)}: only pixigpt and pixigpt_api belong there")
    print(f"{wheel.name}: {wheel.stat().st_size / 1024:.0f} KiB, {len(names)} files; the sdist makes the same")


def environment(folder: Path, python: Path, *requirements: str | Path) -> Path:
    """Return the Python of a new environment with nothing but some requirements."""
    run(python, "-m", "venv", folder)
    own = executable(folder)
    run(own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
    return own


def check_use(wheel: Path, folder: Path, python: Path) -> None:
    """Check that installed alone it works, and names its extras; with them, server, fixtures and command work."""
    own = environment(folder / "alone", python, wheel)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    run(own, "-W", "error", SMOKE, cwd=elsewhere)
    refusal = run(own, "-m", "pixigpt.testing", cwd=elsewhere, expected=1)
    if "pixigpt[testing]" not in refusal:
        raise CheckError(f"without the extra, `python -m pixigpt.testing` does not say what to install: {refusal}")
    command = own.with_name("pixigpt")
    if "pixigpt[cli]" not in (refusal := run(command, cwd=elsewhere, expected=2)):
        raise CheckError(f"without the extra, `pixigpt` does not say what to install: {refusal}")
    run(own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[testing,cli]", "pytest")
    run(command, "call", "--help", cwd=elsewhere)
    run(own, "-m", "pixigpt.testing", "--help", cwd=elsewhere)
    (elsewhere / "test_app.py").write_text(USERS_TEST, encoding="utf-8")
    run(own, "-m", "pytest", "-q", "-W", "error", cwd=elsewhere)


def lowest_versions() -> list[str]:
    """Return the run-time dependencies, each pinned to the lowest version that its bounds allow."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned: list[str] = []
    for requirement in map(Requirement, project["dependencies"]):
        bounds = [each.version for each in requirement.specifier if each.operator == ">="]
        if not bounds:
            raise CheckError(f"{requirement} has no lower bound: add one in pyproject.toml")
        pinned.append(f"{requirement.name}=={bounds[0]}")
    return pinned


def check_lowest(wheel: Path, folder: Path, python: Path) -> None:
    """Check that the wheel works with the lowest versions that its bounds allow."""
    own = environment(folder / "lowest", python, wheel, *lowest_versions())
    run(own, "-W", "error", SMOKE, cwd=folder / "elsewhere")


def check_types(wheel: Path, folder: Path) -> None:
    """Check that both type checkers accept the sample app and find each wrong use, nothing else."""
    own = environment(folder / "types", Path(sys.executable), wheel, "mypy", "pyright[nodejs]")
    for name in ("app.py", "wrong.py"):
        shutil.copy(TYPES / name, folder)
    app, wrong = folder / "app.py", folder / "wrong.py"
    wanted = {number for number, line in lines(wrong) if line.endswith("# wrong")}
    for name, found in (("mypy", mypy_lines), ("pyright", pyright_lines)):
        if unexpected := found(own, app):
            raise CheckError(f"{name} refuses tests/types/app.py at the lines {sorted(unexpected)}")
        if difference := found(own, wrong) ^ wanted:
            raise CheckError(f"{name} and tests/types/wrong.py differ at the lines {sorted(difference)}")
    asserted = sum("assert_type(" in line for _, line in lines(app))
    print(f"types: mypy and pyright accept {asserted} assert_type and refuse {len(wanted)} wrong uses")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield a file's lines with their numbers, from 1 up."""
    return enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)


def mypy_lines(python: Path, path: Path) -> set[int]:
    """Return the lines of a file that mypy --strict refuses."""
    command = [python, "-m", "mypy", "--strict", "--no-incremental", path.name]
    done = subprocess.run([*map(str, command)], cwd=path.parent, capture_output=True, text=True, check=False)
    return {int(number) for number in re.findall(rf"^{path.name}:(\d+): error", done.stdout, re.MULTILINE)}


def pyright_lines(python: Path, path: Path) -> set[int]:
    """Return the lines of a file that pyright refuses in its strict mode."""
    (path.parent / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    command = [python, "-m", "pyright", "--pythonpath", python, "--outputjson", path.name]
    done = subprocess.run([*map(str, command)], cwd=path.parent, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"}


def main() -> int:
    """Check all; return 1 if something does not hold."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            wheel = build(folder)
            check_contents(wheel)
            for version, python in pythons().items():
                (folder / version).mkdir()
                check_use(wheel, folder / version, python)
                check_lowest(wheel, folder / version, python)
                print(f"Python {version}: ok", flush=True)
            check_types(wheel, folder)
        except CheckError as error:
            print(f"FAILED: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
