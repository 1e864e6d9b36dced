"""Run the calls of other clients against our local server: pixigpt 0.1.5, OpenAI's SDK, and MIGRATING.md's snippets.

With --full also of the clients that take minutes to install: openai's JavaScript client, litellm, langchain-openai,
pydantic-ai and instructor. Each has an environment of its own, made at its first use; one that cannot be made is a
failure, unless --offline-ok is given.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from pixigpt.testing import LocalServer
from scripts.compat.guide import guide_checks
from scripts.compat.worker import Check, worker_checks
from scripts.environments import UnavailableError, python_of

OLD = "pixigpt-0.1.5"
Suite = tuple[str, str, Callable[[Path, LocalServer], Iterable[Check]]]

SUITES: list[Suite] = [
    ("pixigpt 0.1.5", OLD, partial(worker_checks, "with_pixigpt_0_1_5.py")),
    ("openai", "openai", partial(worker_checks, "with_openai.py")),
    ("MIGRATING.md", OLD, guide_checks),
]
MORE_SUITES: list[Suite] = [
    (name, name, partial(worker_checks, f"with_{name.replace('-', '_')}.py"))
    for name in ("openai-js", "litellm", "langchain-openai", "pydantic-ai", "instructor")
]


def checks(suites: Iterable[Suite], offline_ok: bool) -> Iterator[Check]:
    """Yield every check of every client; a client that cannot be installed is a failed one, unless allowed."""
    with LocalServer() as server:
        for name, client, suite in suites:
            try:
                python = python_of(client)
            except UnavailableError as error:
                reason = f"no environment with {client}: it {error}"
                yield Check(name, reason, None) if offline_ok else Check(name, "its environment", reason)
                continue
            server.reset()
            yield from suite(python, server)
            yield from (Check(name, "the server", repr(error)) for error in server.errors)


def told(check: Check) -> str:
    """Return the line of a check."""
    if check.difference is None:
        return f"{check.client}: SKIPPED, {check.call}"
    return f"{check.client}: {check.call}: {'FAILED: ' if check.difference else 'ok'}{check.difference}"


def main() -> int:
    """Run every check; return 1 if any fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offline-ok", action="store_true", help="skip the clients that cannot be installed")
    parser.add_argument("--full", action="store_true", help="also the clients that take minutes to install")
    options = parser.parse_args()
    suites = [*SUITES, *MORE_SUITES] if options.full else SUITES
    tally: Counter[tuple[str, str]] = Counter()
    for check in checks(suites, options.offline_ok):
        print(told(check), flush=True)
        outcome = "skipped" if check.difference is None else "failed" if check.difference else "ok"
        tally[check.client, outcome] += 1
    print()
    for client in dict.fromkeys(client for client, _ in tally):
        outcomes = [f"{tally[client, outcome]} {outcome}" for outcome in ("ok", "failed", "skipped")]
        print(f"{client:<24}{', '.join(outcomes)}")
    return int(any(outcome == "failed" for _, outcome in tally))


if __name__ == "__main__":
    sys.exit(main())
