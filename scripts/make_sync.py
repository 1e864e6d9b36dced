"""Make the sync modules from the async ones, line by line; a rule that matches no line is an error."""

import re
import subprocess
import sys
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pixigpt"

Rules = tuple[tuple[str, str], ...]


@frozen
class Made:
    """A sync module, the async one that it is made from, and the rules that it has beside the common ones."""

    source: str
    output: str
    rules: Rules = ()


# What is replaced in each line, in this order, a module's own rules first.
COMMON: Rules = (
    (r"\bAsync(BaseTransport|ChatCompletionStream|Iterator|OpenResponse|ResponseStream|Transport)\b", r"\1"),
    (r"\bAsync(BatchItems|Items|Vectors)\b", r"\1"),
    (r"\bbulk\._tasks import", "bulk._threads import"),
    (r"\bmay_be_async=True", "may_be_async=False"),
    (r"\b_async_driver import", "_driver import"),
    (r"\b_streams\.async_(\w+) import", r"_streams.\1 import"),
    (r"for the async client: ", "for the sync client: "),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\b__a(enter|exit|iter|next)__\b", r"__\1__"),
    (r"\baclose\b", "close"),
    (r"\[(\w+) async for \1 in ([\w.()]+)\]", r"list(\2)"),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\(await ((?:[^()]|\([^()]*\))*)\)(?=[.\[])", r"\1"),
    (r"\bawait ", ""),
    (r"\banext\(", "next("),
)
MADE = (
    Made(
        "async_client.py",
        "client.py",
        (
            (r"The asynchronous client, on asyncio and on trio:", "The synchronous client:"),
            (
                r"An async client of the PixiGPT API, safe to share between tasks",
                "A client of the PixiGPT API, thread-safe",
            ),
            (r"\bAsync(BorrowedTransport|Client)\b", r"\1"),
            (r"AsyncHints", "SyncHints"),
            (r"\b(open|given|set)_async_(pool|transport|httpx_client)\b", r"\1_\2"),
            (r"\b_async_driver as driver", "_driver as driver"),
            (r"_async_driver import (.*)  # .*", r"_driver import \1  # as late as in the async client"),
            (r"tools\._async_chat import", "tools._chat import"),
            (r"get_assistant\.asyncio\(", "get_assistant.sync("),
            (r"\bAsyncIterable, (?=Callable)", ""),
            (r" \| AsyncIterable\[\w+\]", ""),
            (r"\basync_batches\b", "batches"),
            (r"bulk\._async_run import", "bulk._run import"),
        ),
    ),
    Made("_streams/async_open_response.py", "_streams/open_response.py", ((r"_driver\.abort\(\)", "_driver.close()"),)),
    Made(
        "_streams/async_response_stream.py",
        "_streams/response_stream.py",
        (
            (r"^import anyio.*\n", ""),
            (r"await anyio\.open_file\(part, ", "part.open("),
            (r"await anyio\.to_thread\.run_sync\(part\.replace, path\)", "part.replace(path)"),
            (r"  # as fast as it gets, .*", ""),
        ),
    ),
    Made(
        "bulk/_async_run.py",
        "bulk/_run.py",
        (
            (r"^from pixigpt\.bulk\._async_help import .*", "from pixigpt._checks import not_awaitable"),
            (r"await in_thread\(partial\(batch\.open, resume=resume\)\)", "batch.open(resume=resume)"),
            (r"Rows\((batch\.prompts\(\))\)", r"\1"),
            (r"await awaited\((.*)\)", r'not_awaitable("on_progress", \1)'),
            (r"\baclosing\b", "closing"),
        ),
    ),
    Made(
        "tools/_async_chat.py",
        "tools/_chat.py",
        (
            (r"\bAwaitable, ", ""),
            (r"\bAwaitable\[(\w+)\]", r"\1"),
        ),
    ),
    Made("_streams/async_chat_stream.py", "_streams/chat_stream.py", ((r"_AsyncTexts", "_Texts"),)),
)


class UnusedRuleError(Exception):
    """A rule matches no line: it is out of date, or misspelled."""


def sync_sources(all_made: tuple[Made, ...] = MADE, common: Rules = COMMON) -> dict[Path, str]:
    """Return what each sync module should hold, not yet formatted, by its path."""
    sources: dict[Path, str] = {}
    used: set[str] = set()
    unused: list[str] = []
    for made in all_made:
        header = f"# Made from {made.source} by `make generate`: edit that file instead.\n"
        source, found = _replaced((PACKAGE / made.source).read_text(encoding="utf-8"), (*made.rules, *common))
        sources[PACKAGE / made.output] = header + source
        unused += [f"{pattern} ({made.output})" for pattern, _ in made.rules if pattern not in found]
        used |= found
    if unused := [*unused, *(pattern for pattern, _ in common if pattern not in used)]:
        raise UnusedRuleError(f"scripts/make_sync.py: these rules match no line: {', '.join(unused)}")
    return sources


def _replaced(source: str, rules: Rules) -> tuple[str, set[str]]:
    """Return a source with the rules applied, and the patterns that matched."""
    used: set[str] = set()
    lines: list[str] = []
    for line in source.splitlines(keepends=True):
        made = line
        for pattern, replacement in rules:
            made, count = re.subn(pattern, replacement, made)
            if count:
                used.add(pattern)
        lines.append(made)
    return "".join(lines), used


def make_sync() -> dict[Path, str]:
    """Return what each sync module should hold, formatted as the project is, since some lines now fit on one."""
    return {path: _formatted(path, source) for path, source in sync_sources().items()}


def _formatted(path: Path, source: str) -> str:
    ruff: list[str | Path] = [Path(sys.executable).parent / "ruff", "--quiet"]
    for command in (["check", "--select=I", "--fix"], ["format"]):
        done = subprocess.run(
            [*ruff, *command, "--stdin-filename", path, "-"], input=source, text=True, capture_output=True, check=True
        )
        source = done.stdout
    return source


def write() -> None:
    """Write each sync module."""
    for path, source in make_sync().items():
        path.write_text(source, encoding="utf-8")


if __name__ == "__main__":
    write()
