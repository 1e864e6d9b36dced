"""The name of a file to write."""

import click


def file_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the name as it is; raise click.BadParameter if it is -, which elsewhere means stdin or stdout."""
    if value == "-":
        raise click.BadParameter("- is no file; ./- is one of that name", ctx, param)
    return value
