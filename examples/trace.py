"""Watch calls with OpenTelemetry: a span for each, with its tokens, printed here, and sent to a collector elsewhere."""

import os
from contextlib import suppress

from dotenv import load_dotenv
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from pixigpt import Client, NotFoundError
from pixigpt.otel import OpenTelemetry

load_dotenv()


def line(span: ReadableSpan) -> str:
    """Return a span as one line, of the few attributes that fit."""
    attributes = span.attributes or {}
    names = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "error.type")
    shown = ", ".join(f"{name}={attributes[name]!s}" for name in names if name in attributes)
    return f"{span.name:<24} {((span.end_time or 0) - (span.start_time or 0)) / 1e6:6.1f} ms  {shown}\n"


provider = TracerProvider()  # a real app has a BatchSpanProcessor with an OTLPSpanExporter
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=line)))
tracer = provider.get_tracer("example")

with Client(middleware=[OpenTelemetry(provider)]) as client, tracer.start_as_current_span("the whole"):
    question = [{"role": "user", "content": "What is a trace?"}]
    assistant_id = os.environ["DEFAULT_ASSISTANT_ID"]
    client.create_chat_completion(question, assistant_id=assistant_id)
    with client.stream_chat_completion(question, assistant_id=assistant_id) as stream:
        answer = stream.completion().choices[0].message.content
    client.create_embedding([answer or ""])
    with suppress(NotFoundError):
        client.get_thread("no-such-thread")
