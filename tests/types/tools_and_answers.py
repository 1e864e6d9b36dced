"""A user's app with tools and typed answers: what each checker must make of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, assert_type

from pixigpt import AsyncClient, Client, Message, Reply, Run, Tool, ToolCall, ToolFailedError
from pixigpt.tools import ParsedCompletion, ToolCallRecord, ToolRun, tool


@dataclass
class City:
    name: str


@tool
def add(a: int, b: int = 1) -> int:
    return a + b


@tool(name="later", description="Later.")
async def later(word: str) -> str:
    return word


def plain(word: str) -> str:
    return word


async def plain_async(word: str) -> str:
    return word


def approve(call: ToolCall) -> bool:
    return call.function.name == "add"


async def approve_async(call: ToolCall) -> bool:
    return call.function.name == "add"


def note(record: ToolCallRecord) -> None:
    assert_type(record.arguments, dict[str, Any] | None)
    assert_type(record.error, Exception | None)
    assert_type(record.elapsed, float)


def sync_app(client: Client) -> None:
    assert_type(add(1, b=2), int)
    assert_type(add.function(1), int)
    assert_type(add.definition, Tool)
    assert_type(tool(plain)("a"), str)
    tools: list[Callable[..., object]] = [add, plain]
    run = client.run_tools([{"role": "user", "content": "Hi"}], tools, approve=approve, on_call=note, on_text=print)
    assert_type(run, ToolRun)
    assert_type(run.text, str)
    assert_type(run.messages, list[Message])
    client.run_tools(run.messages, [add, plain], max_rounds=3, concurrency=2, report_errors=True)
    answer = client.parse_chat_completion(run.messages, City, max_repairs=0)
    assert_type(answer, ParsedCompletion[City])
    assert_type(answer.parsed.name, str)
    assert_type(client.parse_chat_completion(run.messages, int).parsed, int)
    assert_type(client.parse_chat_completion(run.messages, list[City]).parsed, list[City])
    client.parse_chat_completion(run.messages, Literal["a", "b"])
    client.parse_chat_completion(run.messages, int | None)
    reply = client.ask("a", "Hi", thread_id="t", timeout=None, idempotency_key="k")
    assert_type(reply, Reply)
    assert_type(reply.text, str)
    assert_type(reply.run, Run)


async def async_app(client: AsyncClient) -> None:
    assert_type(await later("a"), str)
    run = await client.run_tools([{"role": "user", "content": "Hi"}], [later, plain_async, add], approve=approve_async)
    assert_type(run, ToolRun)
    assert_type((await client.parse_chat_completion(run.messages, City)).parsed, City)
    assert_type(await client.ask("a", "Hi"), Reply)
    try:
        await client.run_tools(run.messages, [add])
    except ToolFailedError as error:
        assert_type(error.call, ToolCall | None)
        assert_type(error.run, ToolRun | None)
