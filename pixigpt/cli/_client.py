"""The client of a command: opened with the command's settings, bounded by its timeout, logging with --debug."""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

import click

import pixigpt
from pixigpt.cli._errors import NoKeyError
from pixigpt.cli._globals import global_options
from pixigpt.cli._settings import Settings

_LONGEST = 1e9  # seconds: more would not fit a timer
_ATTEMPT = 30.0  # seconds: the client's own default


@contextmanager
def open_client(settings: Settings | None = None) -> "Generator[pixigpt.Client, None, None]":
    """Open the client for a block; an argument that the client refuses is a usage error."""
    settings = settings or Settings.read(global_options())
    if settings.api_key is None:
        raise NoKeyError
    if settings.timeout is not None and not 0 < settings.timeout <= _LONGEST:
        raise click.UsageError(f"timeout must be above 0 and at most {_LONGEST:g} seconds, not {settings.timeout:g}")
    attempt = max(_ATTEMPT, settings.timeout or 0.0)  # where the whole may last longer, an attempt may
    try:
        with (
            _logging(global_options().debug),
            pixigpt.deadline(settings.timeout),
            pixigpt.Client(
                settings.api_key, settings.base_url, timeout=attempt, max_retries=settings.retries
            ) as client,
        ):
            yield client
    except (TypeError, ValueError) as cause:
        raise click.UsageError(str(cause)) from cause


@contextmanager
def _logging(is_wanted: bool) -> Generator[None, None, None]:
    """Log each request to stderr for a block; the client's log has no headers and no bodies."""
    logger, handler = logging.getLogger("pixigpt"), logging.StreamHandler(sys.stderr)
    level = logger.level
    if is_wanted:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
