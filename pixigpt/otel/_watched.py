"""One operation that is watched: its span, which is ended once, and its metrics."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from attrs import define, field
from opentelemetry.trace import Span, Status, StatusCode, use_span

from pixigpt import errors
from pixigpt.otel import _names as names
from pixigpt.otel._attributes import Attributes, of_error, redacted
from pixigpt.otel._metrics import Metrics


@define(eq=False)
class Watched:
    """An operation from its beginning to its end."""

    span: Span
    metrics: Metrics
    told: Attributes
    redact: Callable[[str], str]  # the API key, which a server may echo, or a tool give away
    _started: float = field(init=False, factory=time.monotonic)

    def current(self) -> AbstractContextManager[object]:
        """Return a context manager that makes the span the current one, and ends nothing."""
        return use_span(self.span, end_on_exit=False, record_exception=False, set_status_on_exception=False)

    def tell(self, more: Attributes) -> None:
        """Add attributes, some of which metrics have too."""
        self.told.update(self.tell_span(more))

    def tell_span(self, more: Attributes) -> Attributes:
        """Add attributes to the span only; return them, redacted."""
        told = redacted(more, self.redact)
        self.span.set_attributes(told)
        return told

    def fail(self, error: BaseException, *, with_text: bool) -> None:
        """End with an error; its text, which may quote what was sent, is told only if that is asked for."""
        self.tell(of_error(error))
        self._end_with_error(str(error) if with_text and isinstance(error, errors.PixiGPTError) else None)

    def end(self, status_code: int = 200) -> None:
        """End with a response's status."""
        if 200 <= status_code <= 299:
            self._end()
            return
        self.tell({names.ERROR_TYPE: str(status_code), names.STATUS_CODE: status_code})
        self._end_with_error(None)

    def _end_with_error(self, text: str | None) -> None:
        self.span.set_status(Status(StatusCode.ERROR, text))
        self._end()

    def _end(self) -> None:
        self.span.end()
        self.metrics.record(time.monotonic() - self._started, self.told)
