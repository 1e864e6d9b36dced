"""`pixigpt serve`: the local server, as `python -m pixigpt.testing` starts it."""

from typing import Any

import click

from pixigpt.cli._globals import GlobalCommand


@click.command(cls=GlobalCommand)
@click.option("--host", metavar="HOST", help="Listen on this address.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT", help="Listen on this port, 0 for any.  [default: 8080]"
)
@click.option("--run-seconds", type=float, metavar="SECONDS", help="How long a run takes.  [default: 0.2]")
@click.option("--max-stored", type=int, metavar="N", help="How many objects to store, at most.  [default: 100,000]")
@click.option("--upstream", metavar="URL", help="Let this OpenAI-compatible server answer.")
@click.option("--upstream-model", metavar="NAME", help="The upstream's model.  [default: the first that it lists]")
@click.option(
    "--data-dir", metavar="FOLDER", help="Store everything in this folder, so that a restart forgets nothing."
)
def serve(**options: Any) -> None:  # noqa: ANN401  # as the options say
    """Serve the API on this machine, for tests and work without a key, until Ctrl-C.

    It replies by a fixed rule, or lets an upstream answer, whose key PIXIGPT_UPSTREAM_KEY holds.
    """
    from pixigpt.testing.__main__ import serve as serve_until_told_to_end

    given = {name: value for name, value in options.items() if value is not None}
    raise click.exceptions.Exit(serve_until_told_to_end(**given))
