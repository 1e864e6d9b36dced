"""What goes in and comes out of a bulk run: a request becomes a chat, a chat's end an item."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from attrs import frozen

from pixigpt._arguments import chat_messages, tool_list
from pixigpt._endpoint import prepare
from pixigpt.errors import PixiGPTError
from pixigpt_api.api.pixigpt import create_chat_completion
from pixigpt_api.models import ChatCompletion, CreateChatCompletionRequest

CHAT_OPTIONS = frozenset({"assistant_id", "temperature", "max_tokens", "enable_thinking", "tools", "system"})
_REQUEST_FIELDS = CHAT_OPTIONS | {"messages", "prompt", "id"}

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
        """The completion's text; empty if the item failed, or the model called tools instead."""
        return "" if self.completion is None else self.completion.choices[0].message.content or ""


@frozen
class Chat:
    """What to call `create_chat_completion` with for one request."""

    id: str | None
    arguments: dict[str, Any]


def chat_reader(options: Mapping[str, object]) -> Callable[[object], Chat]:
    """Return what turns a request into a chat; raise ValueError or TypeError if an option is bad."""
    if unknown := options.keys() - CHAT_OPTIONS:
        raise TypeError(f"unexpected keyword argument {', '.join(map(repr, sorted(unknown)))}")
    chat = _chat({"prompt": "", **options})
    _check(chat.arguments)

    def read(request: object) -> Chat:
        if isinstance(request, str):
            return _chat({**options, "prompt": request})
        if not isinstance(request, Mapping):
            raise TypeError(f"a request must be a prompt or a mapping, not {type(request).__name__}")
        return _chat({**options, **cast("Mapping[str, object]", request)})

    return read


def _check(arguments: dict[str, Any]) -> None:
    """Do what the client's method does before it sends."""
    body = {**arguments, "messages": chat_messages(arguments["messages"]), "tools": tool_list(arguments.get("tools"))}
    prepare(create_chat_completion, body=CreateChatCompletionRequest(**body))


def _chat(fields: dict[str, object]) -> Chat:
    if unknown := fields.keys() - _REQUEST_FIELDS:
        raise ValueError(f"a request has no {', '.join(map(repr, sorted(map(str, unknown))))}")
    prompt, system, given = fields.pop("prompt", None), fields.pop("system", None), fields.pop("id", None)
    messages = fields.pop("messages", None)
    if (prompt is None) == (messages is None):
        raise ValueError("a request needs a prompt, or messages")
    if messages is None:
        if not isinstance(prompt, str):
            raise TypeError(f"a prompt must be a str, not {type(prompt).__name__}")
        messages = [{"role": "user", "content": prompt}]
        system = system or (None if fields.get("assistant_id") else _DEFAULT_SYSTEM)
    if system is not None:
        messages = [{"role": "system", "content": system}, *cast("list[object]", messages)]
    return Chat(_id(given), {"messages": messages, **fields})


def _id(given: object) -> str | None:
    if given is None or (isinstance(given, str) and given):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    raise ValueError(f"an id must be a text that is not empty, or an integer, not {given!r}")
