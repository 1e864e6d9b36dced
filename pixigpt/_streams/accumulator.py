"""Merges the chunks of a streamed chat completion into the completion, in linear time."""

from collections.abc import Mapping
from typing import Any, cast

from attrs import define, field

from pixigpt._leniency import arguments_text
from pixigpt._streams.chunk import paired
from pixigpt_api.models import (
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkChoice,
    ChunkDelta,
    FinishReason,
    FunctionCall,
    Message,
    Role,
    ToolCall,
    ToolCallDelta,
    Usage,
)

_MAX_PARTS = 1000
_REASONING = "reasoning"  # other servers' name for `reasoning_content`


@define
class _Text:
    """A text that grows. Its latest parts are joined when they are many: each is an object.

    Only who adds changes it, and at one stroke, since another thread may look at a stream's snapshot meanwhile.
    """

    _parts: list[str] = field(init=False, factory=list[str])
    _joined: int = field(init=False, default=0)  # how many of them are many parts joined

    def add(self, part: str) -> None:
        self._parts.append(part)
        if len(self._parts) - self._joined == _MAX_PARTS:
            self._parts[self._joined :] = [paired("".join(self._parts[self._joined :]))]
            self._joined += 1

    def joined(self) -> str | None:
        """Return the text; None if there never was a part."""
        return paired("".join(self._parts)) if self._parts else None


def _merge(rest: dict[str, Any], more: Mapping[str, Any], *, grows: bool = False, depth: int = 1) -> None:
    """Add fields that the API schema does not know: lists and objects grow, of other values the last one wins.

    Texts are joined where what they belong to `grows`.
    """
    for name, value in more.items():
        before = rest.get(name)
        if isinstance(value, list):
            rest[name] = before if isinstance(before, list) else []
            rest[name].extend(cast("list[object]", value))
        elif isinstance(value, dict) and depth:
            rest[name] = before if isinstance(before, dict) else {}
            _merge(rest[name], cast("dict[str, Any]", value), depth=depth - 1)
        elif isinstance(value, str) and grows:
            rest[name] = before if isinstance(before, _Text) else _Text()
            rest[name].add(value)
        elif value is not None:
            rest[name] = value


def _copy(rest: dict[str, Any], depth: int = 1) -> dict[str, Any]:
    """Return merged fields as they stand in JSON now; those that are merged go on growing."""
    return {name: _plain(value, depth) for name, value in [*rest.items()]}  # a list: another thread may add fields


def _plain(value: object, depth: int) -> object:
    if isinstance(value, _Text):
        return value.joined()
    if isinstance(value, list):
        return [*cast("list[object]", value)]
    if depth == 0 or not isinstance(value, dict):
        return value
    return _copy(cast("dict[str, object]", value), depth - 1)


@define
class _ToolCall:
    """A tool call so far: what comes once, and the arguments, which grow."""

    id: str | None = None
    type_: str | None = None
    name: str | None = None
    arguments: _Text = field(factory=_Text)
    rest: dict[str, Any] = field(factory=dict[str, Any])

    def add(self, delta: ToolCallDelta) -> None:
        self.id = self.id or delta.id
        self.type_ = self.type_ or delta.type_
        _merge(self.rest, delta.additional_properties)
        if delta.function is not None:
            self.name = self.name or delta.function.name
            if delta.function.arguments is not None:
                self.arguments.add(arguments_text(delta.function.arguments))

    def made(self, place: int) -> ToolCall:
        arguments = self.arguments.joined()
        function = FunctionCall(name=self.name or "", arguments="{}" if arguments is None else arguments)
        call = ToolCall(id=self.id or f"call_{place}", type_=cast("Any", self.type_ or "function"), function=function)
        call.additional_properties = _copy(self.rest)
        return call


@define
class _ToolCalls:
    """The tool calls of one message, by their indexes; where a server leaves those out, by their ids."""

    _by_index: dict[int, _ToolCall] = field(init=False, factory=dict[int, _ToolCall])
    _last: int = field(init=False, default=0)

    def add(self, delta: ToolCallDelta) -> None:
        self._last = self._index_of(delta) if delta.index is None else delta.index
        self._by_index.setdefault(self._last, _ToolCall()).add(delta)

    def made(self) -> list[ToolCall]:
        return [
            call.made(place) for place, (_, call) in enumerate(sorted(self._by_index.items(), key=lambda it: it[0]))
        ]

    def _index_of(self, delta: ToolCallDelta) -> int:
        """Return the index of a delta that has none: a new id opens a call, no id goes on with the last one."""
        if not delta.id:
            return self._last
        known = (index for index, call in self._by_index.items() if call.id == delta.id)
        return next(known, max(self._by_index, default=-1) + 1)


@define
class _Choice:
    """A choice so far."""

    role: Role | None = None
    finish_reason: FinishReason | None = None
    content: _Text = field(factory=_Text)
    reasoning: _Text = field(factory=_Text)
    calls: _ToolCalls = field(factory=_ToolCalls)
    rest: dict[str, Any] = field(factory=dict[str, Any])
    message_rest: dict[str, Any] = field(factory=dict[str, Any])

    def add(self, choice: ChunkChoice) -> None:
        if choice.finish_reason:
            self.finish_reason = choice.finish_reason
        if choice.additional_properties:
            _merge(self.rest, choice.additional_properties)
        reasoning = choice.reasoning_content
        if choice.delta is not None:
            reasoning = self._add_delta(choice.delta) or reasoning
        if reasoning:
            self.reasoning.add(reasoning)

    def made(self, index: int, *, is_whole: bool) -> Choice:
        message = Message(
            role=self.role or "assistant", content=self.content.joined(), tool_calls=self.calls.made() or None
        )
        message.additional_properties = _copy(self.message_rest)
        if message.content is None:
            message.additional_properties["content"] = None  # as in JSON, where it is null beside tool calls
        choice = Choice(
            index=index,
            message=message,
            finish_reason=cast("FinishReason", self.finish_reason or ("stop" if is_whole else None)),
            reasoning_content=self.reasoning.joined(),
        )
        choice.additional_properties = _copy(self.rest)
        return choice

    def _add_delta(self, delta: ChunkDelta) -> str | None:
        """Add a delta, but for its reasoning, which is returned."""
        if delta.content is not None:
            self.content.add(delta.content)
        if self.role is None:
            self.role = delta.role
        for call in delta.tool_calls or ():
            self.calls.add(call)
        reasoning = delta.reasoning_content
        if rest := delta.additional_properties:
            if isinstance(other := rest.get(_REASONING), str):  # of another type, it is a field like others
                reasoning = reasoning or other
                rest = {name: value for name, value in rest.items() if name != _REASONING}
            _merge(self.message_rest, rest, grows=True)
        return reasoning


class ChatCompletionAccumulator:
    """Merges chunks of one streamed chat completion; `ChatCompletionStream` has one of its own.

    Choices are merged by their index, tool calls by theirs, or by their id where they have none.

    Example:
        >>> from pixigpt import ChatCompletionAccumulator, ChatCompletionChunk
        >>> accumulator = ChatCompletionAccumulator()
        >>> for text in "Par", "is.":
        ...     delta = {"choices": [{"index": 0, "delta": {"content": text}}]}
        ...     accumulator.add(ChatCompletionChunk.from_dict(delta))
        >>> accumulator.completion().choices[0].message.content
        'Paris.'
    """

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._usage: Usage | None = None
        self._head = ChatCompletion(
            choices=[], created=0, id="", model="", object_="chat.completion", usage=_no_usage()
        )
        self._is_empty = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.snapshot}>"

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Add the next chunk.

        Args:
            chunk: The chunk.

        Example:
            >>> accumulator = ChatCompletionAccumulator()
            >>> accumulator.add(ChatCompletionChunk(choices=[]))
        """
        self._is_empty = False
        if chunk.additional_properties or not self._head.id:
            self._add_head(chunk)
        if chunk.usage is not None:
            self._usage = chunk.usage
        for place, choice in enumerate(chunk.choices):
            index = place if choice.index is None else choice.index
            if index not in self._choices:
                self._choices[index] = _Choice()
            self._choices[index].add(choice)

    @property
    def snapshot(self) -> ChatCompletion | None:
        """The completion so far; None before the first chunk. A `finish_reason` that has not come yet is None.

        Example:
            >>> accumulator = ChatCompletionAccumulator()
            >>> accumulator.add(ChatCompletionChunk.from_dict({"choices": [{"delta": {"content": "Par"}}]}))
            >>> accumulator.snapshot.choices[0].message.content
            'Par'
        """
        return None if self._is_empty else self._made(is_whole=False)

    def completion(self) -> ChatCompletion:
        """Return the completion, once all chunks were added.

        Returns:
            The completion. A `finish_reason` that never came is "stop", and a usage that never came zeros.

        Raises:
            RuntimeError: No chunk had a choice.

        Example:
            >>> accumulator = ChatCompletionAccumulator()
            >>> accumulator.add(ChatCompletionChunk.from_dict({"choices": [{"delta": {"content": "Hi."}}]}))
            >>> accumulator.completion().choices[0].finish_reason
            'stop'
        """
        if not self._choices:
            raise RuntimeError("no chunk had a choice")
        return self._made(is_whole=True)

    def _add_head(self, chunk: ChatCompletionChunk) -> None:
        head = self._head
        head.id = head.id or chunk.id or ""
        head.created = head.created or chunk.created or 0
        head.model = head.model or chunk.model or ""
        head.additional_properties.update({k: v for k, v in chunk.additional_properties.items() if v is not None})

    def _made(self, *, is_whole: bool) -> ChatCompletion:
        head = self._head
        choices = [self._choices[index].made(index, is_whole=is_whole) for index in sorted(self._choices)]
        completion = ChatCompletion(
            id=head.id,
            object_=head.object_,
            created=head.created,
            model=head.model,
            choices=choices,
            usage=self._usage or _no_usage(),
        )
        completion.additional_properties = dict(head.additional_properties)
        return completion


def _no_usage() -> Usage:
    return Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0)
