"""Run the calls of other clients against our local server: pixigpt 0.1.5, OpenAI's SDK, and MIGRATING.md's snippets.

Each client has an environment of its own, made at its first use; one that cannot be made is a failure, unless
--offline-ok is given.
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
SUITES: list[tuple[str, str, Callable[[Path, LocalServer], Iterable[Check]]]] = [
    ("pixigpt 0.1.5", OLD, partial(worker_checks, "with_pixigpt_0_1_5.py")),
    ("openai", "openai", partial(worker_checks, "with_openai.py")),
    ("MIGRATING.md", OLD, guide_checks),
]


def checks(offline_ok: bool) -> Iterator[Check]:
    """Yield every check of every client; a client that cannot be installed is a failed one, unless allowed."""
    with LocalServer() as server:
        for name, client, suite in SUITES:
            try:
                python = python_of(client)
            except UnavailableError as error:
                reason = f"no environment with {client}: it {error}"
                yield Check(name, reason, None) if offline_ok else Check(name, "its environment", reason)
                continue
            server.reset()
            yield from suite(python, server)


def told(check: Check) -> str:
    """Return the line of a check."""
    if check.difference is None:
        return f"{check.client}: SKIPPED, {check.call}"
    return f"{check.client}: {check.call}: {'FAILED: ' if check.difference else 'ok'}{check.difference}"


def main() -> int:
    """Run every check; return 1 if any fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offline-ok", action="store_true", help="skip the clients that cannot be installed")
    tally: Counter[tuple[str, str]] = Counter()
    for check in checks(parser.parse_args().offline_ok):
        print(told(check), flush=True)
        outcome = "skipped" if check.difference is None else "failed" if check.difference else "ok"
        tally[check.client, outcome] += 1
    print()
    for client in dict.fromkeys(client for client, _ in tally):
        outcomes = [f"{tally[client, outcome]} {outcome}" for outcome in ("ok", "failed", "skipped")]
        print(f"{client:<16}{', '.join(outcomes)}")
    return int(any(outcome == "failed" for _, outcome in tally))


if __name__ == "__main__":
    sys.exit(main())
