"""A user's app, typed throughout: every method of both clients, and what each checker must make of its result."""

from collections.abc import Generator
from pathlib import Path
from typing import Literal, assert_type

import httpx

import pixigpt
from pixigpt import (
    Assistant,
    AsyncChatCompletionStream,
    AsyncClient,
    CapturedResponse,
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionStream,
    Client,
    EmbeddingList,
    Moderation,
    PixiGPTError,
    RateLimitError,
    RerankResult,
    RetryPolicy,
    Run,
    RunFailedError,
    Thread,
    ThreadMessage,
    ToolCall,
    Usage,
    VisionResult,
)
from pixigpt.bulk import BatchItem, BatchProgress, BatchSummary
from pixigpt.middleware import Cache, CallRequest, CallResponse, Middleware
from pixigpt_api import AuthenticatedClient
from pixigpt_api.api.pixigpt import get_run, list_threads
from pixigpt_api.models import ThreadList

TOOL = {"type": "function", "function": {"name": "now"}}


def report(run: Run) -> None:
    """Print each change of status."""
    assert_type(run.status, Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"])
    print(run.status)


def log(request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
    """Print what each call has cost."""
    response = yield request.evolve(headers={"x-team": "red", "user-agent": None})
    assert_type(response, CallResponse)
    assert_type(response.usage, Usage | None)
    assert_type(response.elapsed, float)
    print(request.operation, response.usage)
    return response


MIDDLEWARE: list[Middleware] = [log, Cache({}, ttl=60.0)]


def told(progress: BatchProgress) -> None:
    """Print how far a batch is."""
    print(progress.left)


def sync_app(client: Client) -> None:
    answer = client.create_chat_completion([{"role": "user", "content": "Hi."}], temperature=0.5, tools=[TOOL])
    assert_type(answer, ChatCompletion)
    assert_type(answer.choices[0].message.content, str | None)
    assert_type(answer.choices[0].message.tool_calls, list[ToolCall] | None)
    with client.stream_chat_completion([{"role": "user", "content": "Hi."}], include_usage=False) as stream:
        assert_type(stream, ChatCompletionStream)
        assert_type(next(stream), ChatCompletionChunk)
        assert_type(list(stream), list[ChatCompletionChunk])
        assert_type(list(stream.text()), list[str])
        assert_type(stream.snapshot, ChatCompletion | None)
    assert_type(stream.completion(), ChatCompletion)
    assert_type(stream.usage, Usage | None)
    assert_type(client.create_chat_completion([answer.choices[0].message], assistant_id="a"), ChatCompletion)
    thread = client.create_thread()
    assert_type(thread, Thread)
    assert_type(client.get_thread(thread.id), Thread)
    assert_type(client.list_threads(), list[Thread])
    assert_type(client.create_message(thread.id, "user", "Hi."), ThreadMessage)
    assert_type(client.create_messages_bulk(thread.id, [{"role": "user", "content": "Hi."}]), list[ThreadMessage])
    assert_type(client.list_messages(thread.id, limit=5), list[ThreadMessage])
    run = client.create_run(thread.id, "a", enable_thinking=False, max_tokens=5)
    assert_type(run, Run)
    assert_type(client.get_run(thread.id, run.id), Run)
    assert_type(client.wait_for_run(thread.id, run.id, timeout=None, on_update=report), Run)
    assert_type(run.message, ThreadMessage | None)
    client.delete_thread(thread.id)
    assistant = client.create_assistant("A", "I", tools_config="{}")
    assert_type(assistant, Assistant)
    assert_type(client.get_assistant(assistant.id), Assistant)
    assert_type(client.list_assistants(), list[Assistant])
    assert_type(client.update_assistant(assistant.id, "A", "I"), Assistant)
    assert_type(client.list_assistant_threads(assistant.id), list[Thread])
    client.delete_assistant(assistant.id)
    assert_type(client.analyze_image("https://example.com/a.png", "What?"), VisionResult)
    assert_type(client.analyze_image_for_tags("https://example.com/a.png").result, str)
    assert_type(client.extract_text("https://example.com/a.png"), VisionResult)
    assert_type(client.analyze_video("https://example.com/a.mp4"), VisionResult)
    assert_type(client.moderate_text("Hi."), Moderation)
    assert_type(client.moderate_media("https://example.com/a.png", is_video=True).score, float)
    assert_type(client.create_embedding("Hi."), EmbeddingList)
    assert_type(client.create_embedding(["Hi."]).data[0].embedding, list[float])
    assert_type(client.rerank("q", ["a", "b"], top_k=1), RerankResult)
    assert_type(client.call(get_run, "t", "r"), Run)
    assert_type(client.call(list_threads), ThreadList)
    assert_type(client.raw, AuthenticatedClient)
    assert_type(client.with_options(timeout=5.0, max_retries=0), Client)
    assert_type(client.with_options(middleware=MIDDLEWARE), Client)


def bulk_app(client: Client) -> None:
    for item in client.map_chat_completions(["Hi.", {"prompt": "Hi.", "id": 1}], max_tokens=5):
        assert_type(item, BatchItem)
        assert_type(item.error, PixiGPTError | None)
    assert_type(next(client.map_embeddings(["Hi."])), list[float])
    assert_type(client.run_batch("a.jsonl", "b.jsonl", on_progress=told, temperature=0.5), BatchSummary)


async def async_app(client: AsyncClient) -> None:
    answer = await client.create_chat_completion([{"role": "user", "content": "Hi."}], enable_thinking=True)
    assert_type(answer, ChatCompletion)
    thread = await client.create_thread()
    assert_type(thread, Thread)
    assert_type(await client.get_thread(thread.id), Thread)
    assert_type(await client.list_threads(), list[Thread])
    assert_type(await client.create_message(thread.id, "user", "Hi."), ThreadMessage)
    assert_type(await client.create_messages_bulk(thread.id, []), list[ThreadMessage])
    assert_type(await client.list_messages(thread.id), list[ThreadMessage])
    assert_type(await client.create_run(thread.id, "a"), Run)
    assert_type(await client.get_run(thread.id, "r"), Run)
    assert_type(await client.wait_for_run(thread.id, "r", poll_interval=1.0), Run)
    await client.delete_thread(thread.id)
    assert_type(await client.create_assistant("A", "I"), Assistant)
    assert_type(await client.get_assistant("a"), Assistant)
    assert_type(await client.list_assistants(), list[Assistant])
    assert_type(await client.update_assistant("a", "A", "I"), Assistant)
    assert_type(await client.list_assistant_threads("a", limit=1), list[Thread])
    await client.delete_assistant("a")
    assert_type(await client.analyze_image("https://example.com/a.png"), VisionResult)
    assert_type(await client.analyze_image_for_tags("https://example.com/a.png"), VisionResult)
    assert_type(await client.extract_text("https://example.com/a.png"), VisionResult)
    assert_type(await client.analyze_video("https://example.com/a.mp4"), VisionResult)
    assert_type(await client.moderate_text("Hi."), Moderation)
    assert_type(await client.moderate_media("https://example.com/a.png"), Moderation)
    assert_type(await client.create_embedding(["Hi."]), EmbeddingList)
    assert_type(await client.rerank("q", ("a", "b")), RerankResult)
    async for item in client.map_chat_completions(["Hi."], ordered=False):
        assert_type(item, BatchItem)
    assert_type([vector async for vector in client.map_embeddings(["Hi."])], list[list[float]])
    assert_type(await client.run_batch("a.jsonl", "b.jsonl", price=(0.5, 2)), BatchSummary)
    assert_type(await client.call(get_run, "t", "r"), Run)
    async with client.stream_chat_completion([{"role": "user", "content": "Hi."}]) as stream:
        assert_type(stream, AsyncChatCompletionStream)
        assert_type(await anext(stream), ChatCompletionChunk)
        assert_type([text async for text in stream.text()], list[str])
    assert_type(await stream.completion(), ChatCompletion)
    assert_type(client.with_options(retry=RetryPolicy(max_retries=1)), AsyncClient)


def main() -> None:
    with Client(timeout=5, middleware=[log], limits=httpx.Limits(max_connections=5)) as client, pixigpt.deadline(30):
        assert_type(client, Client)
        with pixigpt.capture_responses() as answers:
            sync_app(client)
        assert_type(answers, list[CapturedResponse])
        assert_type(answers[0].request_id, str | None)
        try:
            sync_app(client)
        except RateLimitError as error:
            assert_type(error.retry_after, float | None)
            assert_type(error.earlier, tuple[PixiGPTError, ...])
        except RunFailedError as error:
            assert_type(error.run, Run | None)
        Path("done").touch()
