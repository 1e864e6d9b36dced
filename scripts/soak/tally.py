"""What the soak counts, and what of it must be zero."""

import logging
import math
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from pixigpt import APIError, APIResponseError, PixiGPTError, capture_responses, deadline

MUST_BE_ZERO = ("mismatched", "duplicates", "lost", "other exceptions", "strays", "left over", "ended early")
MOST_TOLD = 10


class Tally:
    """Counts by name; safe to share between threads."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.latest = -math.inf  # the seconds between a deadline and the end of the call that was the latest
        self._lock = threading.Lock()

    def count(self, name: str, by: int = 1, told: str = "") -> None:
        """Add to a figure; the first few that must not be are told as they come."""
        with self._lock:
            self.counts[name] += by
            is_news = by and name in MUST_BE_ZERO and self.counts[name] <= MOST_TOLD
        if is_news:
            print(f"{name}: {told}", file=sys.stderr, flush=True)

    def expect(self, is_so: bool, told: str) -> None:
        """Count a mismatch, if something is not so."""
        if not is_so:
            self.count("mismatched", told=told)

    def failed(self, error: PixiGPTError) -> None:
        """Count an error that a call ended in."""
        kind = type(error).__name__ + (f" {error.status_code}" if isinstance(error, APIError) else "")
        if error.note:
            kind += f", {error.note}" if "budget" in error.note else ", deadline before retry"
        with self._lock:
            self.errors[kind] += 1

    @contextmanager
    def watched(self, limit: float | None) -> Generator[None, None, None]:
        """Count a call under a deadline: its result, its error, its retries. It lets nothing out but a cancellation."""
        self.count("calls")
        retries, started = 0, time.monotonic()
        with capture_responses() as responses, deadline(limit):
            try:
                yield
                self.count("results")
            except PixiGPTError as error:
                self.failed(error)
                # Those before the last response are in what was captured.
                retries = 0 if isinstance(error, APIError | APIResponseError) else len(error.earlier)
            except Exception:  # noqa: BLE001  # whether there is any is the question
                self.count("other exceptions", told=traceback.format_exc())
        self.latest = max(self.latest, time.monotonic() - started - (math.inf if limit is None else limit))
        self.count("retries", retries + sum(each.attempts - 1 for each in responses))

    def listen(self) -> None:
        """Count what nobody catches: warnings, logged warnings, exceptions in destructors and threads."""
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        logging.basicConfig(handlers=[_Strays(self)], level=logging.WARNING)
        sys.unraisablehook = lambda told: self.count("strays", told=f"{told.object!r}: {told.exc_value!r}")
        threading.excepthook = lambda told: self.count("strays", told=f"{told.thread!r}: {told.exc_value!r}")


class _Strays(logging.Handler):
    """Counts what is logged; that the retry budget is spent is what the server's faults are to bring about."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def emit(self, record: logging.LogRecord) -> None:
        is_expected = record.name == "pixigpt" and "retry budget is spent" in record.getMessage()
        self._tally.count("times the retry budget was spent" if is_expected else "strays", told=self.format(record))
