"""Profiles: named settings in a TOML file of the user's, mode 0600."""

import json
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, cast

import click

DEFAULT_PROFILE = "default"

Setting: TypeAlias = str | int | float
Profile: TypeAlias = dict[str, Setting]

# Each setting, and what makes one of a text.
KINDS: Mapping[str, type[Setting]] = {
    "api_key": str,
    "base_url": str,
    "timeout": float,
    "retries": int,
    "assistant": str,
}

_PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = "PIXIGPT_CONFIG"


def config_path() -> Path:
    """Return where the file is: what PIXIGPT_CONFIG names, else in the user's config folder."""
    if named := os.environ.get(_PLACE):
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path("pixigpt", appauthor=False) / "config.toml"


def read_profiles() -> dict[str, Profile]:
    """Return every profile; raise click.UsageError if the file is not valid."""
    path = config_path()
    try:
        text = path.read_text(encoding="utf-8-sig")
        decoded = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except OSError as cause:
        raise click.UsageError(f"cannot read {path}: {cause.strerror}") from cause
    except (ValueError, RecursionError) as cause:  # TOML's own error, another of an int that is too long, or of depth
        reason = "it is not UTF-8" if isinstance(cause, UnicodeDecodeError) else str(cause)
        raise click.UsageError(f"{path} is not TOML: {reason}") from cause
    _warn_if_readable(path, text)
    return {name: _checked_profile(path, name, table) for name, table in decoded.items()}


def read_profile(name: str | None) -> Profile:
    """Return a profile; raise click.UsageError if there is none of that name."""
    profiles = read_profiles()
    if name not in (None, DEFAULT_PROFILE, *profiles):
        known = ", ".join([DEFAULT_PROFILE, *(each for each in profiles if each != DEFAULT_PROFILE)])
        raise click.UsageError(f"there is no profile {name!r} in {config_path()}; there are: {known}")
    return profiles.get(name or DEFAULT_PROFILE, {})


def write_setting(profile: str, name: str, value: Setting | None) -> None:
    """Set one setting of a profile, or remove it where the value is None."""
    if not _PROFILE_NAME.fullmatch(profile):
        raise click.UsageError(f"a profile's name has letters, digits, - and _ only, not {profile!r}")
    profiles = read_profiles()
    settings = profiles.setdefault(profile, {})
    settings.pop(name, None)
    if value is not None:
        settings[name] = value
    _write(config_path(), _to_toml({name: each for name, each in profiles.items() if each}))


def _checked_profile(path: Path, name: str, table: object) -> Profile:
    if not isinstance(table, dict):
        raise click.UsageError(f"{path}: {name} stands outside a profile, such as [{DEFAULT_PROFILE}]")
    settings = cast("Mapping[str, object]", table)
    for key, value in settings.items():
        if key not in KINDS:
            raise click.UsageError(f"{path}: profile {name}: {key} is not one of {', '.join(KINDS)}")
        kind = int | float if KINDS[key] is float else KINDS[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise click.UsageError(f"{path}: profile {name}: {key} is of the wrong type")
    return cast("Profile", table)


def _warn_if_readable(path: Path, text: str) -> None:
    if os.name == "posix" and "api_key" in text and path.stat().st_mode & 0o077:
        sys.stderr.write(f"Warning: others can read the API key in {path}: run chmod 600 on it\n")


def _to_toml(profiles: Mapping[str, Profile]) -> str:
    return "\n".join(
        "".join([f"[{_toml_key(name)}]\n", *(f"{key} = {_toml_value(value)}\n" for key, value in settings.items())])
        for name, settings in profiles.items()
    )


def _toml_key(name: str) -> str:
    return name if _PROFILE_NAME.fullmatch(name) else _toml_value(name)


def _toml_value(value: Setting) -> str:
    if not isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML's strings are JSON's, but for that


def _write(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner only from its first byte on."""
    target = path.resolve()  # where a link leads to, if it is one
    if target.exists() and not target.is_file():  # the superuser would replace /dev/null, for the whole machine
        raise click.UsageError(f"cannot write {path}: it is not a regular file")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=target.parent)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(part).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(part).unlink()
            raise
    except OSError as cause:
        raise click.UsageError(f"cannot write {path}: {cause.strerror}") from cause
