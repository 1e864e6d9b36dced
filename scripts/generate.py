"""Make what is generated: `generated/pixigpt_api` from the contract, and the sync modules from the async ones."""

import importlib.resources
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts import make_sync

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "generated" / "pixigpt_api"
CONTRACT = ROOT / "openapi" / "pixigpt.yaml"
CONFIG = ROOT / "openapi" / "generator.yaml"


def generate(output: Path, contract: Path = CONTRACT, config: Path = CONFIG) -> None:
    """Write the low-level client to a folder, replacing what is there."""
    tools = Path(sys.executable).parent
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [
        tools / "openapi-python-client",
        "generate",
        "--meta",
        "none",
        "--fail-on-warning",
        "--overwrite",
    ]
    command += ["--path", contract, "--config", config]
    with tempfile.TemporaryDirectory() as folder:
        command += ["--custom-template-path", _templates(Path(folder)), "--output-path", output]
        # The generator finds ruff by PATH.
        environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"}
        subprocess.run(command, env=environment, check=True)
    shutil.copyfile(contract, output / "openapi.yaml")
    (output / "py.typed").touch()


def _templates(folder: Path) -> Path:
    """Return our templates, with the generator's own beside them: an override may include what it overrides."""
    templates = shutil.copytree(ROOT / "openapi" / "templates", folder / "templates")
    own = Path(str(importlib.resources.files("openapi_python_client"))) / "templates"
    shutil.copytree(own, templates / "generator")
    return templates


if __name__ == "__main__":
    generate(OUTPUT)
    make_sync.write()
