"""Logging: each attempt and each field filled in at DEBUG, and a warning when a retry budget is spent. No more."""

import logging
import os
import warnings
from typing import TextIO

logger = logging.getLogger("pixigpt")

_LEVELS = ("debug", "info", "warning", "error", "critical")


class _Fallback(logging.StreamHandler[TextIO]):
    """Writes to stderr for people who have not configured logging, and leaves it to their handlers once they have."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            super().emit(record)


def switch_on(level: str | None) -> None:
    """Log to stderr from the level that PIXIGPT_LOG names."""
    logger.addHandler(logging.NullHandler())
    if not level:
        return
    if level.lower() not in _LEVELS:
        warnings.warn(f"PIXIGPT_LOG is {level!r}; it can be {', '.join(_LEVELS)}", stacklevel=2)
        return
    handler = _Fallback()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level.upper())


def is_debugging() -> bool:
    """Return whether a line per attempt is wanted."""
    return logger.isEnabledFor(logging.DEBUG)


def log_attempt(method: str, path: str, outcome: str, number: int, seconds: float, request_id: str) -> None:
    """Log one attempt: its status, or the kind of its failure; never a header, a body or an error's text."""
    message = "%s %s: %s, attempt %d, %.0f ms, request %s"
    logger.debug(message, method, path, outcome, number, 1000 * seconds, request_id)


def log_filled(field: str) -> None:
    """Log that a response lacked a field, which now reads as its default."""
    logger.debug("the response lacks %s: filled in", field)


def log_spent_budget() -> None:
    """Warn that failures are no longer retried."""
    logger.warning("the retry budget is spent: failures are raised at once until enough calls succeed")


switch_on(os.environ.get("PIXIGPT_LOG"))
