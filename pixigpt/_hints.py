"""Hints for people who come from another SDK: what to write in place of what does not exist here."""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, cast

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_ATTRIBUTES = {
    "assistants": "use create_assistant(), list_assistants(), ...",
    "batches": "use run_batch()",
    "beta": "use create_thread(), create_run() and wait_for_run(), or create_assistant()",
    "chat": "use create_chat_completion(), or stream_chat_completion()",
    "embeddings": "use create_embedding()",
    "messages": "use create_chat_completion(), or create_message() on a thread",
    "models": "the API has none; another server may: client.request('GET', '/models')",
    "moderations": "use moderate_text() or moderate_media()",
    "responses": "use create_chat_completion()",
    "threads": "use create_thread(), list_threads(), ...",
    "with_raw_response": "use `with capture_responses() as responses:`",
}
_CALL_OPTION = "use client.with_options({name}=...)"
CHAT_ARGUMENTS = {
    "extra_headers": "use client.with_options(headers=...)",
    "input": "pass messages",
    "max_completion_tokens": "pass max_tokens",
    "max_retries": _CALL_OPTION,
    "model": "pass assistant_id; for another server, use client.with_options(extra_body={{'model': ...}})",
    "stream": "use stream_chat_completion()",
    "stream_options": "use stream_chat_completion()",
    "prompt": "pass messages",
    "response_format": "use parse_chat_completion(), or client.with_options(extra_body={{{name!r}: ...}})",
    "thread_id": "use ask(), or create_message(), create_run() and wait_for_run()",
    "timeout": _CALL_OPTION,
}
STREAM_ARGUMENTS = {**CHAT_ARGUMENTS, "stream": "it always streams", "stream_options": "pass include_usage"}
CLIENT_ARGUMENTS = {
    "default_headers": "pass headers",
    "default_query": "pass extra_query",
    "model": "pass assistant_id to create_chat_completion()",
    "organization": "the API has no organizations",
    "project": "the API has no projects",
}
_UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")


def explain(arguments: Mapping[str, str], default: str) -> Callable[[FunctionT], FunctionT]:
    """Return a decorator that adds to the TypeError of an unexpected keyword what to write in its place."""

    def add_hint(error: TypeError) -> None:
        if found := _UNEXPECTED.search(str(error)):
            hint = arguments.get(found[1], default).format(name=found[1])
            error.args = (f"{error}: {hint}",)

    def decorate(function: FunctionT) -> FunctionT:
        @wraps(function)
        def explained(*args: object, **kwargs: object) -> object:
            try:
                return function(*args, **kwargs)
            except TypeError as error:
                add_hint(error)
                raise

        @wraps(function)
        async def async_explained(*args: object, **kwargs: object) -> object:
            try:
                return await function(*args, **kwargs)
            except TypeError as error:
                add_hint(error)
                raise

        return cast("FunctionT", async_explained if iscoroutinefunction(function) else explained)

    return decorate


class _Hints:
    _hints: ClassVar[Mapping[str, str]]

    if not TYPE_CHECKING:  # a type checker would accept every misspelled attribute

        def __getattr__(self, name: str) -> NoReturn:
            hint = f": {self._hints[name]}" if name in self._hints else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")


class SyncHints(_Hints):
    """What the sync client says to code written for another client."""

    _hints: ClassVar = {**_ATTRIBUTES, "aclose": "use client.close()"}

    async def __aenter__(self, *_: object) -> NoReturn:
        raise TypeError("Client is synchronous: use `with Client(...)`, or AsyncClient")

    __aexit__ = __aenter__  # `async with` looks for it first


class AsyncHints(_Hints):
    """What the async client says to code written for another client."""

    _hints: ClassVar = {**_ATTRIBUTES, "close": "use `await client.aclose()`"}

    def __enter__(self, *_: object) -> NoReturn:
        raise TypeError("AsyncClient is asynchronous: use `async with AsyncClient(...)`, or Client")

    __exit__ = __enter__  # `with` looks for it first
