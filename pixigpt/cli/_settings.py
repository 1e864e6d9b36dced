"""The settings of a command: each comes from its flag, else from the environment, else from the profile."""

import os
from collections.abc import Callable, Mapping
from typing import Self, TypeVar

import click
from attrs import frozen

from pixigpt.cli._config import Setting, read_profile
from pixigpt.cli._globals import GlobalOptions

T = TypeVar("T")

VARIABLES: Mapping[str, tuple[str, ...]] = {
    "api_key": ("PIXIGPT_API_KEY",),
    "base_url": ("PIXIGPT_BASE_URL",),
    "timeout": ("PIXIGPT_TIMEOUT",),
    "retries": ("PIXIGPT_RETRIES",),
    "assistant": ("PIXIGPT_ASSISTANT", "DEFAULT_ASSISTANT_ID"),  # the second is what `pixigpt serve` prints
}

_LONGEST_RUN = 600.0  # seconds: the client's own default


@frozen
class Settings:
    """A command's settings; None means the default."""

    api_key: str | None
    base_url: str | None
    timeout: float | None
    retries: int | None
    assistant: str | None

    @classmethod
    def read(cls, given: GlobalOptions, assistant: str | None = None) -> Self:
        """Put the settings together; raise click.UsageError if one is not valid."""
        profile = read_profile(profile_name(given))
        return cls(
            api_key=_first("api_key", None, profile, str),
            base_url=_first("base_url", given.base_url, profile, str),
            timeout=_first("timeout", given.timeout, profile, float),
            retries=_first("retries", given.retries, profile, int),
            assistant=_first("assistant", assistant, profile, str),
        )

    @property
    def run_timeout(self) -> float | None:
        """How long to wait for a run, in seconds; None where the whole command is bounded."""
        return _LONGEST_RUN if self.timeout is None else None


def profile_name(given: GlobalOptions) -> str | None:
    """Return which profile is asked for; None if none is."""
    return given.profile or os.environ.get("PIXIGPT_PROFILE") or None


def variable_of(name: str) -> str | None:
    """Return the environment variable that gives a setting now; None if none does."""
    return next((variable for variable in VARIABLES[name] if os.environ.get(variable)), None)


def converted(name: str, value: Setting, kind: Callable[[Setting], T]) -> T:
    """Return a setting's value in its type; raise click.UsageError if it has another."""
    try:
        return kind(value)
    except (OverflowError, ValueError) as cause:
        reason = "is too large" if isinstance(cause, OverflowError) else f"must be a number, not {value!r}"
        raise click.UsageError(f"{name} {reason}") from cause


def _first(name: str, flag: T | None, profile: Mapping[str, Setting], kind: Callable[[Setting], T]) -> T | None:
    if flag is not None:
        return flag
    if variable := variable_of(name):
        return converted(variable, os.environ[variable], kind)
    return converted(name, profile[name], kind) if name in profile else None
