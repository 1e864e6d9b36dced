"""Another OpenAI-compatible server as the model, called by our own client."""

from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any

import anyio
from attrs import define, field

from pixigpt import AsyncChatCompletionStream, AsyncClient, Client
from pixigpt.errors import (
    APIError,
    APITimeoutError,
    AuthenticationError,
    PermissionDeniedError,
    PixiGPTError,
)
from pixigpt.testing._errors import ServiceError
from pixigpt.testing._model import Deltas, Finish, Question, Reply, RunEnd
from pixigpt.testing._thinking import ThinkingSplitter
from pixigpt_api.models import (
    ChatCompletion,
    ChunkChoice,
    ChunkDelta,
    CreateEmbeddingRequest,
    EmbeddingList,
    EmbeddingUsage,
    EmbeddingVector,
    FinishReason,
    FunctionCall,
    FunctionCallDelta,
    Message,
    ToolCall,
    ToolCallDelta,
    Usage,
)

_NO_KEY = "sk-local-upstream"  # what a server without keys gets
_PATIENCE = 600.0  # seconds for a whole reply, or for the silence in a stream


@define
class Upstream:
    """An upstream server. A call is tried once, since the caller retries; a run, as often as the SDK does."""

    _base_url: str
    _api_key: str | None = field(repr=False)
    _model: str | None
    is_rule: bool = field(init=False, default=False)
    _client: AsyncClient = field(init=False)
    _naming: anyio.Lock = field(init=False)

    def __attrs_post_init__(self) -> None:
        try:
            Client(self._given_key, self._base_url).close()  # so that a bad argument is told at once
        except (TypeError, ValueError) as cause:
            raise (TypeError if isinstance(cause, TypeError) else ValueError)(f"upstream: {cause}") from cause

    @property
    def _given_key(self) -> str:
        # Never None: the client would take PIXIGPT_API_KEY, which is not this server's business.
        return _NO_KEY if self._api_key is None else self._api_key

    def open(self) -> None:
        """Make the client of this event loop."""
        self._client = AsyncClient(self._given_key, self._base_url, timeout=_PATIENCE)
        self._naming = anyio.Lock()

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    @property
    def name(self) -> str:
        """The model's name; until the first call, only if it was given."""
        return self._model or "upstream"

    async def _known_name(self, client: AsyncClient) -> str:
        """Return the model's name: the one that was given, else the first that the server lists."""
        if self._model is None:
            async with self._naming:  # so that 200 runs ask once
                self._model = self._model or await _first_model(client)
        return self._model

    async def reply(self, question: Question) -> Reply:
        """Return the reply to a conversation."""
        client = await self._for(self._client.with_options(max_retries=0), question.options)
        with _as_service_error():
            completion = await client.create_chat_completion(**_arguments(question))
        return _reply(completion, thinking=question.thinking)

    async def run(self, question: Question, begin: Callable[[], None]) -> RunEnd:
        """Complete a run, or fail it for the reason for which the upstream failed."""
        begin()
        try:
            return RunEnd("completed", await self._reply_to_run(question))
        except ServiceError as error:
            return RunEnd("failed", reason=str(error))

    async def _reply_to_run(self, question: Question) -> Reply:
        # Streamed, so that it lasts as long as the model thinks: only silence is limited.
        client = await self._for(self._client, question.options)
        with _as_service_error():
            async with client.stream_chat_completion(**_arguments(question), include_usage=False) as stream:
                completion = await stream.completion()
        return _reply(completion, thinking=question.thinking)

    async def stream(self, question: Question) -> Deltas:
        """Yield the reply as it comes from the upstream; leaving this closes the upstream's stream."""
        client = await self._for(self._client.with_options(max_retries=0), question.options)
        with _as_service_error():
            async with (
                client.stream_chat_completion(**_arguments(question)) as stream,
                aclosing(_deltas(stream, thinking=question.thinking)) as deltas,
            ):
                async for delta in deltas:
                    yield delta

    async def embed(self, body: CreateEmbeddingRequest) -> EmbeddingList:
        """Return the upstream's vectors; `model` may name another model than the chat's."""
        unknown = {name: value for name, value in body.additional_properties.items() if name != "encoding_format"}
        client = self._client.with_options(max_retries=0, extra_body=unknown)
        model = body.model or await self._known_name(client)
        with _as_service_error():
            found = await client.create_embedding(body.input_, model)
        vectors = [
            EmbeddingVector(object_="embedding", embedding=each.embedding, index=each.index) for each in found.data
        ]
        counted = EmbeddingUsage(prompt_tokens=found.usage.prompt_tokens, total_tokens=found.usage.total_tokens)
        return EmbeddingList(object_="list", data=vectors, usage=counted)

    async def _for(self, client: AsyncClient, options: Mapping[str, Any]) -> AsyncClient:
        """Return a client that names the model, and sends what the contract does not know."""
        return client.with_options(extra_body={**options, "model": await self._known_name(client)})


async def _first_model(client: AsyncClient) -> str:
    with _as_service_error():
        listed = await client.request("GET", "/models")
    try:
        return str(listed["data"][0]["id"])
    except (LookupError, TypeError) as cause:
        raise ServiceError(502, "The upstream lists no models: name one by upstream_model.") from cause


def _arguments(question: Question) -> dict[str, Any]:
    """Return what the client sends. A temperature of 0 counts as absent, as it does in the API."""
    return {
        "messages": _with_instructions(question),
        "tools": question.tools,
        "temperature": question.temperature or None,
        "max_tokens": question.max_tokens,
    }


def _with_instructions(question: Question) -> list[Message]:
    """Put the instructions into the system message, of which many chat templates allow but one."""
    messages = [*question.messages]
    if not question.instructions:
        return messages
    content = question.instructions
    if messages and messages[0].role == "system":
        content = f"{content}\n\n{messages.pop(0).content or ''}".rstrip()
    return [Message(role="system", content=content), *messages]


def _reply(completion: ChatCompletion, *, thinking: bool) -> Reply:
    choice = completion.choices[0]
    splitter = ThinkingSplitter()
    apart = splitter.reasoning(choice.reasoning_content or "")
    content, reasoning = splitter.content(choice.message.content or "")
    more_content, more_reasoning = splitter.end()
    calls = [_call(call) for call in choice.message.tool_calls or []]
    text = content + more_content
    thoughts = apart + reasoning + more_reasoning
    return Reply(
        content=text or (None if calls else ""),
        reasoning=(thinking and thoughts) or None,
        tool_calls=calls or None,
        finish_reason=choice.finish_reason,
        usage=_usage(completion.usage),
    )


def _call(call: ToolCall) -> ToolCall:
    """Return a call without what the contract does not know."""
    return ToolCall(id=call.id, function=FunctionCall(name=call.function.name, arguments=call.function.arguments))


async def _deltas(stream: AsyncChatCompletionStream, *, thinking: bool) -> AsyncGenerator[ChunkDelta | Finish]:
    splitter = ThinkingSplitter()
    reason: FinishReason = "stop"
    said_something = False
    yield ChunkDelta(role="assistant")
    async for chunk in stream:
        for choice in chunk.choices[:1]:
            reason = choice.finish_reason or reason
            for delta in _pieces(splitter, choice):
                said_something = said_something or delta.reasoning_content is None
                if thinking or delta.reasoning_content is None:
                    yield delta
    content, reasoning = splitter.end()
    if reasoning and thinking:
        yield ChunkDelta(reasoning_content=reasoning)
    if content or not said_something:
        yield ChunkDelta(content=content)
    yield Finish(reason, _usage(stream.usage))


def _pieces(splitter: ThinkingSplitter, choice: ChunkChoice) -> Iterator[ChunkDelta]:
    delta = choice.delta or ChunkDelta()
    if reasoning := splitter.reasoning(choice.reasoning_content or delta.reasoning_content or ""):
        yield ChunkDelta(reasoning_content=reasoning)
    content, reasoning = splitter.content(delta.content or "")
    if reasoning:
        yield ChunkDelta(reasoning_content=reasoning)
    if content:
        yield ChunkDelta(content=content)
    if delta.tool_calls:
        yield ChunkDelta(tool_calls=[_call_delta(call) for call in delta.tool_calls])


def _call_delta(call: ToolCallDelta) -> ToolCallDelta:
    function = call.function and FunctionCallDelta(name=call.function.name, arguments=call.function.arguments)
    return ToolCallDelta(index=call.index, id=call.id, type_=call.type_, function=function)


def _usage(told: Usage | None) -> Usage:
    """Return the tokens without what the contract does not know; zeros where the upstream has told none."""
    if told is None:
        return Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0)
    return Usage(
        prompt_tokens=told.prompt_tokens, completion_tokens=told.completion_tokens, total_tokens=told.total_tokens
    )


@contextmanager
def _as_service_error() -> Generator[None]:
    try:
        yield
    except PixiGPTError as error:
        raise _service_error(error) from error
    except ValueError as error:  # what the contract allows and the SDK does not send, such as a result without content
        raise ServiceError(400, str(error)) from error


def _service_error(error: PixiGPTError) -> ServiceError:
    """Return what the server responds: the upstream's status and text, but 502 where its key or it itself is bad."""
    if isinstance(error, AuthenticationError | PermissionDeniedError):
        return ServiceError(502, f"The upstream refuses its key ({error.status_code}): {error.message}")
    if isinstance(error, APIError) and 400 <= error.status_code <= 599:  # uvicorn sends no other
        wait = error.headers.get("retry-after")
        headers = {"Retry-After": wait} if wait is not None and wait.isascii() else None
        return ServiceError(error.status_code, error.message, error.code, kind=error.type, headers=headers)
    status = 504 if isinstance(error, APITimeoutError) else 502
    return ServiceError(status, f"The upstream failed: {error.message}", "upstream_error")
