"""What the contract does not know yet: `extra_body`, `extra_query`, and `request` for a path of any kind."""

import json
from typing import Any

import pytest
from pytest_httpx import HTTPXMock
from support.clients import Against, Connect
from support.samples import COMPLETION, MESSAGE, listed
from support.scripted_server import Replies, ok

from pixigpt import APIResponseError, Client, NotFoundError
from pixigpt.testing import LocalServer

HELLO = [{"role": "user", "content": "Hi."}]
URL = "https://api.test/v1"


def sent(httpx_mock: HTTPXMock) -> Any:
    return json.loads(httpx_mock.get_requests()[-1].content)


def test_extras_go_into_the_json_body_and_the_query_of_every_call(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json=COMPLETION, is_reusable=True)
    client = connect(base_url=URL, extra_body={"top_p": 0.9, "model": "m"}, extra_query={"v": 2})
    client.create_chat_completion(HELLO, assistant_id="a")
    assert sent(httpx_mock) == {"top_p": 0.9, "model": "m", "messages": HELLO, "assistant_id": "a"}
    assert str(httpx_mock.get_requests()[-1].url) == f"{URL}/chat/completions?v=2"
    later = client.with_options(extra_body={"tool_choice": "auto"}, extra_query={"tag": ["a", "b"], "on": True})
    later.create_chat_completion(HELLO, assistant_id="a")
    assert sent(httpx_mock) == {"tool_choice": "auto", "messages": HELLO, "assistant_id": "a"}
    assert httpx_mock.get_requests()[-1].url.query == b"tag=a&tag=b&on=true"


def test_extras_stand_beside_the_calls_own_query(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json=listed(MESSAGE), is_reusable=True)
    connect(base_url=URL, extra_body={"a": 1}, extra_query={"after": "m"}).list_messages("t")
    request = httpx_mock.get_requests()[-1]
    assert (request.url.query, request.content) == (b"limit=20&after=m", b"")
    connect(base_url=URL, extra_query={"filter": {"a": 1}, "none": None}).list_messages("t")
    assert dict(httpx_mock.get_requests()[-1].url.params) == {"limit": "20", "filter": '{"a": 1}', "none": ""}


def test_an_extra_that_the_call_sets_itself_is_refused(connect: Connect) -> None:
    client = connect(base_url=URL, extra_body={"temperature": 1, "messages": []})
    with pytest.raises(ValueError, match="extra_body: 'messages' is set by the call itself"):
        client.create_chat_completion(HELLO)
    client = connect(base_url=URL, extra_body={"temperature": 1}, extra_query={"limit": 5})
    with pytest.raises(ValueError, match="extra_body: 'temperature' is set"):
        client.create_chat_completion(HELLO, temperature=0.5)
    with pytest.raises(ValueError, match="extra_query: 'limit' is set"):
        client.list_messages("t")


@pytest.mark.parametrize("name", ["extra_body", "extra_query"])
@pytest.mark.parametrize("extra", [5, "a=1", {1: 2}])
def test_an_extra_that_is_no_mapping_is_refused(connect: Connect, name: str, extra: Any) -> None:
    for make in (connect, connect(base_url=URL).with_options):
        with pytest.raises(TypeError, match=f"{name} must be a mapping with string keys"):
            make(**{name: extra})


def test_an_extra_that_is_no_json_is_refused(connect: Connect) -> None:
    for value, kind in ((object(), TypeError), (float("nan"), ValueError)):
        with pytest.raises(kind, match="cannot be sent as JSON"):
            connect(base_url=URL, extra_body={"x": value}).create_chat_completion(HELLO)


def test_a_path_that_no_contract_knows(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json={"data": ["m"]})
    httpx_mock.add_response(status_code=204)
    httpx_mock.add_response(json=[1])
    client = connect(base_url=URL)
    assert client.request("get", "/models", params={"kind": ["a", "b"]}, headers={"X-Team": "a"}) == {"data": ["m"]}
    assert client.request("DELETE", "/models/m") is None
    assert client.request("POST", "/models", json={"name": "ü"}) == [1]
    first, second, third = httpx_mock.get_requests()
    assert (str(first.url), first.headers["x-team"]) == (f"{URL}/models?kind=a&kind=b", "a")
    assert second.method == "DELETE"
    assert (json.loads(third.content), third.headers["content-type"]) == ({"name": "ü"}, "application/json")
    assert "idempotency-key" in third.headers


def test_a_request_without_a_body_says_so_where_one_is_usual(against: Against) -> None:
    replies = Replies(ok(b"{}"))
    client, _ = against(replies)
    for method in ("POST", "PUT", "PATCH", "GET", "DELETE"):
        client.request(method, "/models/m/pull")
    assert replies.headers("content-length") == ["0", "0", "0", None, None]


def test_a_request_is_retried_and_fails_as_any_call(client: Client, server: LocalServer) -> None:
    server.fail(status=503)
    assert client.request("GET", "/assistants")["object"] == "list"
    with pytest.raises(NotFoundError):
        client.request("GET", "/models")


def test_a_request_that_brings_no_json_is_an_error(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(text="<html>")
    with pytest.raises(APIResponseError, match="not JSON"):
        connect(base_url=URL).request("GET", "/models")


@pytest.mark.parametrize(
    ("method", "path", "options", "kind", "says"),
    [
        ("FETCH", "/models", {}, ValueError, "method must be one of DELETE"),
        (5, "/models", {}, TypeError, "method must be a str, not int"),
        ("GET", "models", {}, ValueError, "path must begin with /"),
        ("GET", "/models?x=1", {}, ValueError, "a query goes into params"),
        ("GET", "/../admin", {}, ValueError, "stand below base_url"),
        ("GET", "/files/..", {}, ValueError, "stand below base_url"),
        ("GET", "/mo\ndels", {}, ValueError, "there is no such URL"),
        ("GET", "/\ud800", {}, ValueError, "there is no such URL"),
        ("GET", "/models", {"params": {"q": "\ud800"}}, ValueError, "there is no such URL"),
        ("GET", "/models", {"params": {"q": "x" * 70_000}}, ValueError, "there is no such URL: .* too long"),
        ("GET", 5, {}, TypeError, "path must be a str, not int"),
        ("GET", "/models", {"params": "a=1"}, TypeError, "params must be a mapping with string keys"),
        ("GET", "/models", {"headers": "a: 1"}, TypeError, "headers must be a mapping of strings, not str"),
        ("GET", "/models", {"headers": {"Host": "a"}}, ValueError, "'Host' cannot be set"),
    ],
)
def test_a_bad_request_is_refused_before_anything_is_sent(
    connect: Connect, method: Any, path: Any, options: Any, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        connect(base_url=URL).request(method, path, **options)


def test_a_requests_headers_take_the_place_of_the_clients(httpx_mock: HTTPXMock, connect: Connect) -> None:
    httpx_mock.add_response(json={})
    connect(base_url=URL, headers={"X-Team": "a", "X-Kept": "k"}).request("GET", "/models", headers={"x-team": "b"})
    sent = httpx_mock.get_requests()[0].headers
    assert (sent.get_list("x-team"), sent["x-kept"]) == (["b"], "k")
