"""The loop of a run of tools: send, run what the model calls, send the results, until it answers. It does no I/O."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar, cast

from attrs import define, field, frozen

from pixigpt import _checks, errors
from pixigpt._arguments import MessageLike
from pixigpt._clock import block_end
from pixigpt._failure import redact_texts
from pixigpt._settings import Settings
from pixigpt._tool_run import ToolCallRecord, ToolRun, summary_of
from pixigpt._wait import LAST_POLL
from pixigpt.tools._calls import PendingCall
from pixigpt.tools._conversation import Conversation, Late, Received, Send
from pixigpt.tools._function import AnyTool, tools_by_name
from pixigpt_api.models import ChatCompletion, Message, Tool, ToolCall

T = TypeVar("T")

Approver = Callable[[ToolCall], object]
Observer = Callable[[ToolCallRecord], object]
Reader = Callable[[str], object]


@frozen
class Approve:
    """A step: ask the caller whether to run a call; the outcome is True or False, or None if the deadline passed."""

    call: ToolCall


@frozen
class Execute:
    """A step: run calls, and tell of each that is over; some are not if the deadline passed."""

    calls: list[PendingCall]


Step = Send | Approve | Execute
Outcome = Received | Late | bool | None
Loop = Generator[Step, Outcome, T]


@frozen
class RunOptions:
    """How to run tools."""

    max_rounds: int = field(validator=_checks.validator(_checks.non_negative_int))
    concurrency: int = field(validator=_checks.validator(_checks.positive_int))
    report_errors: bool = field(validator=_checks.validator(_checks.of_type(bool)))
    approve: Approver | None
    on_call: Observer | None
    on_text: Reader | None


@define
class ToolLoop:
    """The state of a run of tools."""

    conversation: Conversation
    tools: dict[str, AnyTool]
    options: RunOptions
    completion: ChatCompletion | None = None
    calls: list[ToolCallRecord] = field(factory=list[ToolCallRecord])
    rounds: int = 0

    @classmethod
    def create(
        cls,
        settings: Settings,
        messages: Sequence[MessageLike],
        tools: Sequence[Callable[..., Any]],
        options: RunOptions,
        *,
        may_be_async: bool,
    ) -> "ToolLoop":
        """Check the arguments; raise ValueError or TypeError if one is bad, or async where nobody can await it."""
        by_name = tools_by_name(tools)
        called = [(each.name, each.function) for each in by_name.values()]
        callbacks = [("approve", options.approve), ("on_call", options.on_call), ("on_text", options.on_text)]
        for name, function in [*called, *callbacks]:  # a tool may have a callback's name
            _checks.callback(name, function, may_be_async=may_be_async)
        return cls(Conversation.begun(settings, messages), by_name, options)

    @property
    def definitions(self) -> list[Tool] | None:
        """The tools as a chat completion takes them."""
        return [each.definition for each in self.tools.values()] or None

    def run(self) -> Loop[ToolRun]:
        """Run until an answer calls no tool."""
        while True:
            received = cast("Received | Late", (yield Send(self.conversation.messages)))
            if isinstance(received, Late):
                self.conversation.attempts += received.attempts
                raise self._too_late("on_text was running")
            self.completion = received.completion
            message = self.conversation.receive(received)
            if not message.tool_calls:
                self.conversation.append(message, {})
                return self._result()
            if self.rounds == self.options.max_rounds:
                text = f"the model still calls tools after {self.rounds} rounds"
                raise self.conversation.stamped(errors.ToolRoundsError(text, self._result()))
            yield from self._round(message, message.tool_calls)

    def _round(self, message: Message, calls: list[ToolCall]) -> Loop[None]:
        self.rounds += 1
        report = self._reported if self.options.report_errors else None
        clock, settings = self.conversation.clock, self.conversation.settings
        pending = [
            PendingCall(call, self.rounds, report, clock, settings.observe, settings.redact_key) for call in calls
        ]
        for each in pending:
            each.prepare(self.tools)
            if self.options.approve and not each.is_over:
                yield from self._ask(each)
        yield Execute(pending)
        if not all(each.is_over for each in pending):
            raise self._too_late()
        self.conversation.append(message, {each.call.id: cast("str", each.content) for each in pending})
        for record in (each.record() for each in pending):
            self.calls.append(record)
            if record.error is not None:
                redact_texts(record.error, self.conversation.settings)
        self._raise_failure(pending)

    def _ask(self, pending: PendingCall) -> Loop[None]:
        is_approved = yield Approve(pending.call)
        if is_approved is None:
            raise self._too_late()
        if not is_approved:
            pending.refuse()

    def _raise_failure(self, pending: list[PendingCall]) -> None:
        for each in pending:
            if each.failure is None:
                continue
            if isinstance(each.failure, errors.DeadlineExceededError) and self._is_nearly_over():
                raise self._too_late() from each.failure
            text = f"the tool {each.call.function.name} failed: {self._reported(each.failure)}"
            error = errors.ToolFailedError(text, each.call, self._result())
            raise self.conversation.stamped(error) from each.failure

    def _result(self) -> ToolRun:
        completion = cast("ChatCompletion", self.completion)
        conversation = self.conversation
        return ToolRun(completion, conversation.messages, [*self.calls], conversation.usage, self.rounds)

    def _too_late(self, what: str = "tools were running") -> errors.DeadlineExceededError:
        return self.conversation.stamped(errors.DeadlineExceededError(f"the deadline passed while {what}"))

    def _is_nearly_over(self) -> bool:
        """Return whether the deadline is why a call that a tool made has failed; a wait may give up a bit before it."""
        end = block_end()
        return end is not None and self.conversation.clock.monotonic() >= end - LAST_POLL

    def _reported(self, error: Exception) -> str:
        return self.conversation.settings.redact_key(summary_of(error))
