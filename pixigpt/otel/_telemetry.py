"""`OpenTelemetry`: the middleware that makes a span, and records metrics, of each call."""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import SpanKind, TracerProvider, get_tracer

from pixigpt import errors
from pixigpt._checks import of_type, optional
from pixigpt._version import __version__
from pixigpt.middleware._observe import AgentInvocation, Operation, ToolExecution
from pixigpt.middleware._request import CallRequest, redactor_of, within
from pixigpt.middleware._response import CallResponse
from pixigpt.otel import _attributes as attributes
from pixigpt.otel import _content as content
from pixigpt.otel import _names as names
from pixigpt.otel._attributes import Attributes
from pixigpt.otel._metrics import create_metrics, is_latest
from pixigpt.otel._watched import Watched


class OpenTelemetry:
    """A middleware that makes a span, and records metrics, of each call.

    Put it first, so that it is around the others. Where no provider is set, it does nothing.

    Args:
        tracer_provider: Where spans go; by default, the global provider.
        meter_provider: Where metrics go; by default, the global provider.
        capture_content: Whether spans hold prompts, answers, and the arguments and results of tools; by default, as
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, and if it does not, False.

    Raises:
        TypeError: An argument is bad.

    Example:
        >>> from pixigpt.otel import OpenTelemetry
        >>> traced = client.with_options(middleware=[OpenTelemetry()])
        >>> thread = traced.create_thread()
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        capture_content: bool | None = None,
    ) -> None:
        optional(of_type(TracerProvider))("tracer_provider", tracer_provider)
        optional(of_type(MeterProvider))("meter_provider", meter_provider)
        optional(of_type(bool))("capture_content", capture_content)
        self._has_providers = bool(tracer_provider or meter_provider)
        self._capture_content = _is_content_asked_for() if capture_content is None else capture_content
        schema_url = None if is_latest() else names.SCHEMA_URL
        self._tracer = get_tracer("pixigpt", __version__, tracer_provider, schema_url)
        self._metrics = create_metrics(get_meter("pixigpt", __version__, meter_provider, schema_url))

    def __reduce__(self) -> tuple[object, ...]:
        if self._has_providers:
            raise TypeError("an OpenTelemetry with providers of its own cannot be pickled: set the global ones")
        return type(self), (None, None, self._capture_content)

    def __call__(self, request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
        """Make a span of a call, which is current while its requests are sent.

        Example:
            >>> from pixigpt.otel import OpenTelemetry
            >>> client.with_options(middleware=[OpenTelemetry(capture_content=True)]).list_threads()
            []
        """
        watched = self._of_call(request)
        try:
            response = yield within(request, watched.current)
        except (errors.PixiGPTError, GeneratorExit) as error:
            if request.partial is not None:
                self._tell_response(watched, request, request.partial)
            watched.fail(error, with_text=self._capture_content)
            raise
        self._tell_response(watched, request, response)
        watched.end(response.status_code)
        return response

    def observe(self, operation: Operation) -> AbstractContextManager[None]:
        """Make a span of a tool that runs, or of an agent that answers, which is current meanwhile.

        Example:
            >>> from pixigpt.otel import OpenTelemetry
            >>> traced = client.with_options(middleware=[OpenTelemetry()])
        """
        return self._observed(operation)

    @contextmanager
    def _observed(self, operation: Operation) -> Generator[None]:
        watched = self._of_tool(operation) if isinstance(operation, ToolExecution) else self._of_agent(operation)
        try:
            with watched.current():
                yield
        except BaseException as error:
            watched.fail(error, with_text=self._capture_content)
            raise
        if isinstance(operation, ToolExecution) and operation.error is not None:
            watched.fail(operation.error, with_text=self._capture_content)
        else:
            watched.tell(self._told_at_end(operation))
            watched.end()

    def _of_call(self, request: CallRequest) -> Watched:
        operation = attributes.operation_of(request)
        told = attributes.common(operation, request.base_url) | attributes.of_request(request)
        model = told.get(names.REQUEST_MODEL)
        name = f"{operation} {model}" if model else operation
        watched = self._started(name, SpanKind.CLIENT, told, redactor_of(request))
        if self._capture_content and watched.span.is_recording():
            watched.tell_span(content.of_request(request))
        return watched

    def _of_tool(self, tool: ToolExecution) -> Watched:
        told: Attributes = {
            names.OPERATION_NAME: names.EXECUTE_TOOL,
            names.TOOL_NAME: tool.name,
            names.TOOL_TYPE: "function",
            names.TOOL_CALL_ID: tool.call_id,
        }
        if self._capture_content:
            told |= {
                names.TOOL_DESCRIPTION: tool.description or "",
                names.TOOL_ARGUMENTS: content.dumped(tool.arguments),
            }
        return self._started(f"{names.EXECUTE_TOOL} {tool.name}", SpanKind.INTERNAL, told, tool.redact)

    def _of_agent(self, agent: AgentInvocation) -> Watched:
        told = attributes.common(names.INVOKE_AGENT, agent.base_url)
        told |= {names.AGENT_ID: agent.agent_id, names.CONVERSATION_ID: agent.conversation_id}
        if self._capture_content:
            told[names.INPUT_MESSAGES] = content.of_text("user", agent.content)
        return self._started(names.INVOKE_AGENT, SpanKind.CLIENT, told, agent.redact)

    def _started(self, name: str, kind: SpanKind, given: Attributes, redact: Callable[[str], str]) -> Watched:
        told = attributes.redacted(given, redact)
        return Watched(self._tracer.start_span(name, kind=kind, attributes=told), self._metrics, told, redact)

    def _tell_response(self, watched: Watched, request: CallRequest, response: CallResponse) -> None:
        watched.tell(attributes.of_response(request, response))
        if not watched.span.is_recording():
            return
        model = watched.told.get(names.RESPONSE_MODEL)
        if model and names.REQUEST_MODEL not in watched.told:
            watched.span.update_name(f"{watched.told[names.OPERATION_NAME]} {model}")
        if self._capture_content:
            watched.tell_span(content.of_response(request, response))

    def _told_at_end(self, operation: Operation) -> Attributes:
        found: Attributes = {}
        if isinstance(operation, AgentInvocation):
            if operation.model:
                found[names.RESPONSE_MODEL] = operation.model
            if operation.answer is not None and self._capture_content:
                found[names.OUTPUT_MESSAGES] = content.of_text("assistant", operation.answer)
        elif operation.result is not None and self._capture_content:
            found[names.TOOL_RESULT] = operation.result
        return found


def _is_content_asked_for() -> bool:
    return os.environ.get(names.CAPTURE_CONTENT, "").strip().lower() in names.CAPTURE_VALUES
