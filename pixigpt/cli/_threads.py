"""`pixigpt threads`: list, show, open and delete threads."""

import click

import pixigpt
from pixigpt.cli._client import open_client
from pixigpt.cli._globals import GlobalGroup
from pixigpt.cli._output import (
    moment,
    on_terminal,
    print_deleted,
    print_document,
    print_id,
    print_line,
    print_list,
    print_markdown,
    wants_json,
)


@click.group(cls=GlobalGroup)
def threads() -> None:
    """Conversations that the server remembers."""


@threads.command("list")
def list_threads() -> None:
    """List all threads."""
    with open_client() as client:
        found = client.list_threads()
    print_list(found, {"id": lambda thread: thread.id, "created": lambda thread: moment(thread.created_at)})


@threads.command("show")
@click.argument("thread_id", metavar="ID")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many messages at most.")
def show_thread(thread_id: str, limit: int) -> None:
    """Show a thread's newest messages, oldest first."""
    with open_client() as client:
        thread = client.get_thread(thread_id)
        messages = client.list_messages(thread_id, limit=limit)[::-1]
    if wants_json():
        print_document({**thread.to_dict(), "messages": [message.to_dict() for message in messages]})
    else:
        _print_conversation(thread, messages)


@threads.command("new")
def new_thread() -> None:
    """Open a thread, and print its id."""
    with open_client() as client:
        thread = client.create_thread()
    print_id(thread, thread.id)


@threads.command("delete")
@click.argument("thread_id", metavar="ID")
def delete_thread(thread_id: str) -> None:
    """Delete a thread and all its messages."""
    with open_client() as client:
        client.delete_thread(thread_id)
    print_deleted(thread_id)


def _print_conversation(thread: "pixigpt.Thread", messages: "list[pixigpt.ThreadMessage]") -> None:
    print_line(f"{thread.id}, opened {moment(thread.created_at)}")
    for message in messages:
        text = "".join(block.text.value for block in message.content)
        if on_terminal():
            print_line(f"\n{message.role}:")
            print_markdown(text)
        else:
            print_line(f"{message.role}: {text}")
