"""Drives the loops of tools and of typed answers for the sync client: sends, and runs functions."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from attrs import frozen

from pixigpt._arguments import MessageLike
from pixigpt._capture import capture_responses
from pixigpt._clock import block_end, deadline
from pixigpt._driver import drive
from pixigpt._settings import Settings
from pixigpt.tools._calls import PendingCall, refuse_awaitable
from pixigpt.tools._conversation import Received, Send
from pixigpt.tools._parse import ParseLoop
from pixigpt.tools._results import ParsedCompletion, ToolRun
from pixigpt.tools._runner import Approve, Approver, Execute, Outcome, RunOptions, Step, ToolLoop
from pixigpt_api.models import ChatCompletion, Message, Tool

T = TypeVar("T")


class Chat(Protocol):
    """A chat completion whose other arguments are set."""

    def __call__(self, messages: Sequence[Message], *, tools: Sequence[Tool] | None) -> ChatCompletion: ...


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
        return drive(loop.run(), _ToolDriver(partial(chat, tools=loop.definitions), options).perform)


def parse_chat_completion(
    chat: Chat, settings: Settings, messages: Sequence[MessageLike], response_type: type[T], max_repairs: int
) -> ParsedCompletion[T]:
    """Ask for an answer of a type."""
    loop = ParseLoop[T].create(settings, messages, response_type, max_repairs)
    with deadline(settings.total_timeout):
        return drive(loop.run(), partial(_send, partial(chat, tools=[loop.target.tool])))


def _send(chat: Callable[[list[Message]], ChatCompletion], step: Send) -> Received:
    with capture_responses() as responses:
        completion = chat(step.messages)
    return Received(completion, sum(each.attempts for each in responses))


@frozen
class _ToolDriver:
    """Performs the steps of a run of tools."""

    chat: Callable[[list[Message]], ChatCompletion]
    options: RunOptions

    def perform(self, step: Step) -> Outcome:
        """Perform a step; return its outcome."""
        match step:
            case Send():
                return _send(self.chat, step)
            case Approve(call):
                return bool(_called(cast("Approver", self.options.approve), "approve", call))
            case Execute(calls):
                self._execute(calls)
                return None

    def _execute(self, calls: list[PendingCall]) -> None:
        end = block_end()
        if self.options.concurrency == 1 and end is None:  # in this thread, where it is easiest to debug
            for call in calls:
                call.run()
                self._tell(call)
            return
        done = _Threads(calls, self.options.concurrency)
        try:
            for call in done.finished(end):
                self._tell(call)
        finally:
            done.stop()

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
        self._todo = queue.SimpleQueue[PendingCall]()
        self._done = queue.SimpleQueue[PendingCall | BaseException]()
        self._left = len(calls)
        for call in calls:
            self._todo.put(call)
        for _ in range(min(most, len(calls))):
            threading.Thread(target=copy_context().run, args=(self._work,), name="pixigpt-tool", daemon=True).start()

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
                call = self._todo.get_nowait()
                try:
                    call.run()
                except BaseException as error:  # noqa: BLE001  # the other thread, which waits, raises it
                    self._done.put(error)
                    return
                self._done.put(call)
