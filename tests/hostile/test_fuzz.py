"""Whatever a server sends: only a PixiGPTError leaves a call, in bounded time, and the client stays good.

`make test` draws the same examples each time; with PIXIGPT_FUZZ=20000 each test draws so many new ones.
"""

import json
import os
import socket
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support.clients import Connect
from support.samples import ASSISTANT, ASSISTANT_MESSAGE, COMPLETION, MESSAGE, RUN, THREAD, listed
from support.scripted_server import ScriptedServer, ok, read_request

from pixigpt import APIResponseError, Client, PixiGPTError, RetryPolicy
from pixigpt._leniency import DEFAULTS, NUMBERED
from pixigpt._retry import retry_after
from pixigpt.testing._contract import contract

HUNT = os.environ.get("PIXIGPT_FUZZ")
LONGEST = 2.0  # of a call whose timeout is 0.3 s, on a busy machine


def examples(number: int) -> Callable[[Any], Any]:
    """Draw this many examples, always the same; with PIXIGPT_FUZZ that many new ones."""
    return settings(
        max_examples=int(HUNT) if HUNT else number,
        derandomize=HUNT is None,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


class OneFault:
    """A script: sends faulty bytes for one request, on whatever connection it comes, and good ones for all others."""

    def __init__(self) -> None:
        self.fault: bytes | None = None
        self.good = b""
        self.closes = True

    def __call__(self, connection: socket.socket) -> None:
        while read_request(connection):
            fault, self.fault = self.fault, None
            connection.sendall(self.good if fault is None else fault)
            if fault is not None and self.closes:
                return


class FaultyOnce:
    """A client of a server that sends one faulty response."""

    def __init__(self, script: OneFault, client: Client) -> None:
        self.script = script
        self.client = client.with_options(retry=RetryPolicy(backoff=0, budget=None))
        self.hasty = self.client.with_options(max_retries=0, timeout=0.3)
        self.calls = 0

    def to(self, call: Callable[[Client], object], fault: bytes, *, closes: bool) -> object:
        """Return the result or the error of a call that gets a faulty response; check that the next call is good."""
        self.calls += 1
        thread = {**THREAD, "id": f"thread_{self.calls}"}
        self.script.fault, self.script.good, self.script.closes = fault, ok(json.dumps(listed(thread)).encode()), closes
        outcome: object
        try:
            outcome = call(self.hasty)
        except PixiGPTError as error:
            outcome = error
        self.script.fault = None  # a call may have given up before it was told
        if isinstance(outcome, PixiGPTError):
            assert outcome.elapsed < LONGEST
            assert outcome.method in str(outcome)
        assert [each.id for each in self.client.list_threads()] == [thread["id"]]
        return outcome


@pytest.fixture
def faulty(connect: Connect) -> Iterator[FaultyOnce]:
    script = OneFault()
    with ScriptedServer(script) as server:
        yield FaultyOnce(script, connect(base_url=server.base_url))


BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"", b"{}", b"null", b"[]", b"[" * 2000, b'{"error": {"message": "no"}}', b"<html>"]),
    st.sampled_from([json.dumps(listed(THREAD)).encode(), json.dumps(THREAD).encode()]),
)
TOKENS = st.sampled_from(
    [b"", b"0", b"1", b"30", b"-1", b"nan", b"1e9", b"chunked", b"gzip", b"identity", b"br", b"close", b"keep-alive"]
)
NAMES = st.sampled_from(
    [
        b"Content-Length",
        b"Transfer-Encoding",
        b"Content-Encoding",
        b"Content-Type",
        b"Connection",
        b"Retry-After",
        b"Location",
        b"Set-Cookie",
        b"X-Request-Id",
        b"Upgrade",
        b"Trailer",
        b"Date",
    ]
)
FIELDS = st.tuples(
    NAMES | st.binary(max_size=10), st.one_of(TOKENS, st.binary(max_size=30), st.integers().map(lambda n: b"%d" % n))
)
STATUSES = st.one_of(
    st.integers(-1, 1000), st.sampled_from([100, 101, 200, 201, 204, 206, 304, 307, 400, 401, 429, 503])
)
PROTOCOLS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"http/1.1", b"ICY", b""])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Draw a response: any status, any headers, any body, framed well or badly, cut anywhere."""
    body = draw(BODIES)
    fields = draw(st.lists(FIELDS, max_size=4))
    framing = draw(st.sampled_from(["length", "length", "chunked", "none"]))
    if framing == "length":
        fields.append((b"Content-Length", b"%d" % len(body)))
    elif framing == "chunked":
        fields.append((b"Transfer-Encoding", b"chunked"))
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = b"%s %d %s\r\n" % (draw(PROTOCOLS), draw(STATUSES), draw(st.binary(max_size=10)))
    surplus = draw(st.sampled_from([b"", b"", b"\r\n", b"surplus", ok(json.dumps(listed(THREAD)).encode())]))
    whole = head + b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n" + body + surplus
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


def call_of(method: str) -> Callable[[Client], object]:
    return Client.list_threads if method == "GET" else Client.create_thread


@given(message=messages() | st.binary(max_size=300), method=st.sampled_from(["GET", "POST"]))
@examples(120)
def test_any_bytes_end_in_a_result_or_a_typed_error_and_the_next_call_is_good(
    faulty: FaultyOnce, message: bytes, method: str
) -> None:
    faulty.to(call_of(method), message, closes=True)


@given(message=messages())
@examples(10)
def test_so_do_any_bytes_after_which_the_server_keeps_the_connection_open(faulty: FaultyOnce, message: bytes) -> None:
    faulty.to(Client.list_threads, message, closes=False)


@given(
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    chunked=st.booleans(),
)
@examples(60)
def test_so_does_a_response_with_some_bytes_changed(
    faulty: FaultyOnce, flips: list[tuple[int, int]], chunked: bool
) -> None:
    body = json.dumps(THREAD).encode()
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    message = bytearray(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else ok(body))
    for place, byte in flips:
        message[place % len(message)] = byte
    faulty.to(Client.create_thread, bytes(message), closes=True)


# an operation, its call, and a valid response to it
OPERATIONS: dict[str, tuple[Callable[[Client], object], dict[str, Any]]] = {
    "create_chat_completion": (
        lambda client: client.create_chat_completion([{"role": "system", "content": "S"}]),
        COMPLETION,
    ),
    "create_thread": (lambda client: client.create_thread(), THREAD),
    "get_thread": (lambda client: client.get_thread("t"), THREAD),
    "list_threads": (lambda client: client.list_threads(), listed(THREAD)),
    "create_message": (lambda client: client.create_message("t", "user", "Hi."), MESSAGE),
    "create_messages_bulk": (
        lambda client: client.create_messages_bulk("t", [{"role": "user", "content": "Hi."}]),
        listed(MESSAGE),
    ),
    "list_messages": (lambda client: client.list_messages("t"), listed(ASSISTANT_MESSAGE)),
    "create_run": (lambda client: client.create_run("t", "a"), {**RUN, "message": None}),
    "get_run": (lambda client: client.get_run("t", "r"), RUN),
    "create_assistant": (lambda client: client.create_assistant("A", "I"), ASSISTANT),
    "get_assistant": (lambda client: client.get_assistant("a"), ASSISTANT),
    "update_assistant": (lambda client: client.update_assistant("a", "A", "I"), ASSISTANT),
    "list_assistants": (lambda client: client.list_assistants(), listed(ASSISTANT)),
    "list_assistant_threads": (lambda client: client.list_assistant_threads("a"), listed(THREAD)),
}
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([0, 1, -1, 1.0, 10**30, 1e300, "", "user", "completed", "stop", [], {}, [{}], {"id": "x"}]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=10),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
Path = tuple[str | int, ...]


def paths(value: object, at: Path = ()) -> Iterator[Path]:
    """Yield where each value inside a JSON value stands."""
    yield at
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*at, index))


def replaced(value: Any, path: Path, new: object) -> Any:
    """Return a JSON value with one value inside it replaced."""
    if not path:
        return new
    copy = deepcopy(value)
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = new
    return copy


def open_to_the_unknown(schema: Any) -> Any:
    """Return a schema that also allows what the SDK reads beyond it: other enum values, and null for what is absent."""
    if isinstance(schema, list):
        return [open_to_the_unknown(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {key: open_to_the_unknown(value) for key, value in schema.items() if key != "enum"}
    for name, value in opened.get("properties", {}).items():
        if name not in schema.get("required", []):
            opened["properties"][name] = {"anyOf": [value, {"type": "null"}]}
    return opened


def lenient(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas, with what a response may lack, and the forms that other servers give it."""
    made = deepcopy(schemas)
    for cls in DEFAULTS.keys() | NUMBERED.keys():
        schema = made[cls.__name__]
        for name in [*DEFAULTS.get(cls, {}), *NUMBERED.get(cls, ())[:1]]:
            schema["required"].remove(name)
            schema["properties"][name] = {"anyOf": [schema["properties"][name], {"type": "null"}]}
    made["ChatCompletion"]["properties"]["created"]["anyOf"].append({"type": "string", "pattern": "^[0-9]+$"})
    made["Message"]["properties"]["content"] = {"type": ["string", "array", "null"]}
    return made


def response_schema(operation: str) -> dict[str, Any]:
    """Return the schema of an operation's response."""
    found = [each for item in contract()["paths"].values() for each in item.values() if "operationId" in each]
    (described,) = [each for each in found if each["operationId"] == operation]
    schema = described["responses"]["2XX"]["content"]["application/json"]["schema"]
    schemas = lenient(open_to_the_unknown(contract()["components"]["schemas"]))
    return {**open_to_the_unknown(schema), "components": {"schemas": schemas}}


@pytest.mark.parametrize("operation", OPERATIONS)
@given(data=st.data())
@examples(25)
def test_a_response_with_one_value_replaced_is_a_result_just_where_the_contract_allows_it(
    faulty: FaultyOnce, operation: str, data: st.DataObject
) -> None:
    call, valid = OPERATIONS[operation]
    path = data.draw(st.sampled_from(list(paths(valid))))
    response = replaced(valid, path, data.draw(JSON))
    outcome = faulty.to(call, ok(json.dumps(response).encode()), closes=False)
    allowed = Draft202012Validator(response_schema(operation))
    if isinstance(outcome, PixiGPTError):
        assert isinstance(outcome, APIResponseError)
        assert not allowed.is_valid(response)
    else:
        assert allowed.is_valid(response)
        assert allowed.is_valid(as_json(outcome))


def as_json(result: Any) -> Any:
    """Return the response that would be parsed into a result."""
    return listed(*(item.to_dict() for item in result)) if isinstance(result, list) else result.to_dict()


DATES = st.sampled_from(
    ["Sun", "GMT", "99:99:99", "23:59:59", "09 Sep 2001", "Sep", "31", "0001", "9999", "+25:00", "T"]
)


@given(value=st.text(max_size=50) | st.lists(DATES | st.text(max_size=5), max_size=9).map(" ".join))
@examples(300)
def test_any_retry_after_is_a_finite_wait_or_none(value: str) -> None:
    wait = retry_after(httpx.Headers([(b"retry-after", value.encode("utf-8", "replace"))]), now=1e9)
    assert wait is None or 0 <= wait < float("inf")
