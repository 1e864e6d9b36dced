"""Run every example, and five commands, against a local server, as a user would run them against the real service."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
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


def programs() -> Iterator[tuple[str, list[str | Path]]]:
    """Yield the title of each example and of each command, and what Python is given to run it."""
    for example in sorted(EXAMPLES.glob("*.py")):
        summary = example.read_text(encoding="utf-8").split('"""')[1]
        yield f"== examples/{example.name}: {summary}", [example]
    for command in COMMANDS:
        yield f"$ {command}", ["-m", *shlex.split(command)]


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
        for title, program in programs():
            print(f"\n{title}", flush=True)
            done = subprocess.run([sys.executable, *program], env=environment, check=False)
            failed += done.returncode != 0
    print(f"\n{failed} of the examples failed." if failed else "\nAll examples and commands ran.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
