"""What code written for another SDK is told to write here instead, and what a wrong address is told."""

import inspect
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock
from support.clients import Connect
from support.events import HELLO

from pixigpt import APIResponseError, AsyncClient, Client, NotFoundError


@pytest.mark.parametrize(
    ("name", "hint"),
    [("chat", r"create_chat_completion\(\)"), ("beta", "create_run"), ("with_raw_response", "capture_responses")],
)
def test_an_attribute_of_openais_client_is_explained(connect: Connect, name: str, hint: str) -> None:
    with pytest.raises(AttributeError, match=f"has no attribute '{name}': use .*{hint}"):
        getattr(connect("sk-test"), name)


def test_an_attribute_that_nobody_has_is_none(connect: Connect) -> None:
    client = connect("sk-test")
    with pytest.raises(AttributeError, match=r"has no attribute 'create_chat_completions'$"):
        getattr(client, "create_chat_completions")  # noqa: B009  # type checkers rightly refuse the attribute


def test_the_other_clients_ways_to_close_are_explained() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    other: Any = AsyncClient("sk-test", transport=transport)
    with pytest.raises(AttributeError, match=r"use `await client.aclose\(\)`"):
        other.close()
    with pytest.raises(TypeError, match="use `async with"), other:
        pass
    mine: Any = Client("sk-test")
    with pytest.raises(AttributeError, match=r"use client.close\(\)"):
        mine.aclose()
    mine.close()


async def enters(client: Any) -> None:
    async with client:
        pass


def test_a_sync_client_is_no_async_context_manager() -> None:
    with Client("sk-test") as client, pytest.raises(TypeError, match="use `with Client"):
        enters(client).send(None)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"model": "gpt-5"}, "pass assistant_id"),
        ({"timeout": 5}, r"client.with_options\(timeout=...\)"),
        ({"extra_headers": {}}, r"client.with_options\(headers=...\)"),
        ({"stream": True}, r"use stream_chat_completion\(\)"),
        ({"stream_options": {}}, r"use stream_chat_completion\(\)"),
        ({"response_format": {}}, r"extra_body=\{'response_format': ...\}"),
    ],
)
def test_a_keyword_of_openais_is_explained(connect: Connect, arguments: dict[str, Any], hint: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{next(iter(arguments))}': .*{hint}"):
        connect("sk-test").create_chat_completion(HELLO, **arguments)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"stream": True}, "it always streams"),
        ({"stream_options": {}}, "pass include_usage"),
        ({"model": "gpt-5"}, "pass assistant_id"),
    ],
)
def test_a_keyword_of_openais_for_streams_is_explained(connect: Connect, arguments: dict[str, Any], hint: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{next(iter(arguments))}': {hint}"):
        connect("sk-test").stream_chat_completion(HELLO, **arguments)


def test_another_type_error_is_left_as_it_is(connect: Connect) -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match=r"^messages must be a list, not int$"):
        connect("sk-test").create_chat_completion(wrong)


def test_a_decorated_method_is_what_it_was() -> None:
    assert inspect.iscoroutinefunction(AsyncClient.create_chat_completion)
    assert not inspect.iscoroutinefunction(Client.create_chat_completion)
    assert "assistant_id" in inspect.signature(Client.create_chat_completion).parameters


def test_content_parts_hint_at_the_vision_methods(connect: Connect) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hi."}]}]
    with pytest.raises(ValueError, match=r"messages\[0\] is malformed: content must be a text.*analyze_image\(\)"):
        connect("sk-test").create_chat_completion(parts)


@pytest.mark.parametrize("options", [{"proxy": "http://x"}, {"verify": False}, {"limits": httpx.Limits()}])
def test_connection_options_beside_an_injected_client_are_refused(options: dict[str, Any]) -> None:
    with httpx.Client() as http, pytest.raises(ValueError, match="have no effect beside http_client"):
        Client("sk-test", http_client=http, **options)


def test_a_404_of_another_server_doubts_base_url(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(status_code=404, text="not found")
    with pytest.raises(NotFoundError, match=r"is base_url='https://example.test' right\?") as caught:
        connect("sk-test", "https://example.test").list_threads()
    assert caught.value.url == "https://example.test/threads"


def test_a_404_of_the_api_does_not(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(status_code=404, json={"error": {"message": "There is no thread.", "type": "t"}})
    with pytest.raises(NotFoundError) as caught:
        connect("sk-test").get_thread("t")
    assert caught.value.message == "There is no thread."


def test_a_web_page_is_named_and_not_poured_out(connect: Connect, httpx_mock: HTTPXMock) -> None:
    page = "<!DOCTYPE html><html><body>" + "Welcome. " * 1000
    httpx_mock.add_response(text=page)
    with pytest.raises(
        APIResponseError, match=r"a web page, not JSON; .* is base_url='https://example.test' right"
    ) as caught:
        connect("sk-test", "https://example.test").list_threads()
    assert "Welcome" not in str(caught.value)
