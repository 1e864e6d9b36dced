"""Make `pixigpt/client.py` from `pixigpt/async_client.py`, line by line; a rule that matches no line is an error."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "pixigpt" / "async_client.py"
OUTPUT = ROOT / "pixigpt" / "client.py"
HEADER = "# Made from async_client.py by `make generate`: edit that file instead.\n"

# What is replaced, in this order, in each line.
RULES: list[tuple[str, str]] = [
    (r"The asynchronous client, on asyncio and on trio:", "The synchronous client:"),
    (r"An async client of the PixiGPT API, safe to share between tasks", "A client of the PixiGPT API, thread-safe"),
    (r"AsyncClient\b", "Client"),
    (r"AsyncHints", "SyncHints"),
    (r"AsyncBorrowedTransport", "BorrowedTransport"),
    (r"AsyncResponseStream", "ResponseStream"),
    (r"_async_stream import", "_stream import"),
    (r"AsyncBaseTransport", "BaseTransport"),
    (r"\b(open|given|set)_async_(pool|transport|httpx_client)\b", r"\1_\2"),
    (r"_async_driver import (.*)  # .*", r"_driver import \1  # as late as in the async client"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\baclose\b", "close"),
    (r"get_assistant\.asyncio\(", "get_assistant.sync("),
    (r"\basync (def|with) ", r"\1 "),
    (r"\(await ((?:[^()]|\([^()]*\))*)\)(?=[.\[])", r"\1"),
    (r"\bawait ", ""),
]


class UnusedRuleError(Exception):
    """A rule matches no line: it is out of date, or misspelled."""


def sync_source(source: str, rules: list[tuple[str, str]] = RULES) -> str:
    """Turn the async client's source into the sync client's, not yet formatted."""
    unused = {pattern for pattern, _ in rules}
    lines: list[str] = []
    for line in source.splitlines(keepends=True):
        made = line
        for pattern, replacement in rules:
            made, count = re.subn(pattern, replacement, made)
            if count:
                unused.discard(pattern)
        lines.append(made)
    if unused:
        raise UnusedRuleError(f"scripts/make_sync.py: these rules match no line: {', '.join(sorted(unused))}")
    return HEADER + "".join(lines)


def make_sync() -> str:
    """Return what `client.py` should hold, formatted as the project is, since some lines now fit on one."""
    ruff: list[str | Path] = [Path(sys.executable).parent / "ruff", "--quiet"]
    made = sync_source(SOURCE.read_text(encoding="utf-8"))
    for command in (["check", "--select=I", "--fix"], ["format"]):
        done = subprocess.run(
            [*ruff, *command, "--stdin-filename", OUTPUT, "-"], input=made, text=True, capture_output=True, check=True
        )
        made = done.stdout
    return made


if __name__ == "__main__":
    OUTPUT.write_text(make_sync(), encoding="utf-8")
