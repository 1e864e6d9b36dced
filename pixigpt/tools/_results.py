"""What a run of tools and a typed answer give back."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from attrs import frozen

from pixigpt.tools._function import ToolError
from pixigpt.tools._values import decoded, json_of
from pixigpt_api.models import ChatCompletion, Message, ToolCall, Usage

T = TypeVar("T")


@frozen(repr=False)
class ToolCallRecord:
    """One call of a tool, after it.

    Attributes:
        call: The model's call, with the id that it has in the conversation.
        arguments: Its arguments, decoded; None if they are no JSON object.
        result: What the function returned; None if it did not run or failed.
        error: What the function raised, or a `ToolError` that says why it did not run; None if it returned.
        elapsed: How long the function took, in seconds.
        round: Which answer of the model it belongs to, from 1.

    Example:
        >>> def ping() -> str: return "pong"
        >>> run = client.run_tools([{"role": "user", "content": "Hi"}], [ping], assistant_id=assistant_id)
        >>> run.calls[0].call.function.name, run.calls[0].arguments, run.calls[0].result
        ('ping', {}, 'pong')
    """

    call: ToolCall
    arguments: dict[str, Any] | None
    result: Any
    error: Exception | None
    elapsed: float
    round: int

    def __repr__(self) -> str:
        outcome = f"error={self.error!r}" if self.error else f"result={self.result!r}"
        return f"ToolCallRecord({self.call.function.name}, {outcome}, round={self.round})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the result as plain JSON and the error as a ToolError, so that an error that has a run pickles."""
        result = None if self.result is None else decoded(json_of(self.result))
        return ToolCallRecord, (self.call, self.arguments, result, _plain(self.error), self.elapsed, self.round)


@frozen(repr=False)
class ToolRun:
    """A conversation whose tools have run.

    Attributes:
        completion: The last chat completion.
        messages: The whole conversation, which can be sent again.
        calls: Every call of a tool, in the model's order.
        usage: The tokens of all chat completions.
        rounds: How many answers of the model had calls that were run.

    Example:
        >>> def ping() -> str: return "pong"
        >>> run = client.run_tools([{"role": "user", "content": "Hi"}], [ping], assistant_id=assistant_id)
        >>> run.rounds, [message.role for message in run.messages], run.text
        (1, ['user', 'assistant', 'tool', 'assistant'], 'The tool answered: pong')
    """

    completion: ChatCompletion
    messages: list[Message]
    calls: list[ToolCallRecord]
    usage: Usage
    rounds: int

    @property
    def text(self) -> str:
        """The text of the last chat completion; empty if it has none.

        Example:
            >>> client.run_tools([{"role": "user", "content": "Hi"}], [], assistant_id=assistant_id).text
            'You said: Hi'
        """
        return self.completion.choices[0].message.content or ""

    def __repr__(self) -> str:
        return f"ToolRun({self.text[:200]!r}, rounds={self.rounds}, calls={len(self.calls)})"

    def _repr_markdown_(self) -> str:
        """Show the text in Jupyter."""
        return self.text


@frozen(repr=False)
class ParsedCompletion(Generic[T]):
    """An answer of the type that was asked for.

    Attributes:
        parsed: The answer.
        completion: The chat completion that it came in.
        messages: The whole conversation, which can be sent again.
        usage: The tokens of all chat completions.
        repairs: How many answers did not fit before it.

    Example:
        >>> server.reply(tool_calls=[("int", {"value": 7})])
        >>> question = [{"role": "user", "content": "How many days has a week?"}]
        >>> answer = client.parse_chat_completion(question, int, assistant_id=assistant_id)
        >>> answer.parsed, answer.repairs
        (7, 0)
    """

    parsed: T
    completion: ChatCompletion
    messages: list[Message]
    usage: Usage
    repairs: int

    def __repr__(self) -> str:
        return f"ParsedCompletion({self.parsed!r}, repairs={self.repairs})"


def _plain(error: Exception | None) -> Exception | None:
    return error if error is None or type(error) is ToolError else ToolError(f"{type(error).__name__}: {error}")


def sum_of(usages: Sequence[Usage]) -> Usage:
    """Add up what several chat completions used."""
    return Usage(
        prompt_tokens=sum(each.prompt_tokens for each in usages),
        completion_tokens=sum(each.completion_tokens for each in usages),
        total_tokens=sum(each.total_tokens for each in usages),
    )
