"""What a client under test is: how to open it in each variant, and the calls that it is measured by."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from ssl import SSLContext, create_default_context
from typing import Any, NoReturn

KEY = "sk-bench"
HEADERS = {"Authorization": f"Bearer {KEY}"}
SYSTEM = "Be brief."

# Asks a question, parses the answer, gives back its text.
Ask = Callable[[str], str]
AsyncAsk = Callable[[str], Awaitable[str]]
# Asks a question, parses the answer's chunks as they come, gives back the text of each.
AsyncStream = Callable[[str], AsyncIterator[str | None]]
# Asks for the vectors of some texts, gives back how many numbers came.
Embed = Callable[[list[str]], int]
AsyncEmbed = Callable[[list[str]], Awaitable[int]]
Measures = Mapping[str, float | str]


def has_none(*_: object) -> NoReturn:
    """Stands for what a subject lacks."""
    raise NotImplementedError("this subject has no such client")


@dataclass(frozen=True)
class Command:
    """What the bench asks for; each workload reads the fields that it needs."""

    workload: str
    base_url: str = ""
    tls_url: str = ""
    ca: str = ""
    calls: int = 0
    in_flight: int = 1
    idle: int = 0
    delay: float = 0.0
    seconds: float = 0.0
    embedded: int = 0  # the size of the embeddings, in bytes
    size: int = 0
    chunks: int = 0
    is_tls: bool = False
    keeps: bool = True

    @property
    def url(self) -> str:
        """The server's base URL."""
        return self.tls_url if self.is_tls else self.base_url

    @property
    def connections(self) -> int:
        """How many connections are needed."""
        return max(self.in_flight, self.idle, 1)

    @property
    def kept(self) -> int:
        """How many connections may be kept for later calls."""
        return self.connections if self.keeps else 0

    def context(self) -> SSLContext:
        """Return what verifies the server's certificate."""
        return create_default_context(cafile=self.ca or None)


OwnWorkload = Callable[[Command], Measures]


@dataclass(frozen=True)
class Subject:
    """A client under test: how to open it, and the code that imports and constructs it."""

    distribution: str
    construct: str = ""
    open_sync: Callable[[Command], AbstractContextManager[Ask]] = has_none
    open_async: Callable[[Command], AbstractAsyncContextManager[AsyncAsk]] = has_none
    open_streams: Callable[[Command], AbstractAsyncContextManager[AsyncStream]] = has_none
    open_embed: Callable[[Command], AbstractContextManager[Embed]] = has_none
    open_async_embed: Callable[[Command], AbstractAsyncContextManager[AsyncEmbed]] = has_none
    own_workloads: Mapping[str, OwnWorkload] = field(default_factory=dict[str, OwnWorkload])


def messages(text: str) -> list[dict[str, str]]:
    """Return the conversation that asks a question."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def answer_in(body: Mapping[str, Any]) -> str:
    """Return the answer's text, from its parsed JSON."""
    content: str = body["choices"][0]["message"]["content"]
    return content


def numbers_in(body: Mapping[str, Any]) -> int:
    """Return how many numbers the vectors have, from their parsed JSON."""
    return sum(len(each["embedding"]) for each in body["data"])
