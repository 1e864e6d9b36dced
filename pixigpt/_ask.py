"""`ask`: a question on a thread and its answer, as one flow of four calls that end together."""

from collections.abc import Callable
from typing import Any, Self, TypeVar, cast

from attrs import define, evolve, frozen

from pixigpt import errors
from pixigpt._checks import of_type, optional, printable_ascii
from pixigpt._clock import SYSTEM_CLOCK, Clock
from pixigpt._endpoint import Call, prepare
from pixigpt._failure import stamped
from pixigpt._flow import call_flow
from pixigpt._settings import Settings
from pixigpt._steps import Flow
from pixigpt._wait import WaitEnd, WaitOptions, timeout_error, wait_flow
from pixigpt.middleware._observe import AgentInvocation
from pixigpt_api.api.pixigpt import create_message, create_run, create_thread, get_run
from pixigpt_api.models import (
    CodeExecution,
    CreateMessageRequest,
    CreateRunRequest,
    CreateThreadRequest,
    Media,
    Run,
    Source,
    Thread,
    ThreadMessage,
)

T = TypeVar("T")

_ANY_THREAD = "thread"  # stands for one that is not there yet, to check the other arguments


@frozen(repr=False)
class Reply:
    """An assistant's answer to a question on a thread.

    Attributes:
        text: The text.
        reasoning_content: The chain of thought that led to it; None if there was none.
        sources: What the assistant read on the web.
        media: What it drew or found.
        code: What it computed.
        thread_id: The thread, to ask on.
        run: The completed run.
        message: The message as it is stored.

    Example:
        >>> reply = client.ask(assistant_id, "My name is Ada.")
        >>> print(reply)
        You said: My name is Ada.
        >>> reply.sources, reply.run.status
        ([], 'completed')
    """

    text: str
    reasoning_content: str | None
    sources: list[Source]
    media: list[Media]
    code: list[CodeExecution]
    thread_id: str
    run: Run
    message: ThreadMessage

    @classmethod
    def of(cls, thread_id: str, run: Run, message: ThreadMessage) -> Self:
        """Return the reply that a run has ended with.

        Example:
            >>> reply = client.ask(assistant_id, "Hello!")
            >>> Reply.of(reply.thread_id, reply.run, reply.message) == reply
            True
        """
        return cls(
            text="".join(block.text.value for block in message.content),
            reasoning_content=message.reasoning_content,
            sources=message.sources or [],
            media=message.media or [],
            code=message.code or [],
            thread_id=thread_id,
            run=run,
            message=message,
        )

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Reply({self.text[:200]!r}, thread_id={self.thread_id!r})"

    def _repr_markdown_(self) -> str:
        """Show the text in Jupyter."""
        return self.text


@frozen
class Question:
    """The arguments of `ask`."""

    assistant_id: str
    content: str
    thread_id: str | None
    enable_thinking: bool | None
    temperature: float | None
    max_tokens: int | None
    wait: WaitOptions
    idempotency_key: str | None

    def check(self) -> None:
        """Raise ValueError or TypeError if an argument is bad."""
        of_type(str)("content", self.content)
        if not self.content.strip():
            raise ValueError("content must not be empty")
        optional(_key)("idempotency_key", self.idempotency_key)
        thread_id = _ANY_THREAD if self.thread_id is None else self.thread_id
        self.message_call(thread_id)
        self.run_call(thread_id)

    def message_call(self, thread_id: str) -> Call[ThreadMessage]:
        """Return the call that adds the question to a thread."""
        return prepare(create_message, thread_id, body=CreateMessageRequest(role="user", content=self.content))

    def run_call(self, thread_id: str) -> Call[Run]:
        """Return the call that starts the assistant."""
        body = CreateRunRequest(
            assistant_id=self.assistant_id,
            enable_thinking=self.enable_thinking,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )
        return prepare(create_run, thread_id, body=body)


def ask_flow(question: Question, settings: Settings, clock: Clock = SYSTEM_CLOCK) -> Flow[Reply]:
    """Create a thread if there is none, add the question, start a run and wait for its end."""
    question.check()
    end = WaitEnd.create(question.wait, settings, clock)
    return (yield from _Ask(question, settings, clock, end, question.thread_id).run())


@define
class _Ask:
    """The calls of one question, which all end together."""

    question: Question
    settings: Settings
    clock: Clock
    end: WaitEnd
    thread_id: str | None

    def run(self) -> Flow[Reply]:
        try:
            return (yield from self._steps())
        except errors.PixiGPTError as error:
            error.thread_id = self.thread_id
            raise

    def _steps(self) -> Flow[Reply]:
        question = self.question
        if self.thread_id is None:
            opening = prepare(create_thread, body=CreateThreadRequest())
            thread = yield from self._call(opening, "thread")
            message = self._next(question.message_call, thread.id, opening, thread)
            self.thread_id = thread.id
        else:
            message = question.message_call(self.thread_id)
        yield from self._call(message, "message")
        settings = self.settings
        agent = AgentInvocation(
            question.assistant_id, self.thread_id, settings.base_url, question.content, redact=settings.redact_key
        )
        with settings.observe(agent):
            reply = yield from self._answer(self.thread_id)
            agent.model, agent.answer = reply.run.model, reply.text
        return reply

    def _answer(self, thread_id: str) -> Flow[Reply]:
        start = self.question.run_call(thread_id)
        run = yield from self._call(start, "run")
        poll = self._next(lambda run_id: prepare(get_run, thread_id, run_id), run.id, start, run)
        run = yield from wait_flow(poll, self.settings, self.question.wait, self.clock, end=self.end)
        if run.message is None:
            raise self._unusable("the completed run has no message", poll, run)
        return Reply.of(thread_id, run, run.message)

    def _call(self, call: Call[T], name: str) -> Flow[T]:
        question = self.question
        if question.idempotency_key is not None:
            call = evolve(call, headers={**call.headers, "idempotency-key": f"{question.idempotency_key}-{name}"})
        try:
            return (yield from call_flow(call, self.settings, self.clock, end=self.end.at))
        except errors.DeadlineExceededError as cause:
            if not self.end.is_own:
                raise
            error = timeout_error("the run was not started", question.wait)
            raise stamped(error, call, self.settings, cause.attempts, cause.elapsed, cause.earlier) from cause

    def _next(self, make: Callable[[str], Call[T]], given: str, call: Call[Any], result: Thread | Run) -> Call[T]:
        """Return the call that an id makes; raise APIResponseError if the server gave one that fits no path."""
        try:
            return make(given)
        except ValueError as cause:
            reason = f"the response has an unusable id: {cause}"
        raise self._unusable(reason, call, result)  # not from its cause, which holds the id

    def _unusable(self, reason: str, call: Call[Any], result: Thread | Run) -> errors.PixiGPTError:
        shown = self.settings.redact_key(result.to_json())
        error = errors.APIResponseError(self.settings.redact_key(reason), status_code=200, excerpt=shown[:300])
        return stamped(error, call, self.settings, 1, self.clock.monotonic() - self.end.started)


def _key(name: str, value: object) -> None:
    of_type(str)(name, value)
    printable_ascii(name, cast("str", value))
    if not value:
        raise ValueError(f"{name} must not be empty")
