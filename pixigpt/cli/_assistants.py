"""`pixigpt assistants`: list, show, create, change and delete assistants."""

import click

from pixigpt.cli._client import open_client
from pixigpt.cli._globals import GlobalGroup
from pixigpt.cli._output import moment, print_deleted, print_id, print_list, print_record

_TOOLS = click.option("--tools-config", metavar="TEXT", help="Its tools, as a text that the server alone reads.")


@click.group(cls=GlobalGroup)
def assistants() -> None:
    """Models with a name, instructions and tools."""


@assistants.command("list")
def list_assistants() -> None:
    """List all assistants."""
    with open_client() as client:
        found = client.list_assistants()
    print_list(
        found,
        {
            "id": lambda assistant: assistant.id,
            "name": lambda assistant: assistant.name,
            "instructions": lambda assistant: assistant.instructions,
        },
    )


@assistants.command("show")
@click.argument("assistant_id", metavar="ID")
def show_assistant(assistant_id: str) -> None:
    """Show an assistant."""
    with open_client() as client:
        assistant = client.get_assistant(assistant_id)
    fields = {
        "id": assistant.id,
        "created": moment(assistant.created_at),
        "name": assistant.name,
        "instructions": assistant.instructions,
        "tools": assistant.tools_config or "",
    }
    print_record(assistant, {name: value for name, value in fields.items() if value})


@assistants.command("create")
@click.argument("name")
@click.argument("instructions")
@_TOOLS
def create_assistant(name: str, instructions: str, tools_config: str | None) -> None:
    """Create an assistant, and print its id."""
    with open_client() as client:
        assistant = client.create_assistant(name, instructions, tools_config)
    print_id(assistant, assistant.id)


@assistants.command("update")
@click.argument("assistant_id", metavar="ID")
@click.argument("name")
@click.argument("instructions")
@_TOOLS
def update_assistant(assistant_id: str, name: str, instructions: str, tools_config: str | None) -> None:
    """Replace an assistant's name, instructions and tools."""
    with open_client() as client:
        assistant = client.update_assistant(assistant_id, name, instructions, tools_config)
    print_id(assistant, assistant.id)


@assistants.command("delete")
@click.argument("assistant_id", metavar="ID")
def delete_assistant(assistant_id: str) -> None:
    """Delete an assistant."""
    with open_client() as client:
        client.delete_assistant(assistant_id)
    print_deleted(assistant_id)
