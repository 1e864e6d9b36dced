"""For a stream, what a middleware does after its `yield` is done once, however the stream ends."""

import json
import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import anyio
import pytest
from support.clients import Against, cancel_a_stream
from support.events import DONE, FIRST, HELLO, chunk, event, pauses, sends_events, whole
from support.samples import USAGE
from support.scripted_server import EMPTY, Replies, Script, ScriptedServer, ok, reply, sends, silent
from support.tools import completion
from support.waiting import eventually

from pixigpt import (
    APIConnectionError,
    APIError,
    APIResponseError,
    APITimeoutError,
    AsyncClient,
    PixiGPTError,
    ServerError,
    Usage,
)
from pixigpt.middleware import Cache, CallRequest, CallResponse
from pixigpt_api.api.pixigpt import list_threads

Steps = Generator[CallRequest, CallResponse, CallResponse]


class Watcher:
    """A middleware that keeps how calls ended."""

    def __init__(self) -> None:
        self.requests: list[CallRequest] = []
        self.responses: list[CallResponse] = []
        self.errors: list[BaseException] = []
        self.partial: list[CallResponse | None] = []

    def __call__(self, request: CallRequest) -> Steps:
        self.requests.append(request)
        try:
            response = yield request
        except BaseException as error:
            self.errors.append(error)
            self.partial.append(request.partial)
            raise
        self.responses.append(response)
        return response

    def only_response(self) -> CallResponse:
        assert (len(self.responses), self.errors) == (1, [])
        return self.responses[0]

    def only_error(self) -> BaseException:
        assert (self.responses, len(self.errors)) == ([], 1)
        return self.errors[0]


class BoomError(Exception):
    pass


def reads_all(stream: Any) -> None:
    with stream:
        list(stream)


def takes_the_completion(stream: Any) -> None:
    with stream:
        stream.completion()
    stream.completion()


def breaks(stream: Any) -> None:
    with stream:
        for _ in stream:
            break


def closes(stream: Any) -> None:
    with stream:
        next(iter(stream))
        stream.close()
        stream.close()


def reads_nothing(stream: Any) -> None:
    with stream:
        pass


def raises(stream: Any) -> None:
    with suppress(BoomError), stream:
        next(iter(stream))
        raise BoomError


WHOLE = sends(whole("Par", "is."))
ENDS: list[tuple[Callable[[Any], None], Script, bool, str]] = [
    (reads_all, WHOLE, True, "Paris."),
    (takes_the_completion, WHOLE, True, "Paris."),
    (reads_all, sends(ok(json.dumps(completion("Hi.")).encode())), True, "Hi."),
    (breaks, pauses, False, "Par"),
    (closes, pauses, False, "Par"),
    (raises, pauses, False, "Par"),
]


@pytest.mark.parametrize(("leave", "script", "is_complete", "text"), ENDS)
def test_a_stream_that_did_not_fail_gives_its_response_once(
    against: Against, leave: Callable[[Any], None], script: Script, is_complete: bool, text: str
) -> None:
    watcher = Watcher()
    client, _ = against(script, middleware=[watcher])
    leave(client.stream_chat_completion(HELLO))
    response = watcher.only_response()
    assert response.is_complete is is_complete
    assert response.usage == Usage.from_dict(USAGE)
    assert response.json()["choices"][0]["message"]["content"] == text
    assert (response.status_code, response.attempts) == (200, 1)
    assert response.first_chunk_after is not None
    assert 0 < response.first_chunk_after <= response.elapsed
    request = watcher.requests[0]
    assert request.operation == "create_chat_completion"
    assert request.body["stream"] is True
    assert "text/event-stream" in request.headers["accept"]


def test_a_stream_of_which_nothing_was_read_has_no_content(against: Against) -> None:
    watcher = Watcher()
    client, _ = against(pauses, middleware=[watcher])
    reads_nothing(client.stream_chat_completion(HELLO))
    response = watcher.only_response()
    assert (response.content, response.json(), response.usage, response.is_complete) == (b"", None, None, False)


FAILS: list[tuple[Script, type[PixiGPTError]]] = [
    (sends_events(FIRST), APIConnectionError),
    (sends_events(FIRST, event({"error": {"message": "overloaded", "code": 503}})), ServerError),
    (sends_events(FIRST, b"data: {\n\n"), APIResponseError),
    (pauses, APITimeoutError),
]


@pytest.mark.parametrize(("script", "kind"), FAILS)
def test_a_stream_that_fails_throws_its_error_in_once(
    against: Against, script: Script, kind: type[PixiGPTError]
) -> None:
    watcher = Watcher()
    client, _ = against(script, middleware=[watcher], timeout=0.2)
    with pytest.raises(kind) as caught, client.stream_chat_completion(HELLO) as stream:
        list(stream)
    assert watcher.only_error() is caught.value
    partial = watcher.partial[0]
    assert partial is not None
    assert partial.usage == Usage.from_dict(USAGE)
    assert partial.json()["choices"][0]["message"]["content"] == "Par"
    assert (partial.is_complete, partial.first_chunk_after is None) == (False, False)


def test_failures_before_the_first_event_are_retried_inside(against: Against) -> None:
    watcher = Watcher()
    client, _ = against(Replies(reply(500), whole("Par", "is.")), middleware=[watcher])
    reads_all(client.stream_chat_completion(HELLO))
    assert watcher.only_response().attempts == 2


def test_a_stream_that_never_opens_is_a_call_that_failed(against: Against) -> None:
    watcher = Watcher()
    client, _ = against(sends(reply(404)), middleware=[watcher])
    with pytest.raises(APIError) as caught, client.stream_chat_completion(HELLO):
        pass
    assert watcher.only_error() is caught.value
    assert watcher.partial == [None]


def test_a_stream_that_is_dropped_ends_its_middleware(against: Against) -> None:
    watcher = Watcher()
    client, server = against(pauses, middleware=[watcher])
    held = [client.stream_chat_completion(HELLO).__enter__()]
    next(iter(held[0]))
    with pytest.warns(ResourceWarning, match="was dropped while it was open"):
        held.clear()
    assert watcher.only_response().usage == Usage.from_dict(USAGE)
    assert eventually(lambda: server.open == 0)


def test_a_dropped_stream_is_closed_also_if_its_middleware_raises(
    against: Against, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(request: CallRequest) -> Steps:
        yield request
        raise BoomError

    raised: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: raised.append(args.exc_type))
    client, server = against(pauses, middleware=[raises])
    held = [client.stream_chat_completion(HELLO).__enter__()]
    next(iter(held[0]))
    with pytest.warns(ResourceWarning, match="was dropped while it was open"):
        held.clear()
    assert raised == [BoomError]
    assert eventually(lambda: server.open == 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_is_cancelled_ends_the_middleware(backend: str) -> None:
    cancel_a_stream(backend, watcher := Watcher())
    assert watcher.only_response().usage == Usage.from_dict(USAGE)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_is_cancelled_before_the_first_event_ends_it_too(backend: str) -> None:
    watcher = Watcher()

    async def use(base_url: str) -> None:
        async with AsyncClient("sk-test", base_url, timeout=None, middleware=[watcher]) as client:
            with anyio.move_on_after(0.1):
                await client.list_threads()
            with anyio.move_on_after(0.1):
                async with client.stream_chat_completion(HELLO):
                    pass

    with ScriptedServer(silent) as server:
        anyio.run(use, server.base_url, backend=backend)
    assert [type(error) for error in watcher.errors] == [GeneratorExit] * 2


def test_a_stream_of_bytes_ends_its_middleware_without_content(against: Against) -> None:
    watcher = Watcher()
    client, _ = against(sends(ok(b"[1]")), middleware=[watcher])
    with client.stream_call(list_threads) as stream:
        assert b"".join(stream) == b"[1]"
    response = watcher.only_response()
    assert (response.content, response.is_complete, response.first_chunk_after) == (b"", False, None)


def test_a_stream_of_bytes_is_not_kept_and_what_is_kept_can_be_streamed(against: Against) -> None:
    replies = Replies(ok(EMPTY))
    client, _ = against(replies, middleware=[Cache({}, operations=["list_threads"])])

    def stream() -> bytes:
        with client.stream_call(list_threads) as opened:
            return b"".join(opened)

    assert (stream(), stream(), len(replies.requests)) == (EMPTY, EMPTY, 2)
    assert (client.list_threads(), stream(), len(replies.requests)) == ([], EMPTY, 3)


# What a middleware does to a stream.


def test_a_fallback_opens_another_stream_as_long_as_none_has_begun(against: Against) -> None:
    def other_model(request: CallRequest) -> Steps:
        try:
            return (yield request)
        except PixiGPTError:
            return (yield request.evolve(body={**request.body, "model": "small"}))

    replies = Replies(reply(503), whole("Par", "is."))
    client, _ = against(replies, middleware=[other_model], max_retries=0)
    with client.stream_chat_completion(HELLO) as stream:
        assert stream.completion().choices[0].message.content == "Paris."
    assert [b'"model":"small"' in request for request in replies.requests] == [False, True]
    client, server = against(sends_events(FIRST), middleware=[other_model])
    with pytest.raises(APIConnectionError), client.stream_chat_completion(HELLO) as stream:
        list(stream)
    assert server.connections == 1


def test_nor_can_an_error_be_swallowed_once_a_stream_has_begun(against: Against) -> None:
    def swallows(request: CallRequest) -> Steps:
        try:
            return (yield request)
        except PixiGPTError:
            return CallResponse(200)

    client, _ = against(sends_events(FIRST), middleware=[swallows])
    with pytest.raises(APIConnectionError), client.stream_chat_completion(HELLO) as stream:
        list(stream)


def test_yielding_again_after_a_stream_is_an_error(against: Against) -> None:
    def insists(request: CallRequest) -> Steps:
        yield request
        return (yield request)

    client, server = against(WHOLE, middleware=[insists])
    with pytest.raises(RuntimeError, match="cannot yield again"):
        reads_all(client.stream_chat_completion(HELLO))
    assert eventually(lambda: server.open == 0)


def test_its_own_error_after_a_stream_goes_to_the_caller(against: Against) -> None:
    def translates(request: CallRequest) -> Steps:
        try:
            return (yield request)
        except APIConnectionError as error:
            raise BoomError from error

    client, server = against(sends_events(FIRST), middleware=[translates])
    with pytest.raises(BoomError), client.stream_chat_completion(HELLO) as stream:
        list(stream)
    assert eventually(lambda: server.open == 0)


def test_an_error_may_be_another_pixigpt_error(against: Against) -> None:
    def translates(request: CallRequest) -> Steps:
        try:
            return (yield request)
        except APIConnectionError as error:
            raise ServerError("translated") from error

    client, _ = against(sends_events(FIRST), middleware=[translates])
    with pytest.raises(ServerError, match="translated"), client.stream_chat_completion(HELLO) as stream:
        list(stream)


def canned(request: CallRequest) -> Steps:
    if request.operation == "create_chat_completion":
        return CallResponse(200, content=json.dumps(completion("Hi.")).encode())
    if request.operation == "list_threads":
        return CallResponse(200, content=b"[1]")
    return (yield request)


def test_a_stream_that_a_middleware_answers_is_one_chunk(against: Against) -> None:
    watcher = Watcher()
    client, server = against(WHOLE, middleware=[watcher, canned])
    with client.stream_chat_completion(HELLO) as stream:
        assert list(stream.text()) == ["Hi."]
        assert not stream.is_streamed
        assert stream.attempts == 0
    assert stream.completion().usage == Usage.from_dict(USAGE)
    with client.stream_call(list_threads) as bytes_stream:
        assert list(bytes_stream) == [b"[1]"]
    assert server.connections == 0
    assert len(watcher.responses) == 2


GIVEN: list[tuple[CallResponse, type[PixiGPTError]]] = [
    (CallResponse(503), ServerError),
    (CallResponse(200, content=b"<html>"), APIResponseError),
    (CallResponse(200, content=b"{}"), APIResponseError),
    (CallResponse(200, headers={"content-type": "text/html"}), APIResponseError),
]


@pytest.mark.parametrize(("response", "kind"), GIVEN)
def test_what_a_middleware_gives_is_checked_as_a_response(
    against: Against, response: CallResponse, kind: type[PixiGPTError]
) -> None:
    def gives(request: CallRequest) -> Steps:
        if request.operation == "create_chat_completion":
            return response
        return (yield request)

    client, _ = against(WHOLE, middleware=[gives])
    with pytest.raises(kind), client.stream_chat_completion(HELLO):
        pass


def test_a_middleware_can_give_events(against: Against) -> None:
    events = CallResponse(200, headers={"content-type": "text/event-stream"}, content=FIRST + chunk("is.") + DONE)

    def gives(request: CallRequest) -> Steps:
        if request.operation == "create_chat_completion":
            return events
        return (yield request)

    client, _ = against(WHOLE, middleware=[gives])
    with client.stream_chat_completion(HELLO) as stream:
        assert "".join(stream.text()) == "Paris."
        assert stream.is_streamed


def test_a_cached_stream_is_kept_when_it_was_whole_and_serves_calls_too(against: Against) -> None:
    client, server = against(pauses, WHOLE, middleware=[Cache({}, operations=["create_chat_completion"])])
    breaks(client.stream_chat_completion(HELLO))
    texts: list[str | None] = []
    for _ in range(2):
        with client.stream_chat_completion(HELLO) as stream:
            texts.append(stream.completion().choices[0].message.content)
    texts.append(client.create_chat_completion(HELLO).choices[0].message.content)
    assert texts == ["Paris."] * 3
    assert server.connections == 2
