"""`pixigpt chat`: a conversation at a terminal, or of a pipe's lines, each answer streamed."""

import errno
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click
from attrs import define, evolve, field

import pixigpt
from pixigpt.cli._answer import show_stream
from pixigpt.cli._ask import assistant_option, settings_for, system_messages, system_option
from pixigpt.cli._client import open_client
from pixigpt.cli._errors import DENIED, code_of, say
from pixigpt.cli._globals import GlobalCommand, global_options
from pixigpt.cli._output import note, on_terminal, print_document, print_line, to_json
from pixigpt.cli._status import Waiting
from pixigpt.cli._text import encodable

_HELP = "/clear begins anew, /save FILE saves. Ctrl-C stops an answer, Ctrl-D ends."
_PROMPT = "> "


@click.command(cls=GlobalCommand)
@assistant_option
@system_option
@click.option("--no-thinking", is_flag=True, help="Answer without reasoning first.")
@click.option("--show-reasoning", is_flag=True, help="Show the reasoning too, on stderr.")
def chat(assistant: str | None, system: str | None, no_thinking: bool, show_reasoning: bool) -> None:
    """Chat, line by line, until Ctrl-D.

    /clear begins anew; /save FILE keeps the conversation, as JSON if FILE ends with .json, else as Markdown. Ctrl-C
    stops the answer only. --timeout is for each answer.
    """
    settings = settings_for(assistant, system)
    with open_client(evolve(settings, timeout=None)) as client:
        conversation = _Conversation(
            client,
            system_messages(settings, system),
            assistant=settings.assistant,
            timeout=settings.timeout,
            enable_thinking=False if no_thinking else None,
            shows_reasoning=show_reasoning,
        )
        _talk(conversation, is_person=sys.stdin.isatty())
    if global_options().json:
        print_document(conversation.messages)


@define
class _Conversation:
    """What was said so far; each question gets an answer."""

    client: "pixigpt.Client"
    system: list[dict[str, str]]
    assistant: str | None
    timeout: float | None
    enable_thinking: bool | None
    shows_reasoning: bool
    said: list[dict[str, str]] = field(factory=list[dict[str, str]])

    @property
    def messages(self) -> list[dict[str, str]]:
        """All of it, from the system message on."""
        return [*self.system, *self.said]

    def ask(self, question: str) -> None:
        """Ask, show the answer, and keep both; what was said stays as it was if the call fails."""
        asked = {"role": "user", "content": question}
        stream = self.client.stream_chat_completion(
            [*self.messages, asked], assistant_id=self.assistant, enable_thinking=self.enable_thinking
        )
        try:
            with pixigpt.deadline(self.timeout), Waiting("thinking") as waiting, stream:
                self._show(stream, waiting)
        except KeyboardInterrupt:
            note("The answer is stopped.")
        if answer := stream.snapshot:  # what has come of an answer that was stopped is part of the conversation
            text = answer.choices[0].message.content if answer.choices else None
            self.said += [asked, {"role": "assistant", "content": encodable(text or "")}]

    def _show(self, stream: "pixigpt.ChatCompletionStream", waiting: Waiting) -> None:
        if global_options().json:  # the whole conversation is the one document, at its end
            stream.completion()
        else:
            show_stream(stream, waiting, shows_reasoning=self.shows_reasoning)

    def save(self, path: Path) -> None:
        """Write all of it to a file; raise OSError if that fails."""
        text = "\n\n".join(f"**{each['role']}:** {each['content']}" for each in self.messages)
        path.write_text(to_json(self.messages, indent=2) if path.suffix == ".json" else f"{text}\n", encoding="utf-8")


def _talk(conversation: _Conversation, *, is_person: bool) -> None:
    """Answer line after line; a person goes on after a failure, unless the key is refused."""
    if is_person:
        note(_HELP)
        with suppress(ImportError):  # there is none on Windows
            import_module("readline")  # lines can be edited; its history is kept in memory only
    while (line := _read(is_person=is_person)) is not None:
        try:
            _take(conversation, line.strip())
        except (OSError, pixigpt.PixiGPTError) as error:
            if not is_person or code_of(error) == DENIED or isinstance(error, BrokenPipeError):
                raise
            say(error)


def _take(conversation: _Conversation, line: str) -> None:
    """Do what a line says, or ask what it asks."""
    command, _, rest = line.partition(" ")
    if command == "/clear":
        conversation.said.clear()
    elif command == "/save" and rest.strip():
        conversation.save(_file(rest.strip()))
        note(f"The conversation is in {rest.strip()}.")
    elif command.startswith("/"):
        note(_HELP)
    elif line:
        conversation.ask(line)
        if on_terminal():
            print_line("")


def _file(name: str) -> Path:
    """Return a file by its name; raise OSError if it begins with a ~ that stands for no folder."""
    try:
        return Path(name).expanduser()
    except RuntimeError as cause:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from cause


def _read(*, is_person: bool) -> str | None:
    """Return the next line; None at the end."""
    try:
        if is_person and not on_terminal():
            sys.stderr.write(_PROMPT)
            sys.stderr.flush()
        return input(_PROMPT if is_person and on_terminal() else "")
    except EOFError:
        if is_person:
            sys.stderr.write("\n")
        return None
    except KeyboardInterrupt:
        if not is_person:
            raise
        sys.stderr.write("\n")
        return ""
