"""`pixigpt config`: read and change the settings of a profile."""

import sys
from collections.abc import Callable
from typing import Any

import click

from pixigpt.cli._client import open_client
from pixigpt.cli._config import DEFAULT_PROFILE, KINDS, Setting, config_path, read_profile, write_setting
from pixigpt.cli._globals import GlobalGroup, global_options
from pixigpt.cli._output import print_document, print_line, print_table, wants_json
from pixigpt.cli._settings import Settings, converted, profile_name, variable_of

_HIDDEN = "***"
_NAME = click.argument("name", type=click.Choice([*KINDS]))


@click.group(cls=GlobalGroup)
def config() -> None:
    """Read and change the settings of a profile."""


@config.command("list")
def list_settings() -> None:
    """List a profile's settings, and for each whether it, or a variable in its place, is used now."""
    settings = read_profile(_profile())
    if wants_json():
        print_document({name: _shown(name, value) for name, value in settings.items()})
        return
    print_table(
        ["setting", "value", "comes from"],
        [[name, str(_shown(name, value)), variable_of(name) or "profile"] for name, value in settings.items()],
    )


@config.command("get")
@_NAME
def get_setting(name: str) -> None:
    """Print a setting of a profile; the API key only as ***."""
    settings = read_profile(_profile())
    if name not in settings:
        raise click.ClickException(f"{name} is not set in the profile {_profile() or DEFAULT_PROFILE}")
    shown = _shown(name, settings[name])
    if wants_json():
        print_document(shown)
    else:
        print_line(str(shown))


@config.command("set")
@_NAME
@click.argument("value", required=False)
def set_setting(name: str, value: str | None) -> None:
    """Set a setting of a profile. The API key is no argument: it is asked for, or read from a pipe."""
    if name == "api_key":
        if value is not None:
            raise click.UsageError("the API key is no argument, which others could read: leave it out, and type it in")
        value = _asked_key()
    elif value is None:
        raise click.UsageError(f"what is {name} to be? pixigpt config set {name} VALUE")
    write_setting(_profile() or DEFAULT_PROFILE, name, _checked(name, value))


@config.command("unset")
@_NAME
def unset_setting(name: str) -> None:
    """Remove a setting from a profile."""
    read_profile(_profile())
    write_setting(_profile() or DEFAULT_PROFILE, name, None)


@config.command("path")
def path() -> None:
    """Print where the settings are kept."""
    if wants_json():
        print_document(str(config_path()))
    else:
        print_line(str(config_path()))


def _profile() -> str | None:
    return profile_name(global_options())


def _shown(name: str, value: Setting) -> Setting:
    return _HIDDEN if name == "api_key" else value


def _asked_key() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("API key", hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()


def _checked(name: str, value: str) -> Setting:
    """Return a setting's value in its type; raise click.UsageError if the client would refuse it."""
    kind: Callable[[Setting], Setting] = KINDS[name]
    setting = converted(name, value, kind)
    values: dict[str, Any] = {**dict.fromkeys(KINDS), "api_key": "sk-check", name: setting}
    with open_client(Settings(**values)):
        pass
    if name == "assistant":
        _check_text(name, value)
    return setting


def _check_text(name: str, value: str) -> None:
    if not value.strip():
        raise click.UsageError(f"{name} must not be empty")
    try:
        value.encode()
    except UnicodeEncodeError as cause:  # a byte of the command line that its encoding lacks
        raise click.UsageError(f"{name} is not a text: {cause}") from cause
