"""What a run of tools gives back, be it in an error: needs nothing but the generated models."""

from typing import Any

from attrs import field, frozen

from pixigpt_api.models import ChatCompletion, Message, ToolCall, Usage


class ToolError(Exception):
    """What a tool raises to tell the model, not the caller, that it failed: its text goes to the model.

    Example:
        >>> from pixigpt.tools import ToolError
        >>> def population(city: str) -> int:
        ...     raise ToolError(f"There is no city {city}; ask for the correct name.")
        >>> run = client.run_tools([{"role": "user", "content": "Hi"}], [population], assistant_id=assistant_id)
        >>> run.text
        'The tool answered: There is no city text; ask for the correct name.'
    """


@frozen(repr=False)
class ToolCallRecord:
    """One call of a tool, after it.

    Attributes:
        call: The model's call, with the id that it has in the conversation.
        arguments: Its arguments, decoded; None if they are not a JSON object.
        result: What the function returned; None if it did not run or failed. After pickling, it is the text that the
            model was told.
        error: What the function raised, or a `ToolError` that says why it did not run; None if it returned. After
            pickling, it is a `ToolError` that names what it was.
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
    _told: str = field(alias="told")
    _summary: str = field(default="", alias="summary")  # of the error, without the API key, which its own text may have

    def __repr__(self) -> str:
        outcome = f"error={self.error!r}" if self.error else f"result={self.result!r}"
        return f"ToolCallRecord({self.call.function.name}, {outcome}, round={self.round})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was told of it: others' objects may not pickle, and an error that has a run must."""
        result = None if self.result is None else self._told
        error = self.error if self.error is None or type(self.error) is ToolError else ToolError(self._summary)
        told = (self._told, self._summary)
        return type(self), (self.call, self.arguments, result, error, self.elapsed, self.round, *told)


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


def summary_of(error: Exception) -> str:
    """Return an exception as `TypeName: message`, without the message where a class of the user's fails to tell it."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception:  # noqa: BLE001  # whatever its __str__ raises
        return name
