"""Bulk runs of chats: the plan of each kind of run, and what a request has become in the end."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import frozen

from pixigpt._settings import Options
from pixigpt.bulk._chats import chat_arguments, check_chat, check_options, request_id
from pixigpt.bulk._engine import Work
from pixigpt.bulk._plan import Plan, Speed, new_key
from pixigpt.errors import PixiGPTError
from pixigpt_api.models import ChatCompletion

WorkPlan: TypeAlias = Plan[ChatCompletion, Work[ChatCompletion]]

_LETTERS_PER_TOKEN = 4.0


@frozen
class BatchItem:
    """One request of a bulk run, and what became of it.

    Attributes:
        index: The request's place in the input, from 0.
        id: The request's own id; None if it has none.
        request: The request as it was given.
        completion: The completion; None if the item failed.
        error: Why the item failed; None if it did not.
        elapsed: How long it took, in seconds, from its first attempt, waiting for the rate limit included.
        attempts: How many requests were sent for it.

    Example:
        >>> prompts = ["Hello!", "Goodbye!"]
        >>> [item.text for item in client.map_chat_completions(prompts, assistant_id=assistant_id)]
        ['You said: Hello!', 'You said: Goodbye!']
    """

    index: int
    id: str | None
    request: object
    completion: ChatCompletion | None
    error: PixiGPTError | None
    elapsed: float
    attempts: int

    @property
    def text(self) -> str:
        """The completion's text; empty if the item failed, or the model called tools instead.

        Example:
            >>> [item.text for item in client.map_chat_completions(["Hello!"])]
            ['You said: Hello!']
        """
        return "" if self.completion is None else self.completion.choices[0].message.content or ""


def chat_plan(
    options: Mapping[str, Any], speed: Speed, total_timeout: float | None, *, is_ordered: bool
) -> Plan[ChatCompletion, BatchItem]:
    """Return the plan of `map_chat_completions`; raise ValueError or TypeError if an option is bad."""
    check_options("map_chat_completions", options)
    return Plan(speed, total_timeout, _reader(options), _call, _tokens, _item, is_ordered)


def work_plan(
    read: Callable[[int, object], Work[ChatCompletion]], speed: Speed, total_timeout: float | None
) -> WorkPlan:
    """Return a plan of chats whose work is taken as it ends, in any order."""
    return Plan(speed, total_timeout, read, _call, _tokens, _work_itself, is_ordered=False)


def _reader(options: Mapping[str, object]) -> Callable[[int, object], Work[ChatCompletion]]:
    def read(index: int, request: object) -> Work[ChatCompletion]:
        try:
            arguments = chat_arguments(options, request)
            if not isinstance(request, str):
                check_chat(arguments)
            return chat_work(index, request_id(request), request, arguments, new_key())
        except (TypeError, ValueError) as error:
            raise type(error)(f"request {index}: {error}") from error

    return read


def chat_work(
    index: int, id: str | None, request: object, arguments: Mapping[str, Any], options: Options
) -> Work[ChatCompletion]:
    """Return an item for the engine, with a guess at the tokens that it needs."""
    letters = sum(len(str(message)) for message in arguments["messages"])
    tokens = letters / _LETTERS_PER_TOKEN + (arguments.get("max_tokens") or 0)
    return Work(index, id, request, arguments, options, tokens)


def _call(client: Any, work: Work[ChatCompletion]) -> Any:  # noqa: ANN401  # of either client
    return client.create_chat_completion(**work.arguments)


def _tokens(completion: ChatCompletion) -> float:
    return completion.usage.total_tokens


def _item(work: Work[ChatCompletion]) -> BatchItem:
    return BatchItem(work.index, work.id, work.request, work.result, work.error, work.elapsed, work.attempts)


def _work_itself(work: Work[ChatCompletion]) -> Work[ChatCompletion]:
    return work
