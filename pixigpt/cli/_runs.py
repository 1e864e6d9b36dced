"""`pixigpt runs`: show a run, or wait for its end."""

import click

import pixigpt
from pixigpt.cli._client import open_client
from pixigpt.cli._globals import GlobalGroup, global_options
from pixigpt.cli._output import moment, print_answer, print_record
from pixigpt.cli._settings import Settings
from pixigpt.cli._status import RunWaiting


@click.group(cls=GlobalGroup)
def runs() -> None:
    """Assistants at work on a thread."""


@runs.command("show")
@click.argument("thread_id", metavar="THREAD")
@click.argument("run_id", metavar="RUN")
def show_run(thread_id: str, run_id: str) -> None:
    """Show a run as it stands now."""
    with open_client() as client:
        run = client.get_run(thread_id, run_id)
    fields = {
        "id": run.id,
        "created": moment(run.created_at),
        "assistant": run.assistant_id,
        "status": run.status,
        "answer": text_of(run),
    }
    print_record(run, {name: value for name, value in fields.items() if value})


@runs.command("wait")
@click.argument("thread_id", metavar="THREAD")
@click.argument("run_id", metavar="RUN")
def wait_for_run(thread_id: str, run_id: str) -> None:
    """Wait until a run ends, and print its answer."""
    settings = Settings.read(global_options())
    with open_client(settings) as client, RunWaiting() as waiting:
        run = client.wait_for_run(thread_id, run_id, timeout=settings.run_timeout, on_update=waiting.on_update)
    if not global_options().jsonl:  # then its last line was the run's last status
        print_answer(run, text_of(run))


def text_of(run: "pixigpt.Run") -> str:
    """Return a run's answer; empty if it has none yet."""
    return "".join(block.text.value for block in run.message.content) if run.message else ""
