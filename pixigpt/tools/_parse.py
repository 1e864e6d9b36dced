"""The loop of a typed answer: send, read, tell the model what did not fit, until it fits. It does no I/O."""

import re
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any, Generic, TypedDict, TypeVar, cast

from attrs import define, field, frozen

from pixigpt import _checks, errors
from pixigpt._arguments import MessageLike
from pixigpt._settings import Settings
from pixigpt.tools._conversation import Conversation, Received, Send
from pixigpt.tools._json_text import json_values
from pixigpt.tools._schema import Schema, is_object, schema_of
from pixigpt.tools._values import UnfitError, converted, decoded
from pixigpt_api.models import ChatCompletion, FunctionDefinition, FunctionParameters, Message, Tool, ToolCall, Usage

T = TypeVar("T")

_ASKED = "Give your answer by calling this function."
_ACCEPTED = "The answer is accepted."
_typed_dict = cast("Any", TypedDict)


@frozen(repr=False)
class ParsedCompletion(Generic[T]):
    """An answer of the type that was asked for.

    Attributes:
        parsed: The answer.
        completion: The chat completion that it came in.
        messages: The whole conversation, which can be sent again.
        usage: The tokens of all chat completions.
        repairs: How many answers did not fit before it.

    Example:
        >>> server.reply(tool_calls=[("int", {"value": 7})])
        >>> question = [{"role": "user", "content": "How many days has a week?"}]
        >>> answer = client.parse_chat_completion(question, int, assistant_id=assistant_id)
        >>> answer.parsed, answer.repairs
        (7, 0)
    """

    parsed: T
    completion: ChatCompletion
    messages: list[Message]
    usage: Usage
    repairs: int

    def __repr__(self) -> str:
        return f"ParsedCompletion({self.parsed!r}, repairs={self.repairs})"


@frozen
class _Found(Generic[T]):
    """A value that fits."""

    value: T


@frozen
class Target(Generic[T]):
    """The type that an answer must have; a type that is no object is the field `value` of one."""

    name: str
    schema: Schema
    _hint: Any
    _parameters: Schema
    _wrapper: Any  # None if there is none

    @classmethod
    def of(cls, response_type: type[T]) -> "Target[T]":
        """Return the target for a type; raise TypeError if it has no schema."""
        name = re.sub(r"[^A-Za-z0-9_-]", "_", getattr(response_type, "__name__", ""))[:64] or "answer"
        schema = schema_of(response_type)
        if is_object(schema):
            return cls(name, schema, response_type, schema, None)
        wrapper = _typed_dict(name, {"value": response_type})
        return cls(name, schema, response_type, schema_of(wrapper), wrapper)

    @property
    def type_name(self) -> str:
        """The type, as a person writes it."""
        return self._hint.__name__ if isinstance(self._hint, type) else errors.excerpt(str(self._hint), 100)

    @property
    def tool(self) -> Tool:
        """The one tool that is sent."""
        parameters = {key: value for key, value in self._parameters.items() if key not in ("title", "description")}
        description = "\n\n".join(filter(None, [_ASKED, self.schema.get("description")]))
        definition = FunctionDefinition(
            self.name, description=description, parameters=FunctionParameters.from_dict(parameters)
        )
        return Tool(function=definition)

    def called(self, call: ToolCall) -> _Found[T]:
        """Return a call's arguments as a value of the type; raise UnfitError if they do not fit."""
        if call.function.name != self.name:
            raise UnfitError(f"there is no function {call.function.name!r}, only {self.name}")
        return self.converted(decoded(call.function.arguments))

    def converted(self, value: object) -> _Found[T]:
        """Return decoded JSON as a value of the type; raise UnfitError if it does not fit."""
        if not self._is_wrapped(value):
            return _Found(converted(value, self._hint, self.schema))
        try:
            return _Found(converted(value, self._wrapper, self._parameters)["value"])
        except UnfitError as cause:
            with suppress(UnfitError):  # the type itself may have a field of this name
                return _Found(converted(value, self._hint, self.schema))
            raise UnfitError(str(cause)) from cause

    def _is_wrapped(self, value: object) -> bool:
        return self._wrapper is not None and isinstance(value, dict) and "value" in value


@define
class _Reading(Generic[T]):
    """What one answer holds: a value that fits, or why none does, and what each call is told."""

    target: Target[T]
    found: _Found[T] | None = None
    problems: list[str] = field(factory=list[str])
    contents: dict[str, str] = field(factory=dict[str, str])

    def read(self, message: Message) -> None:
        for call in message.tool_calls or []:
            self._read_call(call)
        if self.found is None:
            self._read_text(message.content or "")
        if self.found is not None:
            self.contents = dict.fromkeys(self.contents, _ACCEPTED)
        elif not self.problems:
            self.problems.append(f"it neither calls the function {self.target.name} nor holds JSON")

    def _read_call(self, call: ToolCall) -> None:
        try:
            value = self.target.called(call)
            self.found = self.found or value
            self.contents[call.id] = _ACCEPTED
        except UnfitError as error:
            self.problems.append(str(error))
            self.contents[call.id] = f"This does not fit: {error}"

    def _read_text(self, text: str) -> None:
        problem: UnfitError | None = None
        for value in json_values(text):
            try:
                self.found = self.target.converted(value)
            except UnfitError as error:
                problem = problem or error  # the likeliest value's
            else:
                return
        if problem:
            self.problems.append(str(problem))


@define
class ParseLoop(Generic[T]):
    """The state of a typed answer."""

    conversation: Conversation
    target: Target[T]
    max_repairs: int
    failures: list[str] = field(factory=list[str])

    @classmethod
    def create(
        cls, settings: Settings, messages: Sequence[MessageLike], response_type: type[T], max_repairs: int
    ) -> "ParseLoop[T]":
        """Check the arguments; raise ValueError or TypeError if one is bad."""
        _checks.non_negative_int("max_repairs", max_repairs)
        try:
            target = Target[T].of(response_type)
        except TypeError as cause:
            raise TypeError(f"response_type: {cause}") from cause
        return cls(Conversation.begun(settings, messages), target, max_repairs)

    def run(self) -> Generator[Send, Received, ParsedCompletion[T]]:
        """Run until an answer fits; raise ParseFailedError if none does."""
        while True:
            received = yield Send(self.conversation.messages)
            message = self.conversation.receive(received)
            reading = _Reading(self.target)
            reading.read(message)
            self.conversation.append(message, reading.contents)
            if reading.found is not None:
                return self._result(reading.found.value, received)
            self._reject(reading, received)

    def _reject(self, reading: _Reading[T], received: Received) -> None:
        """Tell the model what does not fit; raise ParseFailedError if that was its last answer."""
        problem = self.conversation.settings.redact_key("; ".join(reading.problems))  # they quote the model
        self.failures.append(problem)
        if not reading.contents:
            self.conversation.ask(
                f"This does not fit: {problem}. Call the function {self.target.name}, or reply with JSON that fits it."
            )
        if len(self.failures) > self.max_repairs:
            text = f"the answer is not of the type {self.target.type_name}: {problem}"
            raise self.conversation.stamped(
                errors.ParseFailedError(text, received.completion, self.conversation.messages, self.failures)
            )

    def _result(self, value: T, received: Received) -> ParsedCompletion[T]:
        conversation = self.conversation
        return ParsedCompletion(
            value, received.completion, conversation.messages, conversation.usage, len(self.failures)
        )
