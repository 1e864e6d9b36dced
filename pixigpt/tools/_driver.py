"""Drives the loops of tools and of typed answers for the sync client: sends, and runs functions."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import evolve, frozen

from pixigpt._arguments import MessageLike
from pixigpt._capture import capture_responses
from pixigpt._clock import block_end, deadline
from pixigpt._driver import drive
from pixigpt._settings import Settings
from pixigpt._tool_run import ToolRun
from pixigpt.tools._calls import PendingCall, refuse_awaitable
from pixigpt.tools._conversation import Received, Send
from pixigpt.tools._parse import ParsedCompletion, ParseLoop
from pixigpt.tools._runner import Approve, Approver, Outcome, Reader, RunOptions, Step, ToolLoop
from pixigpt_api.models import ChatCompletion, Message, Tool

if TYPE_CHECKING:
    from pixigpt._chat_stream import ChatCompletionStream

T = TypeVar("T")


@frozen
class Chat:
    """How a conversation is sent: at once or streamed, with these arguments."""

    send: Callable[..., ChatCompletion]
    stream: "Callable[..., ChatCompletionStream]"
    arguments: Mapping[str, object]

    def with_tools(self, tools: list[Tool] | None) -> "Chat":
        """Return it with the tools that the model may call."""
        return evolve(self, arguments={**self.arguments, "tools": tools})

    def received(self, messages: list[Message], on_text: Reader | None) -> Received:
        """Send messages; return the answer, whose text has gone to `on_text` as it came."""
        with capture_responses() as responses:
            completion = self.send(messages, **self.arguments) if on_text is None else self._streamed(messages, on_text)
        return Received(completion, sum(each.attempts for each in responses))

    def _streamed(self, messages: list[Message], on_text: Reader) -> ChatCompletion:
        with self.stream(messages, **self.arguments) as stream:
            for text in stream.text():
                _called(on_text, "on_text", text)
            return stream.completion()


def run_tools(
    chat: Chat,
    settings: Settings,
    messages: Sequence[MessageLike],
    tools: Sequence[Callable[..., Any]],
    options: RunOptions,
) -> ToolRun:
    """Run a conversation with tools."""
    loop = ToolLoop.create(settings, messages, tools, options, may_be_async=False)
    with deadline(settings.total_timeout):
        return drive(loop.run(), _ToolDriver(chat.with_tools(loop.definitions), options).perform)


def parse_chat_completion(
    chat: Chat, settings: Settings, messages: Sequence[MessageLike], response_type: type[T], max_repairs: int
) -> ParsedCompletion[T]:
    """Ask for an answer of a type."""
    loop = ParseLoop[T].create(settings, messages, response_type, max_repairs)
    with deadline(settings.total_timeout):
        return drive(loop.run(), partial(_send, chat.with_tools([loop.target.tool])))


def _send(chat: Chat, step: Send) -> Received:
    return chat.received(step.messages, None)


@frozen
class _ToolDriver:
    """Performs the steps of a run of tools."""

    chat: Chat
    options: RunOptions

    def perform(self, step: Step) -> Outcome:
        """Perform a step; return its outcome."""
        if isinstance(step, Send):
            return self.chat.received(step.messages, self.options.on_text)
        if isinstance(step, Approve):
            return bool(_called(cast("Approver", self.options.approve), "approve", step.call))
        self._execute(step.calls)
        return None

    def _execute(self, calls: list[PendingCall]) -> None:
        end = block_end()
        if self.options.concurrency == 1 and end is None:  # in this thread, where it is easiest to debug
            for call in calls:
                call.run()
                self._tell(call)
            return
        if end is not None and time.monotonic() >= end:
            return
        threads = _Threads(calls, self.options.concurrency)
        try:
            for call in threads.finished(end):
                self._tell(call)
        finally:
            threads.stop()

    def _tell(self, call: PendingCall) -> None:
        if self.options.on_call is not None:
            _called(self.options.on_call, "on_call", call.record())


def _called(callback: Callable[[T], object], name: str, argument: T) -> object:
    """Call a callback; raise TypeError if it gives something to await, which would count as a yes."""
    result = callback(argument)
    refuse_awaitable(name, result)
    return result


class _Threads:
    """Threads that run calls. They end with the program, which a tool that hangs does not keep alive."""

    def __init__(self, calls: list[PendingCall], most: int) -> None:
        self._todo = queue.SimpleQueue[tuple[PendingCall, Context]]()
        self._done = queue.SimpleQueue[PendingCall | BaseException]()
        self._left = len(calls)
        for call in calls:
            self._todo.put((call, copy_context()))
        for _ in range(min(most, len(calls))):
            threading.Thread(target=self._work, name="pixigpt-tool", daemon=True).start()

    def finished(self, end: float | None) -> Iterator[PendingCall]:
        """Yield each call that is over, until all are or the end has come."""
        for _ in range(self._left):
            try:
                call = self._done.get(timeout=None if end is None else max(0.0, end - time.monotonic()))
            except queue.Empty:
                return
            if isinstance(call, BaseException):
                raise call
            yield call

    def stop(self) -> None:
        """Begin no more calls."""
        with suppress(queue.Empty):
            while True:
                self._todo.get_nowait()

    def _work(self) -> None:
        with suppress(queue.Empty):
            while True:
                call, context = self._todo.get_nowait()
                try:
                    context.run(call.run)
                except BaseException as error:  # noqa: BLE001  # the other thread, which waits, raises it
                    self._done.put(error)
                    return
                self._done.put(call)
