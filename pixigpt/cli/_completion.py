"""`pixigpt completion`: the script that makes a shell complete the command."""

import os

import click

from pixigpt.cli._globals import GlobalCommand

PROGRAM = "pixigpt"
VARIABLE = "_PIXIGPT_COMPLETE"


@click.command(cls=GlobalCommand)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    r"""Print what makes a shell complete the command.

    \b
    bash: eval "$(pixigpt completion bash)"            in ~/.bashrc
    zsh:  eval "$(pixigpt completion zsh)"             in ~/.zshrc
    fish: pixigpt completion fish | source             in ~/.config/fish/config.fish
    """
    answer_shell(ctx.find_root().command, f"{shell}_source")


def asked_by_shell() -> str | None:
    """Return what a shell asks for instead of a command."""
    return os.environ.get(VARIABLE)


def answer_shell(command: click.Command, instruction: str) -> None:
    """Print the script, or the words that complete what is typed."""
    from click.shell_completion import shell_complete

    raise click.exceptions.Exit(shell_complete(command, {}, PROGRAM, VARIABLE, instruction))
