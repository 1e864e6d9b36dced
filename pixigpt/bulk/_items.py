"""What goes into `map_chat_completions` and comes out of it: a request becomes a chat, a chat's end an item."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, cast

from attrs import frozen

from pixigpt._arguments import MessageLike, ToolLike, chat_messages, tool_list
from pixigpt._endpoint import prepare
from pixigpt._request_body import JsonBody
from pixigpt._settings import Options
from pixigpt.bulk._engine import Work
from pixigpt.bulk._plan import Plan, Speed, new_key
from pixigpt.errors import PixiGPTError
from pixigpt_api.api.pixigpt import create_chat_completion
from pixigpt_api.models import ChatCompletion, CreateChatCompletionRequest

WorkPlan: TypeAlias = Plan[ChatCompletion, Work[ChatCompletion]]

_LETTERS_PER_TOKEN = 4.0


class ChatOptions(TypedDict, total=False):
    """What holds for every request of a bulk run that does not say otherwise."""

    assistant_id: str | None
    temperature: float | None
    max_tokens: int | None
    enable_thinking: bool | None
    tools: Sequence[ToolLike] | None


CHAT_OPTIONS = frozenset(ChatOptions.__annotations__) | {"system"}
_REQUEST_FIELDS = CHAT_OPTIONS | {"messages", "prompt", "id"}

RequestLike: TypeAlias = str | Mapping[str, object]
"""A request of a bulk run: a prompt, or a mapping of `create_chat_completion`'s arguments."""

# Without an assistant the server wants a system message first, and a plain prompt has none.
_DEFAULT_SYSTEM = "You are a helpful assistant."


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


def check_options(function: str, options: Mapping[str, object]) -> None:
    """Raise ValueError or TypeError if an option is bad, or unknown to a function."""
    if unknown := options.keys() - CHAT_OPTIONS:
        raise TypeError(f"{function}() got an unexpected keyword argument {min(unknown)!r}")
    check_chat(chat_arguments(options, "Hello!"))


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


def chat_arguments(options: Mapping[str, object], request: object) -> dict[str, Any]:
    """Return the arguments of `create_chat_completion` for a request; raise ValueError or TypeError if it is bad."""
    if isinstance(request, str):
        return _arguments({**options, "prompt": request})
    if not isinstance(request, Mapping):
        raise TypeError(f"it must be a prompt or a mapping, not {type(request).__name__}")
    return _arguments({**options, **cast("Mapping[str, object]", request)})


def request_id(request: object) -> str | None:
    """Return a request's own id as text, if it has one; raise ValueError if it cannot be one."""
    given = cast("Mapping[str, object]", request).get("id") if isinstance(request, Mapping) else None
    if given is None or (isinstance(given, str) and given):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    raise ValueError(f"an id must be a text that is not empty, or an integer, not {given!r}")


def check_chat(arguments: Mapping[str, Any], extra_body: Mapping[str, Any] | None = None) -> None:
    """Do what `create_chat_completion` does before it sends; raise ValueError or TypeError if an argument is bad."""
    body: dict[str, Any] = {
        **arguments,
        "messages": chat_messages(arguments["messages"]),
        "tools": tool_list(arguments.get("tools")),
    }
    call = prepare(create_chat_completion, body=CreateChatCompletionRequest(**body))
    cast("JsonBody", call.body).encoded(extra_body or {})


def _arguments(fields: dict[str, Any]) -> dict[str, Any]:
    if unknown := fields.keys() - _REQUEST_FIELDS:
        named = ", ".join(map(repr, sorted(map(str, unknown))))
        raise ValueError(f"a request has no {named}; it may have {', '.join(sorted(_REQUEST_FIELDS))}")
    fields.pop("id", None)
    system: str | None = fields.pop("system", None)
    prompt: object = fields.pop("prompt", None)
    if (prompt is None) == (fields.get("messages") is None):
        raise ValueError("it needs either a prompt or messages")
    if prompt is not None:
        fields["messages"] = [_prompt(prompt)]
        system = system or (None if fields.get("assistant_id") else _DEFAULT_SYSTEM)
    if system is not None:
        fields["messages"] = _with_system(system, fields["messages"])
    return fields


def _prompt(prompt: object) -> dict[str, object]:
    if not isinstance(prompt, str):
        raise TypeError(f"a prompt must be a str, not {type(prompt).__name__}")
    try:
        prompt.encode()
    except UnicodeEncodeError as cause:  # half a surrogate pair
        raise ValueError(f"a prompt must be a text that UTF-8 can hold: {cause}") from cause
    return {"role": "user", "content": prompt}


def _with_system(system: object, messages: Sequence[MessageLike]) -> list[MessageLike]:
    """Put a system message first, unless there is one."""
    if not isinstance(system, str):
        raise TypeError(f"system must be a str, not {type(system).__name__}")
    return (
        [*messages]
        if chat_messages(messages)[0].role == "system"
        else [{"role": "system", "content": system}, *messages]
    )


def _call(client: Any, work: Work[ChatCompletion]) -> Any:  # noqa: ANN401  # of either client
    return client.create_chat_completion(**work.arguments)


def _tokens(completion: ChatCompletion) -> float:
    return completion.usage.total_tokens


def _item(work: Work[ChatCompletion]) -> BatchItem:
    return BatchItem(work.index, work.id, work.request, work.result, work.error, work.elapsed, work.attempts)


def _work_itself(work: Work[ChatCompletion]) -> Work[ChatCompletion]:
    return work
