"""The metrics of operations: two sets of instruments, of which the environment selects one."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

from attrs import define, field
from opentelemetry.metrics import Counter, Histogram, Meter

from pixigpt.otel import _names as names
from pixigpt.otel._attributes import Attributes

_IN_METRICS = (
    names.OPERATION_NAME,
    names.PROVIDER_NAME,
    names.SERVER_ADDRESS,
    names.SERVER_PORT,
    names.REQUEST_MODEL,
    names.RESPONSE_MODEL,
    names.TOOL_NAME,
    names.ERROR_TYPE,
)


class Metrics(Protocol):
    """Records what a span's attributes say, of an operation that has ended."""

    def record(self, seconds: float, span: Attributes) -> None: ...


def is_latest() -> bool:
    """Return whether the environment asks for the conventions' latest metrics."""
    return names.OPT_IN_VALUE in [each.strip() for each in os.environ.get(names.OPT_IN, "").split(",")]


def create_metrics(meter: Meter) -> Metrics:
    """Return the metrics that the environment asks for."""
    return _Latest(meter) if is_latest() else _Default(meter)


def _histogram(meter: Meter, name: str, unit: str, buckets: Sequence[float], text: str) -> Histogram:
    return meter.create_histogram(name, unit, text, explicit_bucket_boundaries_advisory=buckets)


def _seconds(meter: Meter, name: str, text: str) -> Histogram:
    return _histogram(meter, name, "s", names.SECONDS, text)


def _tokens(meter: Meter, name: str, text: str) -> Histogram:
    return _histogram(meter, name, "{token}", names.TOKENS, text)


def _dimensions(span: Attributes) -> dict[str, Any]:
    return {name: span[name] for name in _IN_METRICS if name in span}


@define
class _Default:
    """The metrics of version 1.41.0."""

    meter: Meter
    duration: Histogram = field(init=False)
    usage: Histogram = field(init=False)
    first_chunk: Histogram = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.duration = _seconds(self.meter, names.OPERATION_DURATION, "How long an operation took")
        self.usage = _tokens(self.meter, names.TOKEN_USAGE, "How many tokens an operation used")
        self.first_chunk = _seconds(self.meter, names.FIRST_CHUNK, "How long a stream's first chunk took")

    def record(self, seconds: float, span: Attributes) -> None:
        dimensions = _dimensions(span)
        self.duration.record(seconds, dimensions)
        for kind, name in (("input", names.INPUT_TOKENS), ("output", names.OUTPUT_TOKENS)):
            if name in span:
                self.usage.record(span[name], {**dimensions, names.TOKEN_TYPE: kind})
        if names.RESPONSE_FIRST_CHUNK in span:
            self.first_chunk.record(span[names.RESPONSE_FIRST_CHUNK], dimensions)


@define
class _Latest:
    """The metrics of the conventions' own repository."""

    meter: Meter
    durations: dict[str, Histogram] = field(init=False)
    other_duration: Histogram = field(init=False)
    first_chunk: Histogram = field(init=False)
    tokens: tuple[tuple[str, Histogram, Counter], ...] = field(init=False)
    embeddings_tokens: Histogram = field(init=False)

    def __attrs_post_init__(self) -> None:
        meter = self.meter
        inference = _seconds(meter, names.LATEST_INFERENCE_DURATION, "How long a model's inference took")
        self.durations = dict.fromkeys(names.INFERENCES, inference)
        self.durations["embeddings"] = _seconds(meter, names.LATEST_EMBEDDINGS_DURATION, "How long embedding took")
        self.durations[names.EXECUTE_TOOL] = _seconds(meter, names.LATEST_TOOL_DURATION, "How long a tool ran")
        self.other_duration = _seconds(meter, names.OPERATION_DURATION, "How long an operation took")
        self.first_chunk = _seconds(meter, names.LATEST_FIRST_CHUNK, "How long a stream's first chunk took")
        self.tokens = (
            (
                names.INPUT_TOKENS,
                _tokens(meter, names.LATEST_INPUT_TOKENS, "How many tokens an inference read"),
                meter.create_counter(names.LATEST_INPUT_TOTAL, "{token}", "Tokens that inferences read"),
            ),
            (
                names.OUTPUT_TOKENS,
                _tokens(meter, names.LATEST_OUTPUT_TOKENS, "How many tokens an inference wrote"),
                meter.create_counter(names.LATEST_OUTPUT_TOTAL, "{token}", "Tokens that inferences wrote"),
            ),
        )
        self.embeddings_tokens = _tokens(meter, names.LATEST_EMBEDDINGS_TOKENS, "How many tokens embedding read")

    def record(self, seconds: float, span: Attributes) -> None:
        operation, dimensions = span[names.OPERATION_NAME], _dimensions(span)
        self.durations.get(operation, self.other_duration).record(seconds, dimensions)
        if names.RESPONSE_FIRST_CHUNK in span:
            self.first_chunk.record(span[names.RESPONSE_FIRST_CHUNK], dimensions)
        if operation in names.INFERENCES:
            self._record_tokens(span, dimensions)
        elif operation == "embeddings" and names.INPUT_TOKENS in span:
            self.embeddings_tokens.record(span[names.INPUT_TOKENS], dimensions)

    def _record_tokens(self, span: Attributes, dimensions: Attributes) -> None:
        """Record an inference's tokens: 0, of no known kind, where there was no usage, as the conventions ask."""
        kind = "text" if names.INPUT_TOKENS in span else "unknown"
        totals = {name: value for name, value in dimensions.items() if name != names.ERROR_TYPE}
        for name, histogram, counter in self.tokens:
            histogram.record(span.get(name, 0), dimensions)
            counter.add(span.get(name, 0), {**totals, names.TOKEN_MODALITY: kind})
