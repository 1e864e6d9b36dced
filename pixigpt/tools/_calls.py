"""One call of a tool: from the model's text to what the model is told."""

import inspect
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, cast

from attrs import define, field

from pixigpt._checks import is_async, not_awaitable
from pixigpt._clock import Clock
from pixigpt._tool_run import ToolCallRecord, ToolError
from pixigpt.middleware._observe import ToolExecution
from pixigpt.tools._function import AnyTool
from pixigpt.tools._values import UnfitError, decoded, decoded_object, encoded
from pixigpt_api.models import ToolCall

_FAILED = "The tool failed."  # no more, since what an exception says may be a secret


@define(eq=False)
class PendingCall:
    """A call until it is over; then `content` is what the model is told, and `failure` what the caller is."""

    call: ToolCall
    round: int
    report: Callable[[Exception], str] | None  # what the model is told of an exception; None if only the caller is
    clock: Clock
    observe: Callable[[ToolExecution], AbstractContextManager[object]] = nullcontext
    redact: Callable[[str], str] = str
    content: str | None = None
    failure: Exception | None = None
    _tool: AnyTool | None = None
    _arguments: dict[str, Any] | None = None
    _kwargs: dict[str, Any] = field(factory=dict[str, Any])
    _result: object = None
    _error: Exception | None = None
    _elapsed: float = 0.0

    def prepare(self, tools: Mapping[str, AnyTool]) -> None:
        """Find the tool and convert the arguments; the call is over if there is no such tool, or they do not fit."""
        with self._caught():
            name = self.call.function.name
            text = self.call.function.arguments.strip() or "{}"  # no text at all stands for no arguments
            self._arguments = decoded_object(text)
            if name not in tools:
                raise ToolError(f"There is no function {name!r}; there are: {', '.join(tools) or 'none'}.")
            self._tool = tools[name]
            self._kwargs = self._tool.converted(_checked(self._arguments, self.call))

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to run."""
        return self.content is not None

    def refuse(self) -> None:
        """End the call without running it."""
        with self._caught():
            raise ToolError("The call was refused.")

    def run(self) -> None:
        """Run a sync function, unless the call is over."""
        if not self.is_over:
            with self._timed():
                result = self._function()()
                not_awaitable("the function", result)
                self._returned(result)

    async def run_async(self, in_thread: Callable[[Callable[[], list[object]]], Awaitable[list[object]]]) -> None:
        """Run a function, async or in a thread, unless the call is over."""
        if not self.is_over:
            with self._timed():
                function = self._function()
                # In a list, since trio refuses a function that gives something to await, as decorated ones may.
                result = function() if is_async(function.func) else (await in_thread(lambda: [function()]))[0]
                self._returned(await result if inspect.isawaitable(result) else result)

    def record(self) -> ToolCallRecord:
        """Return what the caller is told of it."""
        told = self.content or ""
        return ToolCallRecord(self.call, self._arguments, self._result, self._error, self._elapsed, self.round, told)

    def _function(self) -> "partial[object]":
        return partial(cast("AnyTool", self._tool).function, **self._kwargs)

    def _returned(self, result: object) -> None:
        self._result = result
        try:
            self.content = encoded(result)
        except ValueError as error:
            self._error, self._result, self.failure, self.content = error, None, error, _FAILED

    @contextmanager
    def _timed(self) -> Generator[None]:
        started = self.clock.monotonic()
        description = None if self._tool is None else self._tool.description
        operation = ToolExecution(
            self.call.function.name, self.call.id, description, self._arguments or {}, redact=self.redact
        )
        with self._caught():
            try:
                with self.observe(operation):
                    yield
                    operation.result, operation.error = self.content, self.failure
            finally:
                self._elapsed = self.clock.monotonic() - started

    @contextmanager
    def _caught(self) -> Generator[None]:
        try:
            yield
        except ToolError as error:
            self._error, self.content = error, _sendable(str(error))
        except Exception as error:  # noqa: BLE001  # a user's function may raise any; the loop raises it if nobody is told
            self._error = error
            if self.report is None:
                self.failure, self.content = error, _FAILED
            else:
                self.content = _sendable(self.report(error))


def _checked(arguments: dict[str, Any] | None, call: ToolCall) -> dict[str, Any]:
    """Return decoded arguments; raise ToolError if they are not a JSON object."""
    if arguments is not None:
        return arguments
    try:
        decoded(call.function.arguments)
    except UnfitError as cause:
        raise ToolError(f"The arguments are {cause}") from cause
    raise ToolError("The arguments are not a JSON object.")


def _sendable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
