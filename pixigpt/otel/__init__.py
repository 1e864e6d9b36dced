"""OpenTelemetry: a span and metrics for each call, after the conventions for generative AI.

Needs the extra: `pip install "pixigpt[otel]"`.
"""

try:
    from pixigpt.otel._instrumentor import PixiGPTInstrumentor
    from pixigpt.otel._telemetry import OpenTelemetry
except ModuleNotFoundError as cause:
    message = 'pixigpt.otel needs opentelemetry-api: pip install "pixigpt[otel]"'
    raise ModuleNotFoundError(message, name=cause.name) from cause

__all__ = ["OpenTelemetry", "PixiGPTInstrumentor"]
