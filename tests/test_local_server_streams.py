"""What the local server streams, and how its streams misbehave on demand; driven by httpx alone."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.waiting import eventually

from pixigpt.testing import LocalServer, ReceivedRequest
from pixigpt.testing._contract import schema_violation

SYSTEM = {"role": "system", "content": "Be brief."}
HELLO = {"role": "user", "content": "Hello there!"}
TOOL = {
    "type": "function",
    "function": {"name": "now", "parameters": {"properties": {"city": {"type": "string"}}, "required": ["city"]}},
}
SAID = "You said: Hello there!"


@pytest.fixture(scope="module")
def session_server() -> Iterator[LocalServer]:
    """Run a server of this file's own, at which no other test has left a request: those in flight are counted."""
    with LocalServer() as server:
        yield server


def asked(**fields: Any) -> dict[str, Any]:
    return {"messages": [SYSTEM, HELLO], "stream": True, **fields}


def post(http: httpx.Client, key: str | None = None, **fields: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return http.post("/chat/completions", json=asked(**fields), headers=headers)


def data_of(text: str) -> list[str]:
    """Return the data of each event of a body that has nothing but data lines."""
    *events, rest = text.split("\n\n")
    assert rest == ""
    assert all(event.startswith("data: ") and "\n" not in event for event in events)
    return [event.removeprefix("data: ") for event in events]


def chunks(http: httpx.Client, key: str | None = None, **fields: Any) -> list[Any]:
    """Return a stream's chunks, each valid by the contract."""
    response = post(http, key, **fields)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    *data, done = data_of(response.text)
    assert done == "[DONE]"
    found = [json.loads(each) for each in data]
    assert [schema_violation("ChatCompletionChunk", chunk) for chunk in found] == [None] * len(found)
    return found


def deltas(found: list[Any]) -> list[Any]:
    return [chunk["choices"][0]["delta"] for chunk in found]


def test_a_stream_has_the_role_then_the_reasoning_then_the_text_word_by_word(http: httpx.Client) -> None:
    found = chunks(http)
    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in found}) == 1
    assert [chunk["choices"][0]["finish_reason"] for chunk in found] == [None] * (len(found) - 1) + ["stop"]
    first, *middle, last = deltas(found)
    assert (first, last) == ({"role": "assistant", "content": ""}, {})
    reasoning = ["The", " last", " message", " has", " 2", " words."]
    assert [delta.get("reasoning_content") for delta in middle[: len(reasoning)]] == reasoning
    assert middle[len(reasoning) :] == [{"content": word} for word in ("You", " said:", " Hello", " there!")]


@pytest.mark.parametrize(
    "text", ["", " ", "  two  blanks\n\nand\tmore \n", "\n", "a", "\u2028 odd\u00a0blanks\u3000", "\ud800 half"]
)
def test_the_words_of_a_stream_are_the_text_whatever_its_whitespace(
    http: httpx.Client, server: LocalServer, text: str
) -> None:
    server.reply(text, reasoning=text or None, finish_reason="length")
    found = chunks(http)
    assert "".join(delta.get("content", "") for delta in deltas(found)) == text
    assert "".join(delta.get("reasoning_content", "") for delta in deltas(found)) == text
    assert found[-1]["choices"][0]["finish_reason"] == "length"


def test_a_stream_tells_its_usage_only_if_asked(http: httpx.Client) -> None:
    for options in (None, {}, {"include_usage": False}):
        assert not any("usage" in chunk for chunk in chunks(http, stream_options=options))
    *others, last = chunks(http, stream_options={"include_usage": True})
    assert last["choices"] == []
    assert last["usage"] == http.post("/chat/completions", json=asked(stream=False)).json()["usage"]
    assert not any("usage" in chunk for chunk in others)


def test_a_tools_arguments_come_in_three_pieces(http: httpx.Client, server: LocalServer) -> None:
    server.reply(tool_calls=[("weather", {"city": "Paris"}), ("now", "{}"), ("odd", "")], reasoning="Hm.")
    first, thought, *pieces, last = chunks(http)
    assert (deltas([first]), deltas([thought])) == ([{"role": "assistant"}], [{"reasoning_content": "Hm."}])
    calls = [call for delta in deltas(pieces) for call in delta["tool_calls"]]
    assert [call["index"] for call in calls] == [0] * 3 + [1] * 3 + [2] * 3
    for index, (name, arguments) in enumerate([("weather", '{"city": "Paris"}'), ("now", "{}"), ("odd", "")]):
        begin, *rest = (call for call in calls if call["index"] == index)
        assert (begin["type"], begin["function"]["name"], bool(begin["id"])) == ("function", name, True)
        assert [(set(call), set(call["function"])) for call in rest] == [({"index", "function"}, {"arguments"})] * 2
        assert "".join(call["function"]["arguments"] for call in (begin, *rest)) == arguments
    assert (last["choices"][0]["delta"], last["choices"][0]["finish_reason"]) == ({}, "tool_calls")


def test_the_rule_calls_a_tool_in_a_stream_too(http: httpx.Client) -> None:
    found = chunks(http, tools=[TOOL])
    calls = [call for delta in deltas(found) for call in delta.get("tool_calls", [])]
    assert "".join(call["function"]["arguments"] for call in calls) == '{"city": "text"}'


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stream": False, "stream_options": {"include_usage": True}}, "stream_options: allowed only where stream"),
        ({"stream": None, "stream_options": {}}, "stream_options: allowed only where stream"),
        ({"stream": "yes"}, "stream: 'yes' is not of type 'boolean'"),
        ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage: 'yes' is not of type"),
        ({"messages": [HELLO]}, "the first message must be a system message"),
        ({"n": 2}, "n: the local server does not implement n=2"),
    ],
)
def test_a_stream_that_is_refused_is_an_error_in_json(http: httpx.Client, fields: Any, message: str) -> None:
    response = post(http, **fields)
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json")
    assert message in response.json()["error"]["message"]


def test_a_key_that_is_repeated_has_the_same_stream(http: httpx.Client, server: LocalServer) -> None:
    first = post(http, "one").text
    assert post(http, "one").text == first
    assert post(http, "two").text != first
    assert post(http, "one", temperature=1).status_code == 409
    server.cut(after_chunks=3)
    with pytest.raises(httpx.RemoteProtocolError):
        post(http, "three")
    server.reply("Not taken, since the work is done.", times=None)
    assert post(http, "three").text.endswith("[DONE]\n\n")
    assert len(server.unused) == 1


def test_a_reply_may_be_the_whole_stream(http: httpx.Client, server: LocalServer) -> None:
    body = b": hello\n\ndata: {}\n\nevent: error\ndata: x"
    server.reply(body=body)
    response = post(http)
    assert (response.content, response.headers["content-type"]) == (body, "text/event-stream; charset=utf-8")
    server.reply(body=body)
    server.cut(after_chunks=1)
    assert read_until_it_breaks(http) == ": hello\n\n"


@pytest.mark.parametrize(
    ("reply", "status"), [({"body": {"a": 1}}, 200), ({"status": 503}, 503), ({"body": b"{}", "status": 400}, 400)]
)
def test_a_reply_that_is_no_stream_is_sent_as_json(
    http: httpx.Client, server: LocalServer, reply: Any, status: int
) -> None:
    server.reply(**reply)
    response = post(http)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")


# ---- misbehaviour ----


def read_until_it_breaks(http: httpx.Client) -> str:
    """Return what came of a stream whose end does not."""
    got: list[str] = []
    with http.stream("POST", "/chat/completions", json=asked()) as response, pytest.raises(httpx.RemoteProtocolError):
        got.extend(response.iter_text())
    return "".join(got)


@pytest.mark.parametrize("after", [0, 1, 4, 12, 13, 100])
def test_cut_ends_a_stream_after_some_chunks(http: httpx.Client, server: LocalServer, after: int) -> None:
    server.cut("/chat/*", after_chunks=after)
    whole = post(http, stream=False)  # no stream, so that it is not cut
    assert whole.status_code == 200
    assert len(data_of(read_until_it_breaks(http))) == min(after, 13)
    assert len(chunks(http)) == 12


def test_cut_ends_a_stream_in_the_middle_of_a_chunk(http: httpx.Client, server: LocalServer) -> None:
    server.cut()
    first, second = read_until_it_breaks(http).split("\n\n")
    assert json.loads(first.removeprefix("data: "))
    assert second.startswith('data: {"choices"')
    server.reply(body=b"data: 1\n\n")
    server.cut()
    assert read_until_it_breaks(http) == "data: 1\n\n"


def test_a_stream_fails_in_its_middle(http: httpx.Client, server: LocalServer) -> None:
    server.fail("/chat/completions", status=503, mid_stream=True)
    assert post(http, stream=False).status_code == 200
    response = post(http)
    assert response.status_code == 200
    *before, error = [json.loads(data) for data in data_of(response.text)]
    assert [set(chunk["choices"][0]["delta"]) for chunk in before] == [{"role", "content"}, {"reasoning_content"}]
    assert error == {"error": {"message": "This failure was asked for.", "type": "server_error", "code": 503}}
    server.fail(mid_stream=True)
    server.reply(status=400)
    assert post(http).status_code == 400  # there is no stream to fail in
    assert len(chunks(http)) == 12


def test_a_stream_that_drips_arrives_whole(http: httpx.Client, server: LocalServer) -> None:
    server.drip(0.0001)
    assert chunks(http)
    server.drip(0)
    assert chunks(http)
    server.drip(0.0001)
    with http.stream("POST", "/chat/completions", json=asked()) as response:
        assert max(len(piece) for piece in response.iter_raw()) < 150


def test_a_stream_pauses_between_its_chunks(http: httpx.Client, server: LocalServer) -> None:
    server.delay(between_chunks=0.005)
    assert post(http, stream=False).status_code == 200
    started = time.monotonic()
    assert len(chunks(http)) == 12
    assert time.monotonic() - started >= 12 * 0.005
    assert server.unused == []


def test_ignore_stream_answers_in_json(http: httpx.Client, server: LocalServer) -> None:
    server.ignore_stream()
    response = post(http, "key", stream_options={"include_usage": True})
    assert response.headers["content-type"] == "application/json"
    assert response.json()["choices"][0]["message"]["content"] == SAID
    body = server.requests[-1].body
    assert isinstance(body, dict)
    assert body["stream"] is True


def test_skip_done_ends_without_it(http: httpx.Client, server: LocalServer) -> None:
    server.skip_done()
    *_, last = data_of(post(http).text)
    assert json.loads(last)["choices"][0]["finish_reason"] == "stop"


def test_linger_keeps_the_body_open_after_done(http: httpx.Client, server: LocalServer) -> None:
    server.linger()
    with http.stream("POST", "/chat/completions", json=asked(), timeout=0.3) as response:
        lines = response.iter_lines()
        while next(lines) != "data: [DONE]":
            pass
        time.sleep(0.05)
        assert server.in_flight == 1
        with pytest.raises(httpx.ReadTimeout):
            list(lines)
    assert eventually(lambda: server.in_flight == 0)


def test_a_client_that_leaves_ends_the_stream(server: LocalServer, http: httpx.Client) -> None:
    server.delay(between_chunks=60)
    with http.stream("POST", "/chat/completions", json=asked()) as response:
        texts = response.iter_text()
        assert "assistant" in next(texts)
        assert server.in_flight == 1
    assert eventually(lambda: server.in_flight == 0)
    assert len(chunks(http)) == 12


def test_a_server_stops_in_the_middle_of_a_stream() -> None:
    with LocalServer() as server:
        server.linger()
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with (
            httpx.Client(base_url=server.base_url, headers=headers) as http,
            http.stream("POST", "/chat/completions", json=asked()) as response,
        ):
            texts = response.iter_text()
            next(texts)
            server.stop()
            with pytest.raises(httpx.RemoteProtocolError):
                list(texts)


def test_a_fault_is_for_the_requests_that_it_names(http: httpx.Client, server: LocalServer) -> None:
    def is_warm(request: ReceivedRequest) -> bool:
        return isinstance(request.body, dict) and request.body.get("temperature") == 1

    asking = (server.fail, server.cut, server.ignore_stream, server.skip_done, server.linger)
    for ask in asking:
        ask(when=is_warm)
    server.delay(1, when=is_warm)
    server.drip(1, when=is_warm)
    assert len(chunks(http)) == 12
    assert len(server.unused) == len(asking) + 2
    assert post(http, temperature=1).status_code == 500
    assert len(server.unused) == len(asking) + 1


def test_a_when_that_raises_is_an_error_of_the_server(http: httpx.Client, server: LocalServer) -> None:
    server.skip_done(when=lambda _: 1 / 0 > 1)
    response = post(http)
    assert (response.status_code, response.json()["error"]["code"]) == (500, "local_server_error")
    assert [type(error) for error in server.errors] == [ZeroDivisionError]


def test_the_faults_of_streams_wait_for_a_stream(http: httpx.Client, server: LocalServer) -> None:
    server.cut(after_chunks=3)
    server.delay(between_chunks=0.5)
    server.fail(status=502, mid_stream=True, times=None)
    for ask in (server.ignore_stream, server.skip_done, server.linger):
        ask("/chat/completions", times=2)
    unused = [
        "cut('*', times=1, after_chunks=3)",
        "delay(0.0, '*', times=1, between_chunks=0.5)",
        "fail('*', times=None, status=502, mid_stream=True)",
        "ignore_stream('/chat/completions', times=2)",
        "skip_done('/chat/completions', times=2)",
        "linger('/chat/completions', times=2)",
    ]
    assert server.unused == unused
    http.post("/threads", json={})
    http.post("/moderations", json={"prompt": "", "stream": True})
    assert server.unused == unused
    with pytest.raises(ValueError, match="after_chunks must be at least 0"):
        server.cut(after_chunks=-1)
    with pytest.raises(ValueError, match="between_chunks must be"):
        server.delay(between_chunks=-1)
