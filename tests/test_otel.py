"""Each call is a span and its metrics, ended once, with the names of the conventions and without content."""

import json
import logging
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span
from support.clients import FAST, Against, Connect, cancel_a_stream
from support.events import DONE, FIRST, HELLO, chunk, event, pauses, sends_events, streamed, whole
from support.samples import USAGE
from support.scripted_server import (
    Replies,
    Script,
    ScriptedServer,
    header,
    ok,
    reply,
    resets,
    sends,
    silent,
)
from support.tools import completion

from pixigpt import AsyncClient, Client, PixiGPTError
from pixigpt._settings import installed_middleware
from pixigpt.middleware import Cache, CallRequest, CallResponse
from pixigpt.middleware._observe import AgentInvocation, ToolExecution
from pixigpt.otel import OpenTelemetry, PixiGPTInstrumentor
from pixigpt.otel import _names as names
from pixigpt.otel._instrumentor import _Installed
from pixigpt.testing import LocalServer
from pixigpt.tools import tool

SECRET = "a-secret-prompt"
MESSAGES: list[dict[str, object]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": SECRET},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "42"},
]
TOOLS = [{"type": "function", "function": {"name": "f", "description": "F.", "parameters": {"type": "object"}}}]
COMPLETION: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "pixi-1",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "An answer.", "tool_calls": None},
            "finish_reason": "stop",
            "reasoning_content": "I think.",
        }
    ],
    "usage": {
        "prompt_tokens": 12,
        "completion_tokens": 30,
        "total_tokens": 42,
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 7},
    },
}
CHAT = ok(json.dumps(COMPLETION).encode())


class Telemetry:
    """Providers in memory, and what they were given."""

    def __init__(self) -> None:
        self.spans_seen = InMemorySpanExporter()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self.spans_seen))
        self.reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider([self.reader])

    def middleware(self, capture_content: bool | None = None) -> OpenTelemetry:
        return OpenTelemetry(self.tracer_provider, self.meter_provider, capture_content)

    @property
    def spans(self) -> list[ReadableSpan]:
        return [*self.spans_seen.get_finished_spans()]

    def only_span(self) -> ReadableSpan:
        assert len(self.spans) == 1
        return self.spans[0]

    def points(self) -> dict[str, list[Any]]:
        """Return the data points of each metric, by its name."""
        data = self.reader.get_metrics_data()
        metrics = (
            [
                metric
                for resource in data.resource_metrics
                for scope in resource.scope_metrics
                for metric in scope.metrics
            ]
            if data
            else []
        )
        return {metric.name: [*metric.data.data_points] for metric in metrics}

    def sums(self) -> dict[str, float]:
        """Return the sum of each metric's values."""
        return {
            name: sum(point.sum if hasattr(point, "sum") else point.value for point in points)
            for name, points in self.points().items()
        }


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def test_a_chat_is_a_span_named_after_its_model(against: Against, telemetry: Telemetry) -> None:
    client, server = against(
        sends(CHAT.replace(b"HTTP/1.1 200 Reason", b"HTTP/1.1 200 Reason\r\nX-Request-Id: req_1")),
        middleware=[telemetry.middleware()],
        extra_body={"top_p": 0.5, "stop": ["\n"], "n": 2, "seed": 7, "top_k": True},
    )
    client.create_chat_completion(MESSAGES, assistant_id="asst_1", temperature=0.2, max_tokens=9, tools=TOOLS)
    span = telemetry.only_span()
    assert (span.name, span.kind, span.status.status_code) == ("chat pixi-1", SpanKind.CLIENT, StatusCode.UNSET)
    host, port = server.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "pixigpt",
        "server.address": host,
        "server.port": int(port),
        "gen_ai.agent.id": "asst_1",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.top_p": 0.5,
        "gen_ai.request.seed": 7,
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.stop_sequences": ("\n",),
        "gen_ai.response.id": "c1",
        "gen_ai.response.model": "pixi-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 7,
        "pixigpt.attempts": 1,
        "pixigpt.request_id": "req_1",
    }
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.schema_url == "https://opentelemetry.io/schemas/1.41.0"


def test_a_model_that_was_asked_for_names_the_span(against: Against, telemetry: Telemetry) -> None:
    client, _ = against(sends(CHAT), middleware=[telemetry.middleware()], extra_body={"model": "small"})
    client.create_chat_completion(HELLO)
    span = telemetry.only_span()
    assert span.name == "chat small"
    assert attributes(span)["gen_ai.request.model"] == "small"
    assert attributes(span)["gen_ai.response.model"] == "pixi-1"


def test_each_operation_has_a_span_with_the_ids_that_it_is_about(client: Client, telemetry: Telemetry) -> None:
    watched = client.with_options(middleware=[telemetry.middleware()])
    thread = watched.create_thread()
    watched.create_message(thread.id, "user", SECRET)
    assistant = watched.create_assistant("Ada", SECRET)
    run = watched.create_run(thread.id, assistant.id)
    watched.get_run(thread.id, run.id)
    watched.create_embedding([SECRET])
    watched.moderate_text(SECRET)
    watched.request("GET", "/assistants")
    found = [
        (span.name, *[attributes(span).get(f"gen_ai.{name}.id") for name in ("conversation", "agent")])
        for span in telemetry.spans
    ]
    assert found == [
        ("create_thread", thread.id, None),
        ("create_message", thread.id, None),
        ("create_agent", None, assistant.id),
        ("create_run pixi-local", thread.id, assistant.id),
        ("get_run pixi-local", thread.id, None),
        ("embeddings", None, None),
        ("moderate_text", None, None),
        ("request", None, None),
    ]
    assert [attributes(span).get("pixigpt.run.id") for span in telemetry.spans[3:5]] == [run.id, run.id]
    assert attributes(telemetry.spans[5])["gen_ai.embeddings.dimension.count"] == 1024
    assert SECRET not in "".join(span.to_json() for span in telemetry.spans)


FAILURES: list[tuple[Script, dict[str, Any]]] = [
    (sends(reply(404, SECRET.encode())), {"error.type": "NotFoundError", "http.response.status_code": 404}),
    (resets, {"error.type": "APIConnectionError"}),
    (sends(ok(SECRET.encode())), {"error.type": "APIResponseError"}),
]


@pytest.mark.parametrize(("script", "told"), FAILURES)
def test_an_error_is_told_by_its_class_and_not_by_its_text(
    against: Against, telemetry: Telemetry, script: Script, told: dict[str, Any]
) -> None:
    client, _ = against(script, middleware=[telemetry.middleware()], max_retries=0)
    with pytest.raises(PixiGPTError):
        client.create_chat_completion(MESSAGES)
    span = telemetry.only_span()
    assert told.items() <= attributes(span).items()
    assert attributes(span)["pixigpt.attempts"] == 1
    assert (span.status.status_code, span.status.description, [*span.events]) == (StatusCode.ERROR, None, [])
    assert SECRET not in span.to_json()
    assert "sk-test" not in span.to_json()
    (point,) = telemetry.points()["gen_ai.client.operation.duration"]
    assert point.attributes["error.type"] == told["error.type"]


def test_content_is_told_only_where_it_is_asked_for(
    against: Against, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, asked in ((None, None), ("false", None), ("true", False), ("EVENT_ONLY", None)):
        if variable is not None:
            monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", variable)
        client, _ = against(sends(CHAT), middleware=[telemetry.middleware(asked)])
        client.create_chat_completion(MESSAGES, tools=TOOLS)
    assert len(telemetry.spans) == 4
    shown = "".join(span.to_json() for span in telemetry.spans)
    assert not any(text in shown for text in (SECRET, "Be brief.", "An answer.", "I think.", "42\\", '"x'))
    for variable, asked in (("true", None), ("SPAN_ONLY", None), ("false", True)):
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", variable)
        client, _ = against(sends(CHAT), middleware=[telemetry.middleware(asked)])
        client.create_chat_completion(MESSAGES, tools=TOOLS)
        told = attributes(telemetry.spans[-1])
        assert {name: json.loads(told[f"gen_ai.{name}"]) for name in CONTENT} == CONTENT


CONTENT = {
    "system_instructions": [{"type": "text", "content": "Be brief."}],
    "input.messages": [
        {"role": "user", "parts": [{"type": "text", "content": SECRET}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "call_1", "name": "f", "arguments": {"x": 1}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "42"}]},
    ],
    "tool.definitions": [{"type": "function", "name": "f", "description": "F.", "parameters": {"type": "object"}}],
    "output.messages": [
        {
            "role": "assistant",
            "parts": [{"type": "reasoning", "content": "I think."}, {"type": "text", "content": "An answer."}],
            "finish_reason": "stop",
        }
    ],
}


def test_content_of_other_shapes_and_of_streams_is_told_too(against: Against, telemetry: Telemetry) -> None:
    client, _ = against(sends(whole("Par", "is.")), middleware=[telemetry.middleware(True)])
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "no JSON"}}
    with client.stream_chat_completion([{"role": "assistant", "tool_calls": [call]}]) as stream:
        list(stream)
    told = attributes(telemetry.only_span())
    assert json.loads(told["gen_ai.input.messages"])[0]["parts"][0]["arguments"] == "no JSON"
    answer = {"role": "assistant", "parts": [{"type": "text", "content": "Paris."}], "finish_reason": "stop"}
    assert json.loads(told["gen_ai.output.messages"]) == [answer]


def test_with_content_an_error_has_its_text_but_never_the_key(against: Against, telemetry: Telemetry) -> None:
    client, _ = against(sends(reply(404, b"no sk-test here")), middleware=[telemetry.middleware(True)])
    with pytest.raises(PixiGPTError):
        client.create_chat_completion(HELLO)
    description = telemetry.only_span().status.description or ""
    assert "no *** here" in description


def tell(text: str) -> dict[str, str]:
    return {"told": text}


def test_the_key_is_in_no_span_or_metric_though_a_server_a_model_or_a_tool_tells_it(
    against: Against, telemetry: Telemetry
) -> None:
    echoed = json.dumps(COMPLETION).replace("c1", "sk-test").replace("pixi-1", "sk-test").replace("stop", "sk-test")
    body = echoed.replace("An answer.", "Your key is sk-test.").encode()
    calls = json.dumps(completion(calls=[("sk-test", "tell", '{"text": "sk-test"}')])).encode()
    heads = (b"Content-Type: application/json", b"X-Request-Id: sk-test")
    replies = Replies(reply(200, calls, *heads), reply(200, body, *heads))
    client, _ = against(replies, middleware=[telemetry.middleware(True)])
    client.run_tools([{"role": "user", "content": "It is sk-test."}], [tool(tell)])
    assert [span.name for span in telemetry.spans] == ["chat m", "execute_tool tell", "chat ***"]
    told = attributes(telemetry.spans[2])
    assert (told["pixigpt.request_id"], told["gen_ai.response.finish_reasons"]) == ("***", ("***",))
    assert "Your key is ***." in told["gen_ai.output.messages"]
    assert json.loads(attributes(telemetry.spans[1])["gen_ai.tool.call.result"]) == {"told": "***"}
    assert "sk-test" not in "".join(span.to_json() for span in telemetry.spans)
    assert "sk-test" not in str(telemetry.points())


def test_the_key_is_in_no_span_of_an_agent(connect: Connect, telemetry: Telemetry, server: LocalServer) -> None:
    client = connect(server.api_key, server.base_url, middleware=[telemetry.middleware(True)])
    client.ask(client.create_assistant("Ada", "Be brief.").id, f"It is {server.api_key}.")
    (agent,) = [attributes(span) for span in telemetry.spans if span.name == "invoke_agent"]
    assert "It is ***." in agent["gen_ai.input.messages"]
    assert "It is ***." in agent["gen_ai.output.messages"]
    assert server.api_key not in "".join(span.to_json() for span in telemetry.spans)


def test_a_key_that_is_a_word_redacts_none_of_ours(connect: Connect, telemetry: Telemetry) -> None:
    with ScriptedServer(sends(CHAT)) as server:
        connect("a", server.base_url, middleware=[telemetry.middleware()]).create_chat_completion(HELLO)
    assert attributes(telemetry.only_span())["gen_ai.operation.name"] == "chat"


# Streams.


class BoomError(Exception):
    pass


def reads_all(stream: Any) -> None:
    with suppress(PixiGPTError), stream:
        list(stream)


def breaks(stream: Any) -> None:
    with stream:
        next(iter(stream))


def raises(stream: Any) -> None:
    with suppress(BoomError), stream:
        next(iter(stream))
        raise BoomError


def drops(stream: Any) -> None:
    next(iter(stream.__enter__()))
    held = [stream]
    del stream
    with pytest.warns(ResourceWarning):
        held.clear()


ENDS: list[tuple[Callable[[Any], None], Script, str | None]] = [
    (reads_all, sends(streamed(FIRST, chunk(finish_reason="stop"), DONE)), None),
    (breaks, pauses, None),
    (raises, pauses, None),
    (drops, pauses, None),
    (reads_all, sends_events(FIRST), "APIConnectionError"),
    (reads_all, sends_events(FIRST, event({"error": {"message": "x", "code": 503}})), "ServerError"),
]


@pytest.mark.parametrize(("leave", "script", "error"), ENDS)
def test_every_end_of_a_stream_ends_its_span_once_with_the_usage_so_far(
    against: Against, telemetry: Telemetry, leave: Callable[[Any], None], script: Script, error: str | None
) -> None:
    client, _ = against(script, middleware=[telemetry.middleware()])
    stream: list[Any] = [client.stream_chat_completion(HELLO)]
    leave(stream.pop())
    check_stream_span(telemetry, error)


def check_stream_span(telemetry: Telemetry, error: str | None) -> None:
    span = telemetry.only_span()
    told = attributes(span)
    assert span.name == "chat pixi-1"
    assert told["gen_ai.request.stream"] is True
    assert told["gen_ai.usage.input_tokens"] == USAGE["prompt_tokens"]
    assert told["gen_ai.usage.output_tokens"] == USAGE["completion_tokens"]
    assert told["pixigpt.attempts"] == 1
    assert told.get("error.type") == error
    assert span.status.status_code == (StatusCode.UNSET if error is None else StatusCode.ERROR)
    points = telemetry.points()
    assert [point.count for point in points["gen_ai.client.operation.duration"]] == [1]
    assert [point.sum for point in points["gen_ai.client.operation.time_to_first_chunk"]] == [
        told["gen_ai.response.time_to_first_chunk"]
    ]
    assert telemetry.sums()["gen_ai.client.token.usage"] == USAGE["total_tokens"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_stream_ends_its_span_once(telemetry: Telemetry, backend: str) -> None:
    cancel_a_stream(backend, telemetry.middleware())
    check_stream_span(telemetry, None)


@pytest.mark.parametrize(("backend", "error"), [("asyncio", "CancelledError"), ("trio", "Cancelled")])
def test_a_cancelled_call_ends_its_span_with_that(telemetry: Telemetry, backend: str, error: str) -> None:
    async def use(base_url: str) -> None:
        async with AsyncClient("sk-test", base_url, timeout=None, middleware=[telemetry.middleware()]) as client:
            with anyio.move_on_after(0.1):
                await client.list_threads()

    with ScriptedServer(silent) as server:
        anyio.run(use, server.base_url, backend=backend)
    assert attributes(telemetry.only_span())["error.type"] == error


def test_an_exception_of_another_middleware_is_told_by_its_class(against: Against, telemetry: Telemetry) -> None:
    def breaks(request: CallRequest) -> Any:
        yield request
        raise BoomError

    client, _ = against(sends(CHAT), middleware=[telemetry.middleware(), breaks])
    with pytest.raises(BoomError):
        client.create_chat_completion(HELLO)
    assert attributes(telemetry.only_span())["error.type"] == "BoomError"


def test_a_response_of_another_middleware_costs_nothing(against: Against, telemetry: Telemetry) -> None:
    client, _ = against(
        sends(CHAT), middleware=[telemetry.middleware(), Cache({}, operations=["create_chat_completion"])]
    )
    client.create_chat_completion(HELLO)
    client.create_chat_completion(HELLO)
    assert [attributes(span)["pixigpt.attempts"] for span in telemetry.spans] == [1, 0]
    assert "gen_ai.usage.input_tokens" not in attributes(telemetry.spans[1])
    assert telemetry.sums()["gen_ai.client.token.usage"] == 42


def test_the_tokens_of_a_reranking_are_its_input(client: Client, telemetry: Telemetry) -> None:
    ranked = client.with_options(middleware=[telemetry.middleware()]).rerank("cat", ["A cat."])
    assert attributes(telemetry.only_span())["gen_ai.usage.input_tokens"] == ranked.usage.total_tokens > 0
    assert telemetry.sums()["gen_ai.client.token.usage"] == ranked.usage.total_tokens


def test_a_response_that_stands_for_an_error_is_one(against: Against, telemetry: Telemetry) -> None:
    def refuses(request: CallRequest) -> Any:
        if request.operation == "create_thread":
            return CallResponse(503)
        return (yield request)

    client, _ = against(sends(CHAT), middleware=[telemetry.middleware(), refuses])
    with pytest.raises(PixiGPTError):
        client.create_thread()
    span = telemetry.only_span()
    assert (attributes(span)["error.type"], span.status.status_code) == ("503", StatusCode.ERROR)


ODD = [b"[]", b'"x"', b'{"choices": 5, "usage": 7, "id": 3, "model": [], "data": [1]}', b'{"data": [], "usage": {}}']


@pytest.mark.parametrize("body", ODD)
def test_an_odd_response_is_a_span_all_the_same(against: Against, telemetry: Telemetry, body: bytes) -> None:
    client, _ = against(sends(ok(body)), middleware=[telemetry.middleware(True)])
    client.request("POST", "/chat/completions", json=[{"messages": 5}])
    assert telemetry.only_span().status.status_code is StatusCode.UNSET


# Metrics.


def use_everything(client: Client) -> None:
    client.create_chat_completion(HELLO)
    with client.stream_chat_completion(HELLO) as stream:
        list(stream)
    client.create_embedding("A cat.")
    client.create_thread()


EMBEDDING = b'{"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 4, "total_tokens": 4}}'
EVERYTHING = (CHAT, whole("Par", "is."), ok(EMBEDDING), ok(b'{"id": "thread_1"}'))


def test_by_default_the_metrics_are_those_of_the_last_release(against: Against, telemetry: Telemetry) -> None:
    client, _ = against(Replies(*EVERYTHING), middleware=[telemetry.middleware()])
    use_everything(client)
    points, sums = telemetry.points(), telemetry.sums()
    assert {*points} == {
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gen_ai.client.operation.time_to_first_chunk",
    }
    durations = points["gen_ai.client.operation.duration"]
    assert sum(point.count for point in durations) == 4
    assert durations[0].explicit_bounds[:3] == (0.01, 0.02, 0.04)
    assert sums["gen_ai.client.token.usage"] == 42 + 3 + 4
    kinds = {(point.attributes["gen_ai.token.type"], point.sum) for point in points["gen_ai.client.token.usage"]}
    assert {kind for kind, _ in kinds} == {"input", "output"}
    assert points["gen_ai.client.token.usage"][0].explicit_bounds[:3] == (1, 4, 16)
    assert {*durations[0].attributes} == {
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.response.model",
        "server.address",
        "server.port",
    }


def test_the_latest_metrics_can_be_asked_for(
    against: Against, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http, gen_ai_latest_experimental")
    client, _ = against(Replies(*EVERYTHING, reply(404)), middleware=[telemetry.middleware()])
    use_everything(client)
    with pytest.raises(PixiGPTError):
        client.create_chat_completion(HELLO)
    points, sums = telemetry.points(), telemetry.sums()
    assert {*points} == {
        "gen_ai.client.inference.duration",
        "gen_ai.client.inference.time_to_first_chunk",
        "gen_ai.client.inference.operation.input_tokens",
        "gen_ai.client.inference.operation.output_tokens",
        "gen_ai.client.inference.usage.input_tokens",
        "gen_ai.client.inference.usage.output_tokens",
        "gen_ai.client.embeddings.duration",
        "gen_ai.client.embeddings.operation.input_tokens",
        "gen_ai.client.operation.duration",
    }
    assert sum(point.count for point in points["gen_ai.client.inference.duration"]) == 3
    assert sums["gen_ai.client.inference.usage.input_tokens"] == 13
    assert sums["gen_ai.client.inference.operation.output_tokens"] == 32
    assert sums["gen_ai.client.embeddings.operation.input_tokens"] == 4
    totals = {
        (point.attributes["gen_ai.token.modality"], point.value)
        for point in points["gen_ai.client.inference.usage.input_tokens"]
    }
    assert totals == {("text", 12), ("text", 1), ("unknown", 0)}
    assert all("error.type" not in each.attributes for each in points["gen_ai.client.inference.usage.input_tokens"])
    (other,) = points["gen_ai.client.operation.duration"]
    assert other.attributes["gen_ai.operation.name"] == "create_thread"
    assert telemetry.spans[0].instrumentation_scope is not None
    assert not telemetry.spans[0].instrumentation_scope.schema_url


def test_each_name_is_one_of_the_conventions() -> None:
    conventions = "opentelemetry.semconv._incubating"  # which has no types
    modules = [import_module(f"{conventions}.{kind}.gen_ai_{kind}") for kind in ("attributes", "metrics")]
    known = {value for module in modules for value in vars(module).values() if isinstance(value, str)}
    ours = {
        name: value for name, value in vars(names).items() if isinstance(value, str) and value.startswith("gen_ai.")
    }
    fields = {name for name, _ in names.REQUEST_FIELDS.values()}
    newer = {value for name, value in ours.items() if name.startswith("LATEST_")} | {names.TOKEN_MODALITY}
    assert len(ours) > 30
    assert ({*ours.values()} | fields) - newer <= known
    assert not newer & known


# With the instrumentation of httpx.


@pytest.fixture
def traced_httpx(telemetry: Telemetry) -> Iterator[None]:
    HTTPXClientInstrumentor().instrument(tracer_provider=telemetry.tracer_provider)
    yield
    HTTPXClientInstrumentor().uninstrument()


@pytest.mark.usefixtures("traced_httpx")
def test_each_attempt_is_a_child_span_and_carries_traceparent(against: Against, telemetry: Telemetry) -> None:
    replies = Replies(reply(503), CHAT, reply(503), whole("Par", "is."))
    client, _ = against(replies, middleware=[telemetry.middleware()])
    client.create_chat_completion(HELLO)
    with client.stream_chat_completion(HELLO) as stream:
        list(stream)
    spans = telemetry.spans
    assert [span.name for span in spans] == ["POST", "POST", "chat pixi-1", "POST", "POST", "chat"]
    for attempts, call in ((spans[:2], spans[2]), (spans[3:5], spans[5])):
        assert [span.parent and span.parent.span_id for span in attempts] == [id_of(call)] * 2
    parents = [header(request, "traceparent") or "" for request in replies.requests]
    assert [int(parent.split("-")[2], 16) for parent in parents] == [id_of(spans[n]) for n in (0, 1, 3, 4)]


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


def is_in_a_span() -> bool:
    return get_current_span().get_span_context().is_valid


def test_a_span_is_current_while_requests_are_sent_and_not_in_a_streams_block(telemetry: Telemetry) -> None:
    seen: list[bool] = []

    def respond(_: httpx.Request) -> httpx.Response:
        seen.append(is_in_a_span())
        return httpx.Response(200, json=COMPLETION)

    transport = httpx.MockTransport(respond)
    with Client("sk-test", "http://localhost/v1", transport=transport, middleware=[telemetry.middleware()]) as client:
        client.create_chat_completion(HELLO)
        seen.append(is_in_a_span())
        with client.stream_chat_completion(HELLO) as stream:
            seen.append(is_in_a_span())
            list(stream)
    assert seen == [True, False, True, False]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_keep_their_spans_apart(
    telemetry: Telemetry, server: LocalServer, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = telemetry.tracer_provider.get_tracer("app")

    async def task(client: AsyncClient, number: int) -> None:
        with tracer.start_as_current_span(f"task {number}"):
            await client.create_chat_completion(HELLO, assistant_id=server.assistant_id)
            async with client.stream_chat_completion(HELLO, assistant_id=server.assistant_id) as stream:
                await stream.completion()

    async def use() -> None:
        options: dict[str, Any] = {"middleware": [telemetry.middleware()]}
        async with (
            AsyncClient(server.api_key, server.base_url, **options) as client,
            anyio.create_task_group() as group,
        ):
            for number in range(5):
                group.start_soon(task, client, number)

    anyio.run(use, backend=backend)
    tasks = {id_of(span): span.name for span in telemetry.spans if span.name.startswith("task")}
    parents = [tasks[span.parent.span_id] for span in telemetry.spans if span.parent is not None]
    assert sorted(parents) == sorted([*tasks.values()] * 2)
    assert caplog.messages == []  # OpenTelemetry logs a span that was made current in one context and not in another


# What is no call.


def test_a_tool_is_a_span_that_is_current_while_it_runs(telemetry: Telemetry) -> None:
    for asked in (False, True):
        tool = ToolExecution("weather", "call_1", "The weather.", {"city": SECRET})
        with telemetry.middleware(asked).observe(tool):
            assert is_in_a_span()
            tool.result = "rain"
    with pytest.raises(BoomError), telemetry.middleware().observe(ToolExecution("f", "call_2", None, {})):
        raise BoomError
    plain, told, failed = telemetry.spans
    assert (plain.name, plain.kind) == ("execute_tool weather", SpanKind.INTERNAL)
    common = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "weather",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
    }
    assert attributes(plain) == common
    assert attributes(told) == {
        **common,
        "gen_ai.tool.description": "The weather.",
        "gen_ai.tool.call.arguments": json.dumps({"city": SECRET}),
        "gen_ai.tool.call.result": "rain",
    }
    assert (attributes(failed)["error.type"], failed.status.status_code) == ("BoomError", StatusCode.ERROR)
    durations = telemetry.points()["gen_ai.client.operation.duration"]
    assert {point.attributes["gen_ai.tool.name"] for point in durations} == {"weather", "f"}


def test_an_agent_is_a_span_of_the_client(telemetry: Telemetry) -> None:
    for asked in (False, True):
        agent = AgentInvocation("asst_1", "thread_1", "https://pixigpt.test/v1", SECRET)
        with telemetry.middleware(asked).observe(agent):
            agent.model, agent.answer = "pixi-1", "An answer."
    with telemetry.middleware(True).observe(AgentInvocation("a", "t", "http://localhost/v1", "Hi.")):
        pass
    plain, told, bare = telemetry.spans
    common = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "pixigpt",
        "gen_ai.agent.id": "asst_1",
        "gen_ai.conversation.id": "thread_1",
        "gen_ai.response.model": "pixi-1",
        "server.address": "pixigpt.test",
        "server.port": 443,
    }
    assert (plain.name, plain.kind, attributes(plain)) == ("invoke_agent", SpanKind.CLIENT, common)
    assert json.loads(attributes(told)["gen_ai.input.messages"])[0]["parts"][0]["content"] == SECRET
    assert json.loads(attributes(told)["gen_ai.output.messages"])[0]["parts"][0]["content"] == "An answer."
    assert attributes(bare)["server.port"] == 80


# The instrumentor, and what is where there is no SDK.


@pytest.fixture
def instrumentor() -> Iterator[PixiGPTInstrumentor]:
    yield PixiGPTInstrumentor()
    PixiGPTInstrumentor().uninstrument()


def test_the_instrumentor_watches_each_client_made_from_now_on(
    telemetry: Telemetry,
    instrumentor: PixiGPTInstrumentor,
    against: Against,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    before, _ = against(sends(CHAT))
    instrumentor.instrument(tracer_provider=telemetry.tracer_provider, skip_dep_check=True)
    assert PixiGPTInstrumentor().is_instrumented_by_opentelemetry
    instrumentor.instrument()
    assert caplog.messages == ["pixigpt is instrumented already"]
    client, _ = against(Replies(CHAT), middleware=[Cache({})])
    for each in (before, client, client.with_options(timeout=3.0), client.with_options(middleware=[])):
        each.create_chat_completion(HELLO)
    assert len(telemetry.spans) == 3
    own, _ = against(sends(CHAT), middleware=[telemetry.middleware()])
    own.create_chat_completion(HELLO)
    assert len(telemetry.spans) == 4
    PixiGPTInstrumentor().uninstrument()
    client.create_chat_completion(HELLO)
    after, _ = against(sends(CHAT))
    after.create_chat_completion(HELLO)
    assert len(telemetry.spans) == 4
    assert instrumentor.instrumentation_dependencies() == ("pixigpt",)


def test_another_instrumentation_is_left_alone(instrumentor: PixiGPTInstrumentor, telemetry: Telemetry) -> None:
    other = telemetry.middleware()
    installed_middleware.insert(0, other)
    instrumentor.instrument()
    instrumentor.uninstrument()
    assert installed_middleware == [other]
    assert pickle.loads(pickle.dumps(_Installed())).is_active is False
    installed_middleware.clear()


def test_after_uninstrument_nothing_else_is_watched_either(
    telemetry: Telemetry, instrumentor: PixiGPTInstrumentor
) -> None:
    instrumentor.instrument(tracer_provider=telemetry.tracer_provider)
    with Client("sk-test", "http://localhost/v1", middleware=[Cache({})]) as client:
        chain = client._settings.middleware
        assert chain is not None
        tool = ToolExecution("f", "call_1", None, {})
        with chain.observe(tool):
            pass
        instrumentor.uninstrument()
        with chain.observe(tool):
            pass
    assert len(telemetry.spans) == 1


def test_a_watched_client_is_pickled_as_it_is_watched_where_it_is_unpickled(
    telemetry: Telemetry, instrumentor: PixiGPTInstrumentor
) -> None:
    instrumentor.instrument(tracer_provider=telemetry.tracer_provider)
    with ScriptedServer(Replies(CHAT)) as server:
        with Client("sk-test", server.base_url, retry=FAST) as client:
            pickled = pickle.dumps(client)
        with pickle.loads(pickled) as clone:
            clone.create_chat_completion(HELLO)
        assert len(telemetry.spans) == 1
        instrumentor.uninstrument()
        with pickle.loads(pickled) as clone:
            clone.create_chat_completion(HELLO)
        assert len(telemetry.spans) == 1


def test_an_own_one_is_pickled_if_it_has_no_providers(telemetry: Telemetry) -> None:
    assert pickle.loads(pickle.dumps(OpenTelemetry(capture_content=True)))._capture_content is True
    with pytest.raises(TypeError, match="providers of its own"):
        pickle.dumps(telemetry.middleware())


BAD: list[dict[str, Any]] = [{"tracer_provider": 5}, {"meter_provider": "x"}, {"capture_content": "yes"}]


@pytest.mark.parametrize("given", BAD)
def test_a_bad_argument_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(given))):
        OpenTelemetry(**given)
    with pytest.raises(TypeError, match=next(iter(given))):
        PixiGPTInstrumentor().instrument(**given)


def run(code: str, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_opentelemetry_instrument_finds_it(server: LocalServer) -> None:
    code = """
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
        from opentelemetry.trace import set_tracer_provider

        from pixigpt import Client

        provider = TracerProvider()  # opentelemetry-distro would do this
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
        set_tracer_provider(provider)
        with Client() as client:
            client.list_threads()
    """
    command = str(Path(sys.executable).parent / "opentelemetry-instrument")
    done = run(code, command, PIXIGPT_API_KEY=server.api_key, PIXIGPT_BASE_URL=server.base_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert '"name": "list_threads"' in done.stdout
    assert '"gen_ai.provider.name": "pixigpt"' in done.stdout
    assert '"http.method": "GET"' in done.stdout  # by the instrumentation of httpx


def test_without_an_sdk_it_does_nothing(server: LocalServer) -> None:
    code = """
        from pixigpt import Client
        from pixigpt.otel import OpenTelemetry
        with Client(middleware=[OpenTelemetry(capture_content=True)]) as client:
            print(type(client.list_threads()))
    """
    done = run(code, PIXIGPT_API_KEY=server.api_key, PIXIGPT_BASE_URL=server.base_url)
    assert (done.stdout, done.stderr) == ("<class 'list'>\n", "")


def test_without_the_extra_the_error_names_it() -> None:
    code = """
        import sys
        sys.modules["opentelemetry"] = None
        import pixigpt
        import pixigpt.otel
    """
    done = run(code)
    assert 'pixigpt.otel needs opentelemetry-api: pip install "pixigpt[otel]"' in done.stderr


# Tools and agents, as the client runs them.


def test_a_run_of_tools_is_a_span_for_each_model_and_each_tool(
    client: Client, server: LocalServer, telemetry: Telemetry
) -> None:
    seen: list[str] = []

    def weather(city: str) -> str:
        """Tell the weather."""
        seen.append(name_of_current_span())
        return f"{SECRET} in {city}"

    def broken(city: str) -> object:
        """Fail."""
        raise BoomError(city)

    def unsendable(city: str) -> object:
        """Return what is no JSON."""
        return {city: object()}

    for function in (weather, broken, unsendable):
        name = function.__name__
        server.reply(tool_calls=[(name, {"city": "Paris"})])
        server.reply("Done.")
        options: dict[str, Any] = {"assistant_id": server.assistant_id}
        with suppress(PixiGPTError):
            client.with_options(middleware=[telemetry.middleware()]).run_tools(HELLO, [function], **options)
        if function is not weather:
            server.reset()
    tools = [span for span in telemetry.spans if span.name.startswith("execute_tool")]
    told = [(span.name, attributes(span).get("error.type")) for span in tools]
    assert told == [
        ("execute_tool weather", None),
        ("execute_tool broken", "BoomError"),
        ("execute_tool unsendable", "ValueError"),
    ]
    assert seen == ["execute_tool weather"]
    assert SECRET not in "".join(span.to_json() for span in telemetry.spans)


def name_of_current_span() -> str:
    span = get_current_span()
    assert isinstance(span, ReadableSpan)
    return span.name


def test_a_question_is_a_span_around_the_run_and_its_polls(
    client: Client, server: LocalServer, telemetry: Telemetry
) -> None:
    watched = client.with_options(middleware=[telemetry.middleware(True)])
    reply = watched.ask(server.assistant_id, "Hello!", poll_interval=0.01)
    (agent,) = [span for span in telemetry.spans if span.name == "invoke_agent"]
    assert attributes(agent)["gen_ai.agent.id"] == server.assistant_id
    assert attributes(agent)["gen_ai.conversation.id"] == reply.thread_id
    assert attributes(agent)["gen_ai.response.model"] == reply.run.model
    assert reply.text in attributes(agent)["gen_ai.output.messages"]
    inside = {span.name for span in telemetry.spans if span.parent and span.parent.span_id == id_of(agent)}
    assert inside == {f"create_run {reply.run.model}", f"get_run {reply.run.model}"}
    with pytest.raises(PixiGPTError):
        watched.ask(server.assistant_id, "/fail", poll_interval=0.01)
    assert attributes(telemetry.spans[-1])["error.type"] == "RunFailedError"
