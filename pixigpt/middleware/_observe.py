"""What a middleware may watch that is no call: a tool that runs, an agent that answers.

A middleware is told of these if it has a method `observe`, which returns a context manager around each.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

from attrs import define


@define
class ToolExecution:
    """One run of a tool; `result` is set before it ends, if it has one, and `error` if that cannot be sent."""

    name: str
    call_id: str
    description: str | None
    arguments: Mapping[str, Any]
    result: str | None = None
    error: Exception | None = None
    redact: Callable[[str], str] = str  # redacts the API key


@define
class AgentInvocation:
    """One answer of an assistant, from starting the run to its end; `answer` and `model` are set before it ends."""

    agent_id: str
    conversation_id: str
    base_url: str
    content: str
    answer: str | None = None
    model: str | None = None
    redact: Callable[[str], str] = str


Operation = ToolExecution | AgentInvocation


@runtime_checkable
class Observer(Protocol):
    """A middleware that watches operations too."""

    def observe(self, operation: Operation, /) -> AbstractContextManager[object]: ...
