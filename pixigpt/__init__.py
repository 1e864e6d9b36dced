"""The Python SDK for the PixiGPT API."""

import importlib
import typing

from pixigpt._version import __version__

if typing.TYPE_CHECKING:
    from pixigpt._arguments import MessageLike, ToolLike
    from pixigpt._ask import Reply
    from pixigpt._capture import CapturedResponse, capture_responses
    from pixigpt._clock import deadline
    from pixigpt._retry import RetryPolicy
    from pixigpt._streams.accumulator import ChatCompletionAccumulator
    from pixigpt._streams.async_chat_stream import AsyncChatCompletionStream
    from pixigpt._streams.async_response_stream import AsyncResponseStream
    from pixigpt._streams.chat_stream import ChatCompletionStream
    from pixigpt._streams.response_stream import ResponseStream
    from pixigpt.async_client import AsyncClient
    from pixigpt.client import Client
    from pixigpt.errors import (
        APIConnectionError,
        APIError,
        APIResponseError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ClientClosedError,
        ConflictError,
        DeadlineExceededError,
        IncompleteAnswerError,
        NotFoundError,
        ParseFailedError,
        PermissionDeniedError,
        PixiGPTError,
        RateLimitError,
        RunCancelledError,
        RunError,
        RunExpiredError,
        RunFailedError,
        RunTimeoutError,
        ServerError,
        ToolFailedError,
        ToolRoundsError,
        UnprocessableEntityError,
        is_auth_error,
        is_rate_limit_error,
    )
    from pixigpt_api.models import (
        Assistant,
        ChatCompletion,
        ChatCompletionChunk,
        Choice,
        ChunkChoice,
        ChunkDelta,
        CodeExecution,
        ContentBlock,
        EmbeddingList,
        EmbeddingUsage,
        EmbeddingVector,
        FinishReason,
        FunctionCall,
        FunctionCallDelta,
        FunctionDefinition,
        FunctionParameters,
        Media,
        Message,
        Moderation,
        ModerationCategory,
        RankedDocument,
        RerankResult,
        RerankUsage,
        Role,
        Run,
        RunStatus,
        Source,
        TextContent,
        Thread,
        ThreadMessage,
        Tool,
        ToolCall,
        ToolCallDelta,
        Usage,
        VisionResult,
    )

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseError",
    "APITimeoutError",
    "Assistant",
    "AsyncChatCompletionStream",
    "AsyncClient",
    "AsyncResponseStream",
    "AuthenticationError",
    "BadRequestError",
    "CapturedResponse",
    "ChatCompletion",
    "ChatCompletionAccumulator",
    "ChatCompletionChunk",
    "ChatCompletionStream",
    "Choice",
    "ChunkChoice",
    "ChunkDelta",
    "Client",
    "ClientClosedError",
    "CodeExecution",
    "ConflictError",
    "ContentBlock",
    "DeadlineExceededError",
    "EmbeddingList",
    "EmbeddingUsage",
    "EmbeddingVector",
    "FinishReason",
    "FunctionCall",
    "FunctionCallDelta",
    "FunctionDefinition",
    "FunctionParameters",
    "IncompleteAnswerError",
    "Media",
    "Message",
    "MessageLike",
    "Moderation",
    "ModerationCategory",
    "NotFoundError",
    "ParseFailedError",
    "PermissionDeniedError",
    "PixiGPTError",
    "RankedDocument",
    "RateLimitError",
    "Reply",
    "RerankResult",
    "RerankUsage",
    "ResponseStream",
    "RetryPolicy",
    "Role",
    "Run",
    "RunCancelledError",
    "RunError",
    "RunExpiredError",
    "RunFailedError",
    "RunStatus",
    "RunTimeoutError",
    "ServerError",
    "Source",
    "TextContent",
    "Thread",
    "ThreadMessage",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "ToolFailedError",
    "ToolLike",
    "ToolRoundsError",
    "UnprocessableEntityError",
    "Usage",
    "VisionResult",
    "__version__",
    "capture_responses",
    "deadline",
    "is_auth_error",
    "is_rate_limit_error",
]

# Where the names are that are loaded by themselves: importing what a program never needs costs time.
_ON_FIRST_USE = {
    "AsyncChatCompletionStream": "pixigpt._streams.async_chat_stream",
    "AsyncClient": "pixigpt.async_client",
    "AsyncResponseStream": "pixigpt._streams.async_response_stream",
    "CapturedResponse": "pixigpt._capture",
    "ChatCompletionAccumulator": "pixigpt._streams.accumulator",
    "ChatCompletionStream": "pixigpt._streams.chat_stream",
    "Client": "pixigpt.client",
    "Reply": "pixigpt._ask",
    "ResponseStream": "pixigpt._streams.response_stream",
    "capture_responses": "pixigpt._capture",
    "deadline": "pixigpt._clock",
}


# Where all the others are, one of these. `import pixigpt` loads none of it: a command line and a test runner, which
# import the package for a part of it, start in a fifth of the time.
_CORE = ("pixigpt.errors", "pixigpt._arguments", "pixigpt._retry", "pixigpt_api.models")

_PUBLIC_MODULES = ("async_client", "client", "errors")


def __getattr__(name: str) -> object:
    """Import a name, or a public module, on its first use."""
    if name in _PUBLIC_MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules = (_ON_FIRST_USE[name],) if name in _ON_FIRST_USE else _CORE
    loaded = (vars(importlib.import_module(module)) for module in modules)
    globals()[name] = found = next(names[name] for names in loaded if name in names)
    return found


def __dir__() -> list[str]:
    """Name them all."""
    return sorted({*globals(), *__all__})
