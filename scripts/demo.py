"""Run every example against a local server, as a user would run it against the real service."""

import os
import subprocess
import sys
from pathlib import Path

from pixigpt.testing import LocalServer

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def main() -> int:
    """Run the examples; return how many fail."""
    failed = 0
    with LocalServer() as server:
        environment = {
            **os.environ,
            "PIXIGPT_API_KEY": server.api_key,
            "PIXIGPT_BASE_URL": server.base_url,
            "DEFAULT_ASSISTANT_ID": server.assistant_id,
        }
        for example in sorted(EXAMPLES.glob("*.py")):
            summary = example.read_text(encoding="utf-8").split('"""')[1]
            print(f"\n== examples/{example.name}: {summary}", flush=True)
            failed += subprocess.run([sys.executable, example], env=environment, check=False).returncode != 0
    print(f"\n{failed} of the examples failed." if failed else "\nAll examples ran.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
