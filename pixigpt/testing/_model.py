"""What the service asks of a model, and what the rule and an upstream server both are."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from pixigpt_api.models import (
    ChunkDelta,
    CreateEmbeddingRequest,
    EmbeddingList,
    FinishReason,
    Message,
    RunStatus,
    Tool,
    ToolCall,
    Usage,
)


@frozen
class Question:
    """A conversation to be answered, and how; `options` are what the contract does not know."""

    messages: Sequence[Message]
    instructions: str
    thinking: bool = True
    tools: Sequence[Tool] | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    options: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen
class Reply:
    """What the model says."""

    content: str | None
    reasoning: str | None
    tool_calls: list[ToolCall] | None
    finish_reason: FinishReason
    usage: Usage


@frozen
class Finish:
    """The end of a streamed reply."""

    finish_reason: FinishReason
    usage: Usage


@frozen
class RunEnd:
    """How a run ended: with a reply if it is completed, perhaps with a reason if it is not."""

    status: RunStatus
    said: Reply | None = None
    reason: str | None = None


Deltas = AsyncGenerator[ChunkDelta | Finish]


class LanguageModel(Protocol):
    """Answers conversations; every method raises ServiceError where it cannot."""

    @property
    def is_rule(self) -> bool:
        """Whether it obeys the commands with which a message may begin, and implements no more than the contract."""
        ...

    @property
    def name(self) -> str:
        """The name that responses give."""
        ...

    async def reply(self, question: Question) -> Reply:
        """Return the reply to a conversation."""
        ...

    def stream(self, question: Question) -> Deltas | list[ChunkDelta | Finish]:
        """Return the reply in pieces, the last of which is its end: a list if it is known, else as it comes."""
        ...

    async def run(self, question: Question, begin: Callable[[], None]) -> RunEnd:
        """Call `begin` when the work on a run begins, and return how it ended."""
        ...

    async def embed(self, body: CreateEmbeddingRequest) -> EmbeddingList:
        """Return the vectors of texts."""
        ...

    def open(self) -> None:
        """Open what it needs, in the event loop that it will be used in."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...
