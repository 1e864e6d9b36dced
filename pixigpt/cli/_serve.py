"""`pixigpt serve`: the local server, as `python -m pixigpt.testing` starts it."""

import click

from pixigpt.cli._globals import GlobalCommand


@click.command(cls=GlobalCommand)
@click.option("--host", metavar="HOST", help="Listen on this address.  [default: 127.0.0.1]")
@click.option("--port", metavar="PORT", help="Listen on this port, 0 for any.  [default: 8080]")
@click.option("--run-seconds", metavar="SECONDS", help="How long a run takes.  [default: 0.2]")
@click.option("--max-stored", metavar="N", help="How many threads, messages, runs and assistants to store.")
def serve(**options: str | None) -> None:
    """Serve the API from memory, for tests and work without a key, until Ctrl-C."""
    from pixigpt.testing.__main__ import main

    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None]
    raise click.exceptions.Exit(main(arguments))
