"""Drives the loops of tools and of typed answers for the async client: what they send, and how they end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

from pixigpt._arguments import MessageLike
from pixigpt._async_driver import drive
from pixigpt._capture import capture_responses
from pixigpt._clock import deadline
from pixigpt._settings import Settings
from pixigpt._tool_run import ToolRun
from pixigpt.tools._async_driver import ToolDriver, in_time
from pixigpt.tools._conversation import Late, Received, Send
from pixigpt.tools._parse import ParsedCompletion, ParseLoop
from pixigpt.tools._runner import Outcome, Reader, RunOptions, Step, ToolLoop
from pixigpt_api.models import ChatCompletion, Message, Tool

if TYPE_CHECKING:
    from pixigpt._streams.async_chat_stream import AsyncChatCompletionStream

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

    async def received(self, step: Send) -> Received:
        """Send the messages; return the answer."""
        with capture_responses() as responses:
            completion = await self.send(step.messages, **self.arguments)
        return Received(completion, sum(each.attempts for each in responses))

    async def read_out(self, step: Send, on_text: Reader) -> Received | Late:
        """Send the messages; return the answer, whose text has gone to `on_text` as it came."""
        with capture_responses() as responses:
            completion = await self._read(step.messages, on_text)
        attempts = sum(each.attempts for each in responses)
        return Late(attempts) if completion is None else Received(completion, attempts)

    async def _read(self, messages: list[Message], on_text: Reader) -> ChatCompletion | None:
        async with self.stream(messages, **self.arguments) as stream:
            async for text in stream.text():
                if not await in_time("on_text", on_text, text):
                    return None
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
    sender, driver = chat.with_tools(loop.definitions), ToolDriver(options)

    async def perform(step: Step) -> Outcome:
        if not isinstance(step, Send):
            return await driver.perform(step)
        return await (sender.received(step) if options.on_text is None else sender.read_out(step, options.on_text))

    with deadline(settings.total_timeout):
        return await drive(loop.run(), perform)


async def parse_chat_completion(
    chat: Chat, settings: Settings, messages: Sequence[MessageLike], response_type: type[T], max_repairs: int
) -> ParsedCompletion[T]:
    """Ask for an answer of a type."""
    loop = ParseLoop[T].create(settings, messages, response_type, max_repairs)
    with deadline(settings.total_timeout):
        return await drive(loop.run(), chat.with_tools([loop.target.tool]).received)
