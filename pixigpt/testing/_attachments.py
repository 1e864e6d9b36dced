"""What the tools of an assistant search, draw and run, on demand."""

from collections.abc import Callable

from pixigpt.testing._semantics import words
from pixigpt_api.models import CodeExecution, Media, Source, ThreadMessage


def attach(message: ThreadMessage, said: str, new_id: Callable[[str], str]) -> None:
    """Give a message the attachment that the last message asks for, if it does."""
    command, _, wanted = said.partition(" ")
    if command == "/search":
        message.sources = [_source(new_id("source"), wanted)]
    elif command == "/draw":
        message.media = [_picture(new_id("media"), wanted)]
    elif command == "/code":
        message.code = [_execution(new_id("code"), wanted)]


def _source(source_id: str, wanted: str) -> Source:
    url = f"https://example.com/{'-'.join(words(wanted))}"
    return Source(id=source_id, tool_name="WebSearch", title=wanted, url=url, snippet=f"All on {wanted}.")


def _picture(media_id: str, wanted: str) -> Media:
    return Media(
        id=media_id,
        source="DrawImage",
        type_="image",
        signed_url=f"https://example.com/{media_id}.png",
        prompt=wanted,
        description=wanted,
    )


def _execution(code_id: str, wanted: str) -> CodeExecution:
    return CodeExecution(id=code_id, language="python", code=wanted, stdout="", stderr="", execution_time_ms=1)
