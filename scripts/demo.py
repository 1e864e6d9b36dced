"""Run every example, and five commands, against a local server, as a user would run them against the real service."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from pixigpt.testing import LocalServer

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
COMMANDS = (
    "pixigpt ask 'What is the capital of France?'",
    "pixigpt ask 'And of Italy?' --json",
    "pixigpt assistants list",
    "pixigpt ocr https://example.com/stop-sign.png",
    "pixigpt call create_thread",
)


def main() -> int:
    """Run the examples and the commands; return how many fail."""
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
        for command in COMMANDS:
            print(f"\n$ {command}", flush=True)
            arguments = shlex.split(command)[1:]
            failed += (
                subprocess.run([sys.executable, "-m", "pixigpt", *arguments], env=environment, check=False).returncode
                != 0
            )
    print(f"\n{failed} of the examples failed." if failed else "\nAll examples and commands ran.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
