"""A conversation with a model that calls tools, which is valid at any time.

Every call of an assistant's message has an id of its own, in the whole conversation, and exactly one tool message
right behind that message. Models and servers repeat ids, or leave them empty: such a call gets another id.
Arguments that are not a JSON object are sent back as an empty one.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Self, TypeVar

from attrs import define, field, frozen

from pixigpt import errors
from pixigpt._arguments import MessageLike, chat_messages
from pixigpt._clock import SYSTEM_CLOCK, Clock
from pixigpt._settings import Settings
from pixigpt.tools._values import decoded_object
from pixigpt_api.models import ChatCompletion, Message, ToolCall, Usage

ErrorT = TypeVar("ErrorT", bound=errors.PixiGPTError)

_METHOD, _PATH = "POST", "/chat/completions"
_CUT = ("length", "content_filter")


@frozen
class Send:
    """A step of a loop: send the messages; its outcome is a Received."""

    messages: list[Message]


@frozen
class Received:
    """A chat completion, and how many requests it took."""

    completion: ChatCompletion
    attempts: int


@frozen
class Late:
    """In place of a Received: the deadline passed while the answer was read out; and how many requests it took."""

    attempts: int


@define
class Conversation:
    """The messages so far, and what they have cost."""

    settings: Settings
    messages: list[Message]
    clock: Clock
    started: float
    usages: list[Usage] = field(factory=list[Usage])
    attempts: int = 0
    _ids: set[str] = field(init=False)

    @classmethod
    def begun(cls, settings: Settings, messages: Sequence[MessageLike], clock: Clock = SYSTEM_CLOCK) -> Self:
        """Begin with the messages given; raise ValueError or TypeError if one is not valid."""
        return cls(settings, chat_messages(messages), clock, clock.monotonic())

    def __attrs_post_init__(self) -> None:
        self._ids = {call.id for message in self.messages for call in message.tool_calls or []}

    @property
    def usage(self) -> Usage:
        """The tokens so far."""
        return Usage(
            prompt_tokens=sum(each.prompt_tokens for each in self.usages),
            completion_tokens=sum(each.completion_tokens for each in self.usages),
            total_tokens=sum(each.total_tokens for each in self.usages),
        )

    def receive(self, received: Received) -> Message:
        """Count a chat completion; return its message, or raise IncompleteAnswerError if that was cut off."""
        completion = received.completion
        self.attempts += received.attempts
        self.usages.append(completion.usage)
        choice = completion.choices[0]
        if choice.finish_reason in _CUT:
            text = f"the answer is not complete: finish_reason is {choice.finish_reason}"
            raise self.stamped(errors.IncompleteAnswerError(text, completion))
        return self._sendable(choice.message)

    def _sendable(self, message: Message) -> Message:
        """Return a message with a text or calls, an id for each call that no other has, and no lone surrogates."""
        text = json.dumps(message.to_dict(), ensure_ascii=False)
        made = Message.from_dict(json.loads(text.encode(errors="replace")))
        for call in made.tool_calls or []:
            call.id = self._own_id(call)
        if made.content is None and not made.tool_calls:
            made.content = ""
        return made

    def _own_id(self, call: ToolCall) -> str:
        name = call.id.strip() or "call"
        ids = (f"{name}_{number}" if number > 1 else name for number in count(1))
        own = next(each for each in ids if each not in self._ids)
        self._ids.add(own)
        return own

    def append(self, message: Message, contents: Mapping[str, str]) -> None:
        """Add the model's message, and what each of its calls got, by the call's id."""
        sent = Message.from_dict(message.to_dict())
        for call in sent.tool_calls or []:
            if decoded_object(call.function.arguments) is None:
                call.function.arguments = "{}"  # servers that write it into a template refuse what is not a JSON object
        results = [Message(role="tool", content=text, tool_call_id=name) for name, text in contents.items()]
        self.messages = [*self.messages, sent, *results]

    def ask(self, text: str) -> None:
        """Add a message of the user's."""
        self.messages = [*self.messages, Message(role="user", content=text)]

    def stamped(self, error: ErrorT) -> ErrorT:
        """Add to an error what is known of the calls."""
        url = self.settings.redact_key(str(self.settings.url(_PATH, {})))
        elapsed = self.clock.monotonic() - self.started
        return errors.stamp(error, _METHOD, _PATH, url, self.attempts, elapsed)
