"""Draw `docs/assets/trace.svg`: what a trace looks like, from a real one of calls to the local server."""

import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from attrs import frozen
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from pixigpt import Client, RetryPolicy
from pixigpt.otel import OpenTelemetry
from pixigpt.testing import LocalServer

OUTPUT = Path(__file__).resolve().parents[2] / "docs" / "assets" / "trace.svg"
WIDTH, NAMES, VALUES, ROW, INDENT = 720, 190, 230, 24, 14
# What is told of a span beside its duration.
SHOWN = {
    "gen_ai.usage.input_tokens": "{} tokens in",
    "gen_ai.usage.output_tokens": "{} out",
    "pixigpt.attempts": "attempts: {}",
    "http.status_code": "{}",
}
STYLE = """text { font: 13px system-ui, sans-serif; fill: #444 } .told { font-size: 11px; fill: #777 }
.app { fill: #a3adba } .pixigpt { fill: #4051b5 } .http { fill: #9fa8da } .error { fill: #c62828 }
@media (prefers-color-scheme: dark) { text { fill: #ccc } .told { fill: #999 }
.app { fill: #6b7482 } .pixigpt { fill: #8c9eff } .http { fill: #5c6bc0 } .error { fill: #ef5350 } }"""


@frozen
class Bar:
    """One span as it is drawn."""

    span: ReadableSpan
    depth: int


def traced() -> list[ReadableSpan]:
    """Return the spans of an app that asks a model, which needs a tool, while the server fails once."""
    seen, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    try:
        with LocalServer() as server:
            _use(server, provider)
            seen.clear()  # the first time, modules are loaded
            _use(server, provider)
    finally:
        HTTPXClientInstrumentor().uninstrument()
    return [*seen.get_finished_spans()]


def _use(server: LocalServer, provider: TracerProvider) -> None:
    def weather(city: str) -> str:
        """Tell the weather.

        Args:
            city: The city's name.
        """
        time.sleep(0.01)
        return f"18 degrees in {city}"

    question = [{"role": "user", "content": "Warm in Paris?"}]
    middleware = [OpenTelemetry(provider)]
    retry = RetryPolicy(backoff=0.01)
    with Client(server.api_key, server.base_url, retry=retry, middleware=middleware) as client:
        client.list_assistants()  # so that opening a connection is not in the picture
        server.fail(status=503)
        server.delay(0.02)
        with provider.get_tracer("app").start_as_current_span("POST /ask"):
            client.run_tools(question, [weather], assistant_id=server.assistant_id)


def bars(spans: Sequence[ReadableSpan]) -> list[Bar]:
    """Return the spans of the app's trace, each below the one that it belongs to."""
    by_parent: dict[int | None, list[ReadableSpan]] = {}
    for span in sorted(spans, key=lambda each: each.start_time or 0):
        by_parent.setdefault(span.parent.span_id if span.parent else None, []).append(span)
    root = next(span for span in by_parent[None] if span.name == "POST /ask")
    return [*_below(root, by_parent, 0)]


def _below(span: ReadableSpan, by_parent: Mapping[int | None, list[ReadableSpan]], depth: int) -> Iterator[Bar]:
    yield Bar(span, depth)
    for child in by_parent.get(_context(span).span_id, []):
        yield from _below(child, by_parent, depth + 1)


def _context(span: ReadableSpan) -> SpanContext:
    context: SpanContext | None = span.context
    if context is None:
        raise ValueError("the span was never started")
    return context


def draw(trace: Sequence[Bar]) -> str:
    """Return the picture of a trace."""
    start, end = trace[0].span.start_time or 0, trace[0].span.end_time or 1
    scale = (WIDTH - NAMES - VALUES) / (end - start)
    height = len(trace) * ROW
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">'
    rows = [row for index, bar in enumerate(trace) for row in _row(bar, index * ROW, start, scale)]
    return "\n".join([head, "<title>A trace</title>", f"<style>{STYLE}</style>", *rows, "</svg>", ""])


def _row(bar: Bar, top: int, start: int, scale: float) -> list[str]:
    span = bar.span
    begins, ends = ((span.start_time or 0) - start) * scale, ((span.end_time or 0) - start) * scale
    place = f'x="{NAMES + begins:.1f}" y="{top + 4}" width="{max(ends - begins, 2):.1f}" height="14" rx="2"'
    return [
        f'<text x="{bar.depth * INDENT}" y="{top + 15}">{escape(span.name)}</text>',
        f'<rect class="{_kind(span)}" {place}/>',
        f'<text class="told" x="{NAMES + ends + 5:.1f}" y="{top + 15}">{escape(_told(span))}</text>',
    ]


def _kind(span: ReadableSpan) -> str:
    scope = span.instrumentation_scope.name if span.instrumentation_scope else ""
    if "httpx" not in scope:
        return scope
    return "http" if span.status.is_ok else "error"


def _told(span: ReadableSpan) -> str:
    """Return a span's duration, and what it says of itself."""
    attributes = span.attributes or {}
    seconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
    said = [text.format(attributes[name]) for name, text in SHOWN.items() if name in attributes]
    return ", ".join([f"{1000 * seconds:.0f} ms", *said])


if __name__ == "__main__":
    OUTPUT.write_text(draw(bars(traced())), encoding="utf-8")
    print(f"wrote {OUTPUT}")
