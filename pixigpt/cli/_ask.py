"""`pixigpt ask`: one question, one answer; streamed, or a run on a thread."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from attrs import evolve

from pixigpt.cli._answer import show_stream, tell_if_cut
from pixigpt.cli._client import open_client
from pixigpt.cli._globals import GlobalCommand, global_options
from pixigpt.cli._output import note, print_answer
from pixigpt.cli._settings import Settings
from pixigpt.cli._status import RunWaiting, Waiting

if TYPE_CHECKING:
    import pixigpt

DEFAULT_SYSTEM = "You are a helpful assistant."  # the server wants one where there is no assistant

assistant_option = click.option("-a", "--assistant", metavar="ASSISTANT", help="The id of the assistant that answers.")
system_option = click.option("-s", "--system", metavar="TEXT", help="What the model is told before the question.")


@click.command(cls=GlobalCommand)
@click.argument("prompt", metavar="PROMPT|-")
@assistant_option
@click.option("-t", "--thread", metavar="THREAD", help="Ask on this thread, whose messages the assistant knows.")
@system_option
@click.option("--no-stream", is_flag=True, help="Wait for the whole answer.")
def ask(prompt: str, assistant: str | None, thread: str | None, system: str | None, no_stream: bool) -> None:
    """Ask one question, and print the answer as it comes; - reads the question from stdin.

    Without -a and -s, the profile's assistant answers, if it has one.
    """
    settings = settings_for(assistant, system)
    question = sys.stdin.read() if prompt == "-" else prompt
    if not question.strip():
        raise click.UsageError("the prompt is empty")
    if thread is not None:
        _ask_on_thread(settings, thread, question, system)
    else:
        messages = [*system_messages(settings, system), {"role": "user", "content": question}]
        _ask(settings, messages, is_streamed=not no_stream)


def settings_for(assistant: str | None, system: str | None) -> Settings:
    """Return the settings of a chat; a system message of one's own replaces the profile's assistant."""
    settings = Settings.read(global_options(), assistant)
    return evolve(settings, assistant=None) if assistant is None and system is not None else settings


def system_messages(settings: Settings, system: str | None) -> list[dict[str, str]]:
    """Return what the model is told first: one's own text, or the default where there is no assistant."""
    text = system if system is not None or settings.assistant else DEFAULT_SYSTEM
    return [] if text is None else [{"role": "system", "content": text}]


def _ask(settings: Settings, messages: Sequence[dict[str, str]], *, is_streamed: bool) -> None:
    with open_client(settings) as client, Waiting("thinking") as waiting:
        if is_streamed:
            with client.stream_chat_completion(messages, assistant_id=settings.assistant) as stream:
                show_stream(stream, waiting)
            return
        completion = client.create_chat_completion(messages, assistant_id=settings.assistant)
    print_answer(completion, completion.choices[0].message.content or "")
    tell_if_cut(completion)


def _ask_on_thread(settings: Settings, thread: str, question: str, system: str | None) -> None:
    if system is not None:
        raise click.UsageError("a thread's assistant has its own instructions: leave -s out")
    if settings.assistant is None:
        raise click.UsageError("a thread needs an assistant: -a ASSISTANT, or pixigpt config set assistant ASSISTANT")
    with open_client(settings) as client, RunWaiting() as waiting:
        reply = client.ask(
            settings.assistant,
            question,
            thread_id=thread,
            timeout=settings.run_timeout,
            on_update=waiting.on_update,
        )
    if not global_options().jsonl:  # then its last line was the run's last status
        print_answer(reply.run, reply.text)
        _tell_beside(reply)


def _tell_beside(reply: "pixigpt.Reply") -> None:
    """Tell on stderr what belongs to an answer: where its pictures and sounds are, and what it was read from."""
    for medium in reply.media:
        note(f"{medium.type_}: {medium.signed_url}")
    for source in reply.sources:
        note(f"source: {source.title or source.tool_name} {source.url or ''}")
