"""`PixiGPTInstrumentor`: puts `OpenTelemetry` into every client, as `opentelemetry-instrument` asks it to."""

import logging
from collections.abc import Collection, Generator
from contextlib import AbstractContextManager, nullcontext

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from pixigpt._settings import installed_middleware
from pixigpt.middleware._observe import Operation
from pixigpt.middleware._request import CallRequest
from pixigpt.middleware._response import CallResponse
from pixigpt.otel._telemetry import OpenTelemetry

_logger = logging.getLogger("pixigpt")


class PixiGPTInstrumentor:
    """Puts an `OpenTelemetry` into every client made from now on; the command `opentelemetry-instrument` finds it.

    All its instances are one. It has the methods of opentelemetry-instrumentation's `BaseInstrumentor`, which need not
    be installed.

    Example:
        >>> from pixigpt.otel import PixiGPTInstrumentor
        >>> PixiGPTInstrumentor().instrument()
        >>> PixiGPTInstrumentor().uninstrument()
    """

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether clients that are made now are watched.

        Example:
            >>> from pixigpt.otel import PixiGPTInstrumentor
            >>> PixiGPTInstrumentor().is_instrumented_by_opentelemetry
            False
        """
        return bool(self._installed())

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return what is instrumented.

        Example:
            >>> from pixigpt.otel import PixiGPTInstrumentor
            >>> PixiGPTInstrumentor().instrumentation_dependencies()
            ('pixigpt',)
        """
        return ("pixigpt",)

    def instrument(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        capture_content: bool | None = None,
        **_: object,
    ) -> None:
        """Watch every client that is made from now on, until `uninstrument()`.

        A client that is given an `OpenTelemetry` of its own has only that.

        Args:
            tracer_provider: As `OpenTelemetry` takes it.
            meter_provider: As `OpenTelemetry` takes it.
            capture_content: As `OpenTelemetry` takes it.

        Raises:
            TypeError: An argument is bad.

        Example:
            >>> from pixigpt.otel import PixiGPTInstrumentor
            >>> PixiGPTInstrumentor().instrument(capture_content=False)
            >>> PixiGPTInstrumentor().uninstrument()
        """
        if self.is_instrumented_by_opentelemetry:
            _logger.warning("pixigpt is instrumented already")
            return
        installed_middleware.append(_Installed(tracer_provider, meter_provider, capture_content))

    def uninstrument(self, **_: object) -> None:
        """Stop watching, also the clients that are there.

        Example:
            >>> from pixigpt.otel import PixiGPTInstrumentor
            >>> PixiGPTInstrumentor().instrument()
            >>> PixiGPTInstrumentor().uninstrument()
        """
        for each in self._installed():
            each.is_active = False
            installed_middleware.remove(each)

    def _installed(self) -> list["_Installed"]:
        return [each for each in installed_middleware if isinstance(each, _Installed)]


class _Installed(OpenTelemetry):
    """What is in every client; it does nothing any more after `uninstrument()`."""

    is_active = True

    def __reduce__(self) -> tuple[object, ...]:
        return _installed_here, ()

    def __call__(self, request: CallRequest) -> Generator[CallRequest, CallResponse, CallResponse]:
        return (yield from super().__call__(request)) if self.is_active else (yield request)

    def observe(self, operation: Operation) -> AbstractContextManager[None]:
        return super().observe(operation) if self.is_active else nullcontext()


def _installed_here() -> _Installed:
    """Return what an unpickled client has: this process's, or one that does nothing."""
    for each in installed_middleware:
        if isinstance(each, _Installed):
            return each
    idle = _Installed()
    idle.is_active = False
    return idle
