"""The libraries that mock httpx in users' tests mock the SDK too: pytest-httpx and respx, as their manuals say."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import respx
from pytest_httpx import HTTPXMock
from support.clients import Connect
from support.events import HELLO, whole_body

from pixigpt import APIConnectionError, NotFoundError

THREADS = {"object": "list", "data": []}


def test_pytest_httpx_answers(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url="https://pixigpt.com/v1/threads", method="GET", json=THREADS)
    httpx_mock.add_response(status_code=404)
    httpx_mock.add_exception(httpx.ReadTimeout("too late"))
    client = connect(max_retries=0)
    assert client.list_threads() == []
    with pytest.raises(NotFoundError):
        client.list_threads()
    with pytest.raises(APIConnectionError):
        client.create_thread()
    assert [request.method for request in httpx_mock.get_requests()] == ["GET", "GET", "POST"]
    assert httpx_mock.get_requests()[2].content == b"{}"


@pytest.mark.parametrize("api", ["http://api.test/v1", "https://pixigpt.com/v1"])
@pytest.mark.filterwarnings("ignore:base_url sends the API key in clear text")
def test_respx_answers(connect: Connect, api: str) -> None:
    with respx.mock(base_url=api) as router:
        threads = router.get("/threads").respond(json=THREADS)
        router.get("/threads/none").respond(404, json={"error": {"message": "no such thread"}})
        router.post("/threads").mock(side_effect=httpx.ConnectError)
        client = connect(base_url=api, max_retries=0)
        assert [client.list_threads() for _ in range(3)] == [[]] * 3
        with pytest.raises(NotFoundError, match="no such thread"):
            client.get_thread("none")
        with pytest.raises(APIConnectionError):
            client.create_thread()
        assert threads.call_count == 3
        sent: Any = threads.calls.last.request
        assert sent.headers["authorization"] == "Bearer sk-test"


def test_pytest_httpx_streams(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(content=whole_body("Par", "is."), headers={"content-type": "text/event-stream"})
    client = connect("sk-test")
    with client.stream_chat_completion(HELLO) as stream:
        assert list(stream.text()) == ["Par", "is."]
    assert stream.completion().choices[0].message.content == "Paris."


def test_respx_streams(connect: Connect) -> None:
    with respx.mock(base_url="https://pixigpt.com/v1") as router:
        events = httpx.Response(200, content=whole_body("a", "b"), headers={"content-type": "text/event-stream"})
        router.post("/chat/completions").mock(return_value=events)
        with connect("sk-test").stream_chat_completion(HELLO) as stream:
            assert list(stream.text()) == ["a", "b"]


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, one of them empty."""

    def __iter__(self) -> Iterator[bytes]:
        yield from (b'{"object": "list", ', b"", b'"data": []}')

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def test_a_mocked_body_may_have_an_empty_piece(connect: Connect) -> None:
    with respx.mock as router:
        router.get("https://pixigpt.com/v1/threads").mock(return_value=httpx.Response(200, stream=Pieces()))
        assert connect().list_threads() == []


def test_a_mock_leaves_no_connection_in_use(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=THREADS, is_reusable=True)
    client = connect(limits=httpx.Limits(max_connections=1))
    assert [client.list_threads() for _ in range(5)] == [[]] * 5


def test_respx_leaves_no_connection_in_use(connect: Connect) -> None:
    with respx.mock as router:
        router.get("https://pixigpt.com/v1/threads").respond(json=THREADS)
        client = connect(limits=httpx.Limits(max_connections=1))
        assert [client.list_threads() for _ in range(5)] == [[]] * 5
