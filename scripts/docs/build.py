"""Build the documentation into site/: the pages, with what is written from the API schema and drawn of a terminal."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.docs.pictures import write_pictures
from scripts.docs.schema import write_pages
from scripts.operations import read_contract

ROOT = Path(__file__).resolve().parent.parent.parent
SITE = ROOT / "site"


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


if __name__ == "__main__":
    write_pages(read_contract(), ROOT / "docs" / "schema")
    write_pictures(ROOT / "docs" / "assets" / "terminal")
    build_pages()
