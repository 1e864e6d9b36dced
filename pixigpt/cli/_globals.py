"""The global options, which every command takes too: `pixigpt --json threads list` is `pixigpt threads list --json`."""

from collections.abc import Sequence
from typing import Any

import click
from attrs import define

_FLAGS = {
    "--json": "Print one JSON document.",
    "--jsonl": "Print a line of JSON for each item.",
    "--quiet": "Print nothing but the answer and errors.",
    "--debug": "Show each request and, for an error, where it was raised.",
    "--no-color": "Print without colors, as NO_COLOR does.",
}


@define
class GlobalOptions:
    """The global options as they are given; None and False where one is not."""

    profile: str | None = None
    base_url: str | None = None
    timeout: float | None = None
    retries: int | None = None
    json: bool = False
    jsonl: bool = False
    quiet: bool = False
    debug: bool = False
    no_color: bool = False


def global_options() -> GlobalOptions:
    """Return the global options of the running command."""
    return global_options_of(click.get_current_context())


def global_options_of(ctx: click.Context) -> GlobalOptions:
    """Return the global options that stand before the command and after it."""
    root = ctx.find_root()
    if not isinstance(root.obj, GlobalOptions):
        root.obj = GlobalOptions()
    return root.obj


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    given = global_options_of(ctx)
    if value is not None and value is not False:
        setattr(given, str(param.name), value)
    if given.json and given.jsonl:
        raise click.UsageError("--json and --jsonl exclude each other", ctx)


def _option(name: str, text: str, **more: Any) -> click.Option:  # noqa: ANN401  # click's own keywords
    return click.Option([name], help=text, expose_value=False, callback=_remember, **more)


def _complete_profile(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    from pixigpt.cli._config import read_profiles

    return [name for name in read_profiles() if name.startswith(begun)]


GLOBAL_OPTIONS = (
    _option("--profile", "Use the settings of this profile.", metavar="NAME", shell_complete=_complete_profile),
    _option("--base-url", "Call the API at this URL.", metavar="URL"),
    _option("--timeout", "End the whole command after this many seconds.", type=float, metavar="SECONDS"),
    _option("--retries", "Retry a failed request this often.", type=int, metavar="N"),
    *(_option(name, text, is_flag=True) for name, text in _FLAGS.items()),
)


class GlobalCommand(click.Command):
    """A command that takes the global options beside its own."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own options, then the global ones."""
        return [*super().get_params(ctx), *GLOBAL_OPTIONS]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its own options, then where the global ones are explained."""
        _write(formatter, "Options", super().get_params(ctx), ctx)
        _write_hint(formatter)


class GlobalGroup(click.Group):
    """A group whose commands, and which itself, take the global options."""

    command_class = GlobalCommand
    group_class = type

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help where no command is given, which is wrong usage in every version of click."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands in the order in which they are added."""
        return [*self.commands]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own options, then the global ones."""
        return [*super().get_params(ctx), *GLOBAL_OPTIONS]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its own options, the global ones in full for the whole program, and its commands."""
        _write(formatter, "Options", super().get_params(ctx), ctx)
        if ctx.parent is None:
            _write(formatter, "Global options, before or after the command", GLOBAL_OPTIONS, ctx)
        else:
            _write_hint(formatter)
        self.format_commands(ctx, formatter)


def _write(formatter: click.HelpFormatter, title: str, params: Sequence[click.Parameter], ctx: click.Context) -> None:
    options = [param for param in params if isinstance(param, click.Option)]
    with formatter.section(title):
        formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])


def _write_hint(formatter: click.HelpFormatter) -> None:
    formatter.write_paragraph()
    formatter.write_text("`pixigpt --help` tells the global options, such as --json and --profile.")
