"""What the soak tells at its end: all figures, and whether they are as they must be."""

import gc
import resource
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.soak.tally import MUST_BE_ZERO, Tally

COUNTS = (
    "calls",
    "results",
    "cancelled",
    "retries",
    "times the retry budget was spent",
    "streams read whole",
    "streams left early",
    "streams closed by another thread",
    "threads audited",
    "messages audited",
)
MOST_GROWTH_MIB = 10


@dataclass(frozen=True)
class Level:
    """What this process holds at one time."""

    files: int
    threads: int
    mib: float

    @classmethod
    def now(cls) -> "Level":
        """Return the level, after threads that are about to end have had time for it."""
        gc.collect()
        time.sleep(0.5)
        files = len(list(Path("/proc/self/fd").iterdir()))
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(files, threading.active_count(), pages * resource.getpagesize() / 2**20)


def report(tally: Tally, levels: Sequence[Level], seconds: float, done: Mapping[str, int]) -> int:
    """Print all figures; the exit status."""
    before, middle, end, after = levels
    rates = [f"{times / seconds:,.0f} {name}/s" for name, times in (*_some(tally, "calls"), *list(done.items())[:1])]
    print(f"\n{seconds:.0f} s, {', '.join(rates)}")
    print("the server: " + ", ".join(f"{times:,} {name}" for name, times in done.items()))
    must = [(f"{name} (must be 0)", times) for name, times in _some(tally, *MUST_BE_ZERO)]
    for name, times in (*_some(tally, *COUNTS), *tally.errors.most_common(), *must):
        print(f"{times:>9,}  {name}")
    print(f"the latest end of a call under deadline(): {tally.latest:.2f} s after it")
    print(f"open files: {before.files} before, {middle.files} in the middle, {after.files} after")
    print(f"memory: {before.mib:.1f} MiB before, {middle.mib:.1f} in the middle, {end.mib:.1f} at the end")
    bad = failures(tally, levels)
    print(f"FAILED: {', '.join(bad)}" if bad else "All is well.")
    return 1 if bad else 0


def failures(tally: Tally, levels: Sequence[Level]) -> list[str]:
    """Return the names of all that is not as it must be."""
    before, middle, end, after = levels
    bad = [name for name, times in _some(tally, *MUST_BE_ZERO) if times]
    bad += ["open files"] if after.files > before.files else []
    return bad + (["memory"] if end.mib - middle.mib > MOST_GROWTH_MIB else [])


def _some(tally: Tally, *names: str) -> list[tuple[str, int]]:
    return [(name, tally.counts[name]) for name in names]
