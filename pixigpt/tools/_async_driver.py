"""Drives the loops of tools and of typed answers for the async client; the counterpart of `_driver`."""

import inspect
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio
import anyio.to_thread
from attrs import evolve, frozen

from pixigpt._arguments import MessageLike
from pixigpt._async_driver import drive
from pixigpt._capture import capture_responses
from pixigpt._clock import block_end, deadline
from pixigpt._settings import Settings
from pixigpt._tool_run import ToolRun
from pixigpt.tools._calls import PendingCall
from pixigpt.tools._conversation import Received, Send
from pixigpt.tools._parse import ParsedCompletion, ParseLoop
from pixigpt.tools._runner import Approve, Approver, Outcome, Reader, RunOptions, Step, ToolLoop
from pixigpt_api.models import ChatCompletion, Message, Tool

if TYPE_CHECKING:
    from pixigpt._async_chat_stream import AsyncChatCompletionStream

T = TypeVar("T")


@frozen
class Chat:
    """How a conversation is sent: at once or streamed, with these arguments."""

    send: Callable[..., Awaitable[ChatCompletion]]
    stream: "Callable[..., AsyncChatCompletionStream]"
    arguments: Mapping[str, object]

    def with_tools(self, tools: list[Tool] | None) -> "Chat":
        """Return it with the tools that the model may call."""
        return evolve(self, arguments={**self.arguments, "tools": tools})

    async def received(self, messages: list[Message], on_text: Reader | None) -> Received:
        """Send messages; return the answer, whose text has gone to `on_text` as it came."""
        with capture_responses() as responses:
            completion = await (
                self.send(messages, **self.arguments) if on_text is None else self._streamed(messages, on_text)
            )
        return Received(completion, sum(each.attempts for each in responses))

    async def _streamed(self, messages: list[Message], on_text: Reader) -> ChatCompletion:
        async with self.stream(messages, **self.arguments) as stream:
            async for text in stream.text():
                await _called(on_text, text)
            return await stream.completion()


async def run_tools(
    chat: Chat,
    settings: Settings,
    messages: Sequence[MessageLike],
    tools: Sequence[Callable[..., Any]],
    options: RunOptions,
) -> ToolRun:
    """Run a conversation with tools."""
    loop = ToolLoop.create(settings, messages, tools, options, may_be_async=True)
    with deadline(settings.total_timeout):
        return await drive(loop.run(), _ToolDriver(chat.with_tools(loop.definitions), options).perform)


async def parse_chat_completion(
    chat: Chat, settings: Settings, messages: Sequence[MessageLike], response_type: type[T], max_repairs: int
) -> ParsedCompletion[T]:
    """Ask for an answer of a type."""
    loop = ParseLoop[T].create(settings, messages, response_type, max_repairs)
    with deadline(settings.total_timeout):
        return await drive(loop.run(), partial(_send, chat.with_tools([loop.target.tool])))


async def _send(chat: Chat, step: Send) -> Received:
    return await chat.received(step.messages, None)


@frozen
class _ToolDriver:
    """Performs the steps of a run of tools."""

    chat: Chat
    options: RunOptions

    async def perform(self, step: Step) -> Outcome:
        """Perform a step; return its outcome."""
        if isinstance(step, Send):
            return await self.chat.received(step.messages, self.options.on_text)
        end = block_end()
        left = math.inf if end is None else end - time.monotonic()
        if left <= 0:
            return None
        with anyio.CancelScope(deadline=anyio.current_time() + left):
            if isinstance(step, Approve):
                return bool(await _called(cast("Approver", self.options.approve), step.call))
            await self._execute(step.calls)
        return None

    async def _execute(self, calls: list[PendingCall]) -> None:
        todo, most = iter(calls), min(self.options.concurrency, len(calls))
        if most == 1:
            await self._work(todo, most)
            return
        try:
            async with anyio.create_task_group() as group:
                for _ in range(most):
                    group.start_soon(self._work, todo, most)
        except BaseExceptionGroup as group:  # the tools' own exceptions are in the calls: this is the callback's
            raise group.exceptions[0] from group.exceptions[0].__cause__

    async def _work(self, todo: Iterator[PendingCall], most: int) -> None:
        """Run one call after the other, of those that several workers share."""
        in_thread = partial(anyio.to_thread.run_sync, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(most))
        for call in todo:
            await call.run_async(in_thread)
            if self.options.on_call is not None:
                await _called(self.options.on_call, call.record())


async def _called(callback: Callable[[T], object], argument: T) -> object:
    result = callback(argument)
    return await result if inspect.isawaitable(result) else result
