"""Middleware is run once per call, around its retries, first one outermost, in every variant alike."""

import json
import pickle
from collections.abc import Callable, Generator
from typing import Any, cast

import httpx
import pytest
from support.clients import FAST, Against, Connect
from support.scripted_server import Replies, header, ok, reply, resets

from pixigpt import (
    APIConnectionError,
    APIResponseError,
    Client,
    DeadlineExceededError,
    PixiGPTError,
    ServerError,
    Usage,
    capture_responses,
)
from pixigpt.middleware import Cache, CallRequest, CallResponse
from pixigpt_api.api.pixigpt import get_thread

Steps = Generator[CallRequest, CallResponse, CallResponse]

THREAD = {"id": "thread_1", "object": "thread", "created_at": 1}
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}]
COMPLETION = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


class Server(httpx.MockTransport):
    """Gives responses in turn, the last one for all that follow, and keeps the requests."""

    def __init__(self, *responses: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self.responses = responses
        super().__init__(self.respond)

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = self.responses[min(len(self.requests), len(self.responses)) - 1]
        if isinstance(response, Exception):
            raise response
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]


@pytest.fixture
def behind(connect: Connect) -> Callable[..., tuple[Client, Server]]:
    """Return a function that creates a client with some middleware, and the server behind it."""

    def make(
        *middleware: Any,
        responses: tuple[httpx.Response | Exception, ...] = (httpx.Response(200, json=THREAD),),
        **given: Any,
    ) -> tuple[Client, Server]:
        server = Server(*responses)
        options = {"retry": FAST, **given}
        return connect("sk-test", "http://localhost/v1", transport=server, middleware=middleware, **options), server

    return make


Behind = Callable[..., tuple[Client, Server]]


class Watcher:
    """A middleware that keeps what it sees."""

    def __init__(self, name: str = "", log: list[str] | None = None) -> None:
        self.name = name
        self.log = [] if log is None else log
        self.requests: list[CallRequest] = []
        self.responses: list[CallResponse] = []
        self.errors: list[BaseException] = []

    def __call__(self, request: CallRequest) -> Steps:
        self.requests.append(request)
        self.log.append(f"> {self.name}")
        try:
            response = yield request
        except BaseException as error:
            self.errors.append(error)
            raise
        self.log.append(f"< {self.name}")
        self.responses.append(response)
        return response


def test_a_middleware_sees_the_call_and_its_response(behind: Behind) -> None:
    watcher = Watcher()
    client, _ = behind(
        watcher,
        responses=(httpx.Response(200, headers={"x-request-id": "req_1"}, json=COMPLETION),),
        headers={"X-Team": "red"},
        extra_body={"top_p": 0.9},
        extra_query={"version": 2},
    )
    completion = client.create_chat_completion(MESSAGES)
    request, response = watcher.requests[0], watcher.responses[0]
    assert (request.operation, request.method, request.path) == ("create_chat_completion", "POST", "/chat/completions")
    assert request.base_url == "http://localhost/v1"
    assert request.params == {"version": 2}
    assert request.headers["x-team"] == "red"
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers
    assert "idempotency-key" not in request.headers
    assert request.body == {"messages": MESSAGES, "top_p": 0.9}
    assert (response.status_code, response.attempts, response.request_id) == (200, 1, "req_1")
    assert response.json() == COMPLETION
    assert json.loads(response.content) == COMPLETION
    assert response.headers["content-type"] == "application/json"
    assert 0 < response.elapsed < 10
    assert response.usage == Usage(3, 2, 5) == completion.usage
    assert response.is_complete
    assert response.first_chunk_after is None
    assert "sk-test" not in repr(request) + repr(response) + repr(client)


def test_the_first_one_is_outermost_and_retries_are_inside(behind: Behind) -> None:
    log: list[str] = []
    watchers = [Watcher("a", log), Watcher("b", log)]
    failures = (httpx.Response(500), httpx.ConnectError("refused"), httpx.Response(200, json=THREAD))
    client, server = behind(*watchers, responses=failures)
    assert client.create_thread().id == "thread_1"
    assert log == ["> a", "> b", "< b", "< a"]
    assert [each.responses[0].attempts for each in watchers] == [3, 3]
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert (len(server.requests), len(keys)) == (3, 1)


CALLS: list[tuple[str, Callable[[Client], object]]] = [
    ("create_thread", lambda client: client.create_thread()),
    ("get_thread", lambda client: client.call(get_thread, "thread_1")),
    ("request", lambda client: client.request("GET", "/models")),
]


@pytest.mark.parametrize(("operation", "call"), CALLS)
def test_each_way_to_call_has_its_operation(behind: Behind, operation: str, call: Callable[[Client], object]) -> None:
    watcher = Watcher()
    client, _ = behind(watcher)
    call(client)
    assert [request.operation for request in watcher.requests] == [operation]


def test_each_poll_of_a_run_is_a_call(client: Client) -> None:
    watcher, updates = Watcher(), list[str]()
    thread = client.create_thread()
    client.create_message(thread.id, "user", "Hello!")
    run = client.create_run(thread.id, client.list_assistants()[0].id)
    watched = client.with_options(middleware=[watcher])
    done = watched.wait_for_run(
        thread.id, run.id, poll_interval=0.01, on_update=lambda seen: updates.append(seen.status)
    )
    assert {request.operation for request in watcher.requests} == {"get_run"}
    assert len(watcher.requests) > 1
    assert (
        [response.json()["status"] for response in watcher.responses][-1] == done.status == updates[-1] == "completed"
    )
    assert all(response.elapsed < 0.01 or response.attempts == 1 for response in watcher.responses)


def test_an_error_is_thrown_in_and_goes_on_to_the_caller(behind: Behind) -> None:
    outer, inner = Watcher(), Watcher()
    client, _ = behind(outer, inner, responses=(httpx.Response(503),), max_retries=1)
    with pytest.raises(ServerError) as caught:
        client.create_thread()
    assert outer.errors == inner.errors == [caught.value]
    assert caught.value.attempts == 2


UNUSABLE = [(httpx.Response(200, text="<html>"), APIResponseError), (httpx.ConnectError("refused"), APIConnectionError)]


@pytest.mark.parametrize(("response", "kind"), UNUSABLE)
def test_a_response_that_cannot_be_used_is_thrown_in_too(
    behind: Behind, response: Any, kind: type[PixiGPTError]
) -> None:
    watcher = Watcher()
    client, _ = behind(watcher, responses=(response,), max_retries=0)
    with pytest.raises(kind):
        client.create_thread()
    assert [type(error) for error in watcher.errors] == [kind]


def other_model(request: CallRequest) -> Steps:
    try:
        return (yield request)
    except ServerError:
        return (yield request.evolve(body={**request.body, "model": "small"}))


def test_yielding_twice_sends_twice(behind: Behind) -> None:
    watcher = Watcher()
    client, server = behind(
        other_model, watcher, responses=(httpx.Response(500), httpx.Response(200, json=COMPLETION)), max_retries=0
    )
    with capture_responses() as responses:
        client.create_chat_completion(MESSAGES)
    assert server.bodies() == [{"messages": MESSAGES}, {"messages": MESSAGES, "model": "small"}]
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 2
    assert [type(error) for error in watcher.errors] == [ServerError]
    assert len(watcher.responses) == 1
    assert [response.status_code for response in responses] == [500, 200]


def test_the_deadline_is_one_for_all_that_a_call_sends(behind: Behind) -> None:
    def insists(request: CallRequest) -> Steps:
        while True:
            try:
                return (yield request)
            except ServerError:
                continue

    client, server = behind(insists, responses=(httpx.Response(500),), total_timeout=0.05, max_retries=0)
    with pytest.raises(DeadlineExceededError):
        client.create_thread()
    assert len(server.requests) > 1


def test_another_server_gets_its_own_key_and_headers_as_they_were(behind: Behind) -> None:
    def elsewhere(request: CallRequest) -> Steps:
        return (
            yield request.evolve(
                base_url="https://backup.test/v2/",
                api_key="sk-backup",
                params={"region": "eu"},
                headers={"x-via": "1", "X-Team": None},
            )
        )

    client, server = behind(elsewhere, headers={"x-team": "red", "authorization": "Basic abc"}, extra_query={"a": 1})
    client.create_thread()
    sent = server.requests[0]
    assert str(sent.url) == "https://backup.test/v2/threads?region=eu"
    assert sent.headers["authorization"] == "Bearer sk-backup"
    assert sent.headers["x-via"] == "1"
    assert "x-team" not in sent.headers


def test_the_clients_own_authorization_stays_where_the_key_does(behind: Behind) -> None:
    client, server = behind(Watcher(), headers={"authorization": "Basic abc"})
    client.create_thread()
    assert server.requests[0].headers["authorization"] == "Basic abc"


EVOLVED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"base_url": "https://backup.test"}, ValueError, "api_key of its own"),
    ({"base_url": 5}, TypeError, "base_url must be a str"),
    ({"base_url": "ftp://localhost/v1"}, ValueError, "https://"),
    ({"api_key": ""}, ValueError, "empty"),
    ({"headers": {"Authorization": "Bearer x"}}, ValueError, "authorization"),
    ({"headers": {"host": "x"}}, ValueError, "'host' cannot be set"),
    ({"body": {"x": float("nan")}}, ValueError, "JSON"),
    ({"body": {"x": object()}}, TypeError, "JSON"),
    ({"path": "/x"}, TypeError, "path"),
]


@pytest.mark.parametrize(("changes", "kind", "text"), EVOLVED)
def test_what_cannot_be_sent_is_refused_in_evolve(
    behind: Behind, changes: dict[str, Any], kind: type[Exception], text: str
) -> None:
    def changed(request: CallRequest) -> Steps:
        return (yield request.evolve(**changes))

    client, server = behind(changed)
    with pytest.raises(kind, match=text):
        client.create_thread()
    assert server.requests == []


BODIES: list[tuple[Any, bytes, str | None]] = [
    ({"a": 1}, b'{"a":1}', "application/json"),
    (b"raw", b"raw", "application/json"),
    (None, b"", None),
]


@pytest.mark.parametrize(("body", "sent", "content_type"), BODIES)
def test_a_body_can_be_replaced(behind: Behind, body: Any, sent: bytes, content_type: str | None) -> None:
    def changed(request: CallRequest) -> Steps:
        return (yield request.evolve(body=body))

    client, server = behind(changed)
    client.create_thread()
    assert server.requests[0].content == sent
    assert server.requests[0].headers.get("content-type") == content_type


def test_a_call_without_a_body_can_get_one(behind: Behind) -> None:
    def changed(request: CallRequest) -> Steps:
        assert request.body is None
        return (yield request.evolve(body=[1]))

    client, server = behind(changed)
    client.get_thread("t")
    assert server.bodies() == [[1]]
    assert server.requests[0].headers["content-type"] == "application/json"


def canned(request: CallRequest) -> Steps:
    if request.operation != "create_thread":
        return (yield request)
    return CallResponse(200, content=json.dumps(THREAD).encode())


def test_returning_without_yielding_sends_nothing(behind: Behind) -> None:
    watcher = Watcher()
    client, server = behind(watcher, canned, responses=(httpx.ConnectError("refused"),))
    with capture_responses() as responses:
        assert client.create_thread().id == "thread_1"
    assert server.requests == []
    assert responses == []
    assert (watcher.responses[0].attempts, watcher.responses[0].usage) == (0, None)


GIVEN: list[tuple[CallResponse, type[PixiGPTError]]] = [
    (CallResponse(200, content=b"<html>"), APIResponseError),
    (CallResponse(200, content=b'{"object": "thread"}'), APIResponseError),
    (CallResponse(503), ServerError),
]


@pytest.mark.parametrize(("response", "kind"), GIVEN)
def test_what_is_returned_is_what_is_parsed(behind: Behind, response: CallResponse, kind: type[PixiGPTError]) -> None:
    def replaced(request: CallRequest) -> Steps:
        yield request
        return response

    client, _ = behind(replaced)
    with pytest.raises(kind) as caught:
        client.create_thread()
    assert (caught.value.method, caught.value.path, caught.value.attempts) == ("POST", "/threads", 1)


def test_a_response_of_ones_own_has_no_json_where_it_is_empty_and_usage_where_it_says() -> None:
    assert CallResponse(204).json() is None
    assert CallResponse(204).usage is None
    assert CallResponse(200, content=b"[1]").usage is None
    assert CallResponse(200, content=b'{"usage": {"total_tokens": 7, "prompt_tokens": "?"}}').usage == Usage(0, 0, 7)
    with pytest.raises(TypeError, match="content must be a bytes"):
        CallResponse(200, content=cast("Any", "text"))


def no_yield(request: CallRequest) -> CallRequest:
    return request


def returns_nothing(request: CallRequest) -> Any:
    yield request


def yields_another_thing(request: CallRequest) -> Steps:
    return (yield request.body)


def changes_the_body(request: CallRequest) -> Steps:
    request.body["x"] = request.body.get("y", 1)
    return (yield request)


def makes_the_body_unsendable(request: CallRequest) -> Steps:
    request.body["x"] = {1}
    return (yield request)


def sets_the_body(request: Any) -> Steps:
    request.body = {}
    return (yield request)


def sets_the_path(request: Any) -> Steps:
    request.path = "/x"
    return (yield request)


def changes_the_headers(request: Any) -> Steps:
    request.headers["x"] = "1"
    return (yield request)


WRONG: list[tuple[Any, type[Exception], str]] = [
    (no_yield, TypeError, "no_yield must be a generator function"),
    (returns_nothing, TypeError, "returns_nothing must return a CallResponse, not None"),
    (yields_another_thing, TypeError, "yields_another_thing must yield a CallRequest, not a dict"),
    (changes_the_body, TypeError, "changes_the_body has changed request.body"),
    (makes_the_body_unsendable, TypeError, "makes_the_body_unsendable has changed request.body"),
    (sets_the_body, TypeError, "CallRequest.body cannot be changed"),
    (sets_the_path, TypeError, "CallRequest.path cannot be changed"),
    (changes_the_headers, TypeError, "item assignment"),
]


@pytest.mark.parametrize(("middleware", "kind", "text"), WRONG)
def test_a_middleware_that_misbehaves_is_named(
    behind: Behind, middleware: Any, kind: type[Exception], text: str
) -> None:
    client, _ = behind(middleware)
    with pytest.raises(kind, match=text):
        client.create_thread()


class BoomError(Exception):
    pass


def test_its_own_exception_goes_to_the_caller_and_ends_the_outer_ones(behind: Behind) -> None:
    def breaks(request: CallRequest) -> Steps:
        yield request
        raise BoomError

    watcher = Watcher()
    client, _ = behind(watcher, breaks)
    with pytest.raises(BoomError):
        client.create_thread()
    assert [type(error) for error in watcher.errors] == [GeneratorExit]


async def asynchronous(request: CallRequest) -> None: ...


async def generates(request: CallRequest) -> Any:
    yield request


@pytest.mark.parametrize("middleware", ["log", canned, 5, [5], [asynchronous], [generates], [None]])
def test_what_is_no_middleware_is_refused_before_any_call(connect: Connect, middleware: Any) -> None:
    with pytest.raises(TypeError, match="middleware must be"):
        connect(middleware=middleware)
    with pytest.raises(TypeError, match="middleware must be"):
        connect().with_options(middleware=middleware)


def test_a_copy_replaces_the_middleware_and_other_options_keep_it(behind: Behind) -> None:
    first, second = Watcher(), Watcher()
    client, _ = behind(first)
    client.with_options(timeout=3.0).create_thread()
    client.with_options(middleware=[second]).create_thread()
    client.with_options(middleware=[]).create_thread()
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_a_client_with_middleware_is_pickled_if_that_can_be() -> None:
    with (
        Client("sk-test", "http://localhost/v1", middleware=[other_model]) as client,
        pickle.loads(pickle.dumps(client)) as clone,
    ):
        chain = clone._settings.middleware
        assert chain is not None
        assert chain.middleware == (other_model,)

    def local(request: CallRequest) -> Steps:
        return (yield request)

    with (
        Client("sk-test", "http://localhost/v1", middleware=[local]) as client,
        pytest.raises((pickle.PicklingError, AttributeError), match="local"),
    ):
        pickle.dumps(client)


def test_what_ends_a_call_without_an_outcome_ends_its_middleware(behind: Behind) -> None:
    watcher = Watcher()
    client, _ = behind(watcher, responses=(BoomError(),))
    with pytest.raises(BoomError):
        client.create_thread()
    ended: BaseException | None = watcher.errors[0]
    while isinstance(ended, GeneratorExit):
        ended = ended.__context__
    assert isinstance(ended, BoomError)


def key_of(request: bytes) -> str | None:
    return header(request, "idempotency-key")


def test_on_the_wire_a_fallback_is_a_request_of_its_own_after_the_first_ones_retries(against: Against) -> None:
    replies = Replies(reply(500), reply(500), ok(json.dumps(COMPLETION).encode()))
    client, _ = against(replies, middleware=[other_model], max_retries=1)
    client.create_chat_completion(MESSAGES)
    keys = [key_of(request) for request in replies.requests]
    assert keys[0] == keys[1] != keys[2]
    assert [b'"model":"small"' in request for request in replies.requests] == [False, False, True]


def test_a_broken_connection_is_retried_within_the_middleware(against: Against) -> None:
    watcher = Watcher()
    client, _ = against(resets, Replies(ok(json.dumps(THREAD).encode())), middleware=[watcher])
    client.create_thread()
    assert [response.attempts for response in watcher.responses] == [2]


# The cache.


def test_the_cache_gives_again_what_it_has_to_the_same_request_only(behind: Behind) -> None:
    store = dict[str, bytes]()
    responses = tuple(httpx.Response(200, json={**RERANKED, "object": str(number)}) for number in range(9))
    client, server = behind(Cache(store), responses=responses)
    first = client.rerank("cat", ["A cat."])
    assert client.rerank("cat", ["A cat."]) == first
    assert len(server.requests) == 1
    others = [
        client.rerank("dog", ["A cat."]),
        client.with_options(extra_query={"a": 1}).rerank("cat", ["A cat."]),
        client.with_options(extra_body={"a": 1}).rerank("cat", ["A cat."]),
    ]
    assert [other.object_ for other in others] == ["1", "2", "3"]
    assert len(store) == 4
    assert not any(b"sk-test" in value or "sk-test" in key for key, value in store.items())


RERANKED = {"object": "list", "results": [{"index": 0, "relevance_score": 1.0}], "usage": {"total_tokens": 1}}


def test_each_key_and_each_server_has_entries_of_its_own(connect: Connect) -> None:
    server = Server(httpx.Response(200, json=RERANKED))
    cache = Cache({})
    for key, url in (("sk-a", "http://localhost/v1"), ("sk-b", "http://localhost/v1"), ("sk-a", "http://localhost/v2")):
        connect(key, url, transport=server, middleware=[cache]).rerank("cat", ["A cat."])
    assert len(server.requests) == 3


def test_the_cache_keeps_neither_failures_nor_other_operations(behind: Behind) -> None:
    store = dict[str, bytes]()
    client, server = behind(Cache(store), responses=(httpx.Response(500),), max_retries=0)
    for _ in range(2):
        with pytest.raises(ServerError):
            client.rerank("cat", ["A cat."])
    client, refused = behind(Cache(store, operations=["create_thread"]), gives_500)
    with pytest.raises(ServerError):
        client.create_thread()
    assert refused.requests == []
    client, other = behind(Cache(store))
    client.create_thread()
    client.create_thread()
    assert (len(server.requests), len(other.requests), store) == (2, 2, {})


def gives_500(request: CallRequest) -> Steps:
    if request.operation == "create_thread":
        return CallResponse(500)
    return (yield request)


def test_a_call_without_a_body_is_kept_too(behind: Behind) -> None:
    client, server = behind(Cache({}, operations=["get_thread"]))
    assert client.get_thread("t") == client.get_thread("t")
    assert len(server.requests) == 1


def test_an_entry_ends_with_its_ttl_and_a_broken_one_is_none(behind: Behind) -> None:
    store, now = dict[str, bytes](), [1000.0]
    cache = Cache(store, ttl=60.0, operations=["create_thread"])
    cache._wall = lambda: now[0]
    client, server = behind(cache)
    sent: list[int] = []
    for moment in (1000.0, 1060.0, 1061.0, 1062.0):
        now[0] = moment
        client.create_thread()
        sent.append(len(server.requests))
    torn = next(iter(store.values()))[:-1]
    for broken in (b"", b"no JSON\n", b"{}\n", b'{"at": "x"}\n', b"[]\n", torn, "a text", None):
        store.update(dict.fromkeys(store, cast("bytes", broken)))
        client.create_thread()
        sent.append(len(server.requests))
    assert sent == [1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("given", [([],), ({}, 0.0), ({}, None, "rerank"), ({}, None, 5)])
def test_a_caches_bad_argument_is_refused(given: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"store|ttl|operations"):
        Cache(*given)
