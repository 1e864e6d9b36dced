"""What the constructors take: arguments, the environment, and a clear error that never shows the key."""

import inspect
import re
import ssl
import warnings
from pathlib import Path
from types import FrameType
from typing import Any, cast

import httpx
import pytest
import trustme
from pytest_httpx import HTTPXMock
from support.clients import Against, Connect
from support.scripted_server import EMPTY, responds
from support.tls import https, over_tls, server_context

import pixigpt
from pixigpt import (
    APIConnectionError,
    AsyncClient,
    Client,
    ClientClosedError,
    NotFoundError,
    RetryPolicy,
    ServerError,
)

KEY = "sk-proj-Secret123"
THREADS = {"object": "list", "data": []}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIXIGPT_API_KEY", "PIXIGPT_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_key_and_url_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, httpx_mock: HTTPXMock
) -> None:
    monkeypatch.setenv("PIXIGPT_API_KEY", KEY)
    monkeypatch.setenv("PIXIGPT_BASE_URL", "https://other.test/api/")
    httpx_mock.add_response(url="https://other.test/api/threads", json=THREADS)
    connect(None).list_threads()
    assert httpx_mock.get_requests()[0].headers["authorization"] == f"Bearer {KEY}"


def test_arguments_win_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, httpx_mock: HTTPXMock
) -> None:
    monkeypatch.setenv("PIXIGPT_API_KEY", "sk-other")
    monkeypatch.setenv("PIXIGPT_BASE_URL", "https://other.test")
    httpx_mock.add_response(url="https://mine.test/v1/threads", json=THREADS)
    connect(KEY, "https://mine.test/v1").list_threads()
    assert httpx_mock.get_requests()[0].headers["authorization"] == f"Bearer {KEY}"


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"api_key": None}, ValueError, "api_key is missing.*PIXIGPT_API_KEY"),
    ({"api_key": ""}, ValueError, "api_key is empty"),
    ({"base_url": ""}, ValueError, "base_url is empty"),
    ({"api_key": f"{KEY}\n"}, ValueError, "api_key must be printable ASCII"),
    ({"api_key": f"{KEY} x"}, ValueError, "api_key must be printable ASCII"),
    ({"api_key": f"{KEY}é"}, ValueError, "api_key must be printable ASCII"),
    ({"api_key": KEY.encode()}, TypeError, "api_key must be a str"),
    ({"base_url": "pixigpt.com/v1"}, ValueError, "base_url must begin with https://"),
    ({"base_url": "ftp://pixigpt.com"}, ValueError, "base_url must begin with https://"),
    ({"base_url": "https://"}, ValueError, "base_url"),
    ({"base_url": "https://x:port"}, ValueError, "base_url is not a URL"),
    ({"base_url": "https://x\n"}, ValueError, "base_url is not a URL"),
    ({"base_url": f"https://{'a' * 70}.test\u00e9"}, ValueError, "base_url is not a URL"),
    ({"base_url": "https://user:Secret123@x.test"}, ValueError, "base_url must have no user name"),
    ({"base_url": "https://x.test/?a=b"}, ValueError, "base_url must have no"),
    ({"base_url": "https://x.test/#a"}, ValueError, "base_url must have no"),
    ({"base_url": 5}, TypeError, "base_url must be a str"),
    ({"timeout": 0}, ValueError, "timeout must be above 0"),
    ({"timeout": -1}, ValueError, "timeout must be above 0"),
    ({"timeout": float("nan")}, ValueError, "timeout must be finite"),
    ({"max_retries": 10**400}, ValueError, "max_retries is too large"),
    ({"timeout": "30"}, TypeError, "timeout must be a number"),
    ({"timeout": True}, TypeError, "timeout must be a number"),
    ({"total_timeout": 0}, ValueError, "total_timeout must be above 0"),
    ({"max_retries": -1}, ValueError, "max_retries must be at least 0"),
    ({"max_retries": 1.5}, TypeError, "max_retries must be an integer"),
    ({"max_retries": "3"}, TypeError, "max_retries must be a number"),
    ({"retry": 3}, TypeError, "retry must be a RetryPolicy"),
    ({"max_response_bytes": -1}, ValueError, "max_response_bytes must be at least 0"),
    ({"headers": {"X-Token": "Secret123\r\nEvil: 1"}}, ValueError, "value of 'X-Token' must be printable"),
    ({"headers": {"X Token": "a"}}, ValueError, "'X Token' is not a header name"),
    ({"headers": {"X-Token": 5}}, TypeError, "headers must be a mapping of strings"),
    ({"headers": [("a", "b")]}, TypeError, "headers must be a mapping"),
    ({"proxy": "gopher://Secret123@x"}, ValueError, "proxy"),
    ({"proxy": 5}, TypeError, "proxy"),
    ({"proxy": "http://Secret123:port"}, ValueError, "proxy"),
    ({"http_client": "x"}, TypeError, "http_client must be a"),
    ({"timeot": 5}, TypeError, "timeot"),
    ({"headers": {"Content-Length": "5"}}, ValueError, "'Content-Length' cannot be set"),
    ({"headers": {"X-Token": " Secret123"}}, ValueError, "without blanks around it"),
    ({"timeout": 1e10}, ValueError, "timeout must be at most 1e\\+09 seconds"),
    ({"limits": 5}, TypeError, "limits must be a Limits"),
    ({"verify": "missing.pem"}, ValueError, "verify: there is no file or folder 'missing.pem'"),
    ({"verify": 5}, TypeError, "verify must be a"),
    ({"default_query": {}}, TypeError, "default_query.*: pass extra_query"),
    ({"verify": None}, TypeError, "verify must be a"),
    ({"transport": 5}, TypeError, "transport must be a"),
    ({"base_url": "https://x.test/v1?"}, ValueError, "base_url must have no"),
    ({"base_url": "https://x.test/v1/#"}, ValueError, "base_url must have no"),
    ({"base_url": "https://x.test:99999/v1"}, ValueError, "base_url: there is no port 99999"),
    ({"base_url": "https://x.test:0/v1"}, ValueError, "base_url: there is no port 0"),
    ({"proxy": "http://x.test:99999"}, ValueError, "proxy: there is no port 99999"),
    ({"limits": httpx.Limits(max_connections=0)}, ValueError, "max_connections must be at least 1"),
    ({"limits": httpx.Limits(max_connections=cast("Any", "5"))}, TypeError, "max_connections must be a number"),
    ({"limits": httpx.Limits(max_keepalive_connections=-1)}, ValueError, "max_keepalive_connections must be at least"),
    ({"limits": httpx.Limits(keepalive_expiry=-1)}, ValueError, "keepalive_expiry must be at least 0"),
]


@pytest.mark.parametrize("kind_of_client", [Client, AsyncClient])
@pytest.mark.parametrize(("arguments", "kind", "names"), BAD)
def test_a_bad_argument_is_named_and_no_secret_shown(
    kind_of_client: Any, arguments: dict[str, Any], kind: type[Exception], names: str
) -> None:
    with pytest.raises(kind, match=names) as caught:
        kind_of_client(**{"api_key": KEY, **arguments})
    assert "Secret123" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"backoff": -1}, ValueError),
        ({"max_backoff": float("inf")}, ValueError),
        ({"max_retry_after": -1}, ValueError),
        ({"budget": "all"}, TypeError),
        ({"max_retries": None}, TypeError),
        ({"retry_rate_limits": "false"}, TypeError),
        ({"retry_unsafe": 0}, TypeError),
    ],
)
def test_a_bad_policy_is_refused(arguments: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind, match=next(iter(arguments))):
        RetryPolicy(**arguments)


def test_injecting_both_a_client_and_a_transport_is_refused() -> None:
    with httpx.Client() as http, pytest.raises(ValueError, match="exclude each other"):
        Client(KEY, http_client=http, transport=httpx.MockTransport(lambda _: httpx.Response(200)))


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "api.localhost"])
def test_http_to_loopback_is_silent(host: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Client(KEY, f"http://{host}/v1").close()


@pytest.mark.parametrize("host", ["pixigpt.test", "10.0.0.1", "127.0.0.1.test"])
def test_http_to_a_name_or_another_address_warns(host: str) -> None:
    with pytest.warns(UserWarning, match="clear text"):
        Client(KEY, f"http://{host}/v1").close()


@pytest.mark.parametrize("kind_of_client", [Client, AsyncClient])
def test_http_to_another_host_warns_where_the_client_is_made(kind_of_client: Any) -> None:
    with pytest.warns(UserWarning, match=r"clear text to 10\.0\.0\.1") as caught:
        client = kind_of_client(KEY, "http://10.0.0.1/v1", transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    assert caught[0].filename == __file__
    assert KEY not in repr(client)


def test_headers_are_sent_with_every_request_and_win(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=THREADS, is_reusable=True)
    client = connect(KEY, headers={"X-Team": "a", "User-Agent": "mine"})
    client.list_threads()
    client.with_options(headers={"x-team": "b", "X-More": "c"}).list_threads()
    client.list_threads()
    sent = [(request.headers["x-team"], request.headers.get("x-more")) for request in httpx_mock.get_requests()]
    assert sent == [("a", None), ("b", "c"), ("a", None)]
    assert httpx_mock.get_requests()[0].headers["user-agent"] == "mine"


def test_max_retries_replaces_the_policys_own(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(status_code=500, is_reusable=True)
    policy = RetryPolicy(max_retries=5, backoff=0)
    client = connect(KEY, retry=policy, max_retries=2)
    for each, attempts in [
        (client, 3),
        (client.with_options(max_retries=0), 1),
        (client.with_options(retry=policy), 6),
        (client.with_options(retry=policy, max_retries=1), 2),
        (client.with_options(timeout=5), 3),
    ]:
        with pytest.raises(ServerError) as caught:
            each.list_threads()
        assert caught.value.attempts == attempts


@pytest.mark.parametrize("options", [{"timeout": 0}, {"max_retries": -1}, {"retry": None}, {"headers": {"a": 5}}])
def test_a_bad_option_is_refused(connect: Connect, options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        connect(KEY).with_options(**options)


def test_an_unknown_option_is_refused(connect: Connect) -> None:
    unknown: list[Any] = [{"timeot": 5}, {"base_url": "https://evil.test"}, {"api_key": "x"}, {"budget": None}]
    for options in unknown:
        with pytest.raises(TypeError, match=next(iter(options))):
            connect(KEY).with_options(**options)


def test_closing_a_copy_closes_nothing(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=THREADS, is_reusable=True)
    client = connect(KEY)
    with client.with_options(timeout=5) as copy:
        copy.list_threads()
    copy.close()
    assert client.list_threads() == []


def test_a_closed_client_says_so(connect: Connect) -> None:
    client = connect(KEY)
    copy = client.with_options(timeout=5)
    client.close()
    client.close()
    for each in (client, copy):
        with pytest.raises(ClientClosedError, match="the client is closed"):
            each.list_threads()


def test_an_injected_http_client_is_used_as_it_is_and_not_closed(server: Any) -> None:
    hooked: list[str] = []
    with httpx.Client(event_hooks={"request": [lambda request: hooked.append(request.method)]}) as http:
        with Client(server.api_key, server.base_url, http_client=http) as client:
            client.create_thread()
            assert len(client.with_options(timeout=5).list_threads()) == 1
        assert not http.is_closed
    assert hooked == ["POST", "GET"]


def test_an_injected_clients_own_headers_are_sent(server: Any) -> None:
    with (
        httpx.Client(headers={"X-Trace": "1"}) as http,
        Client(server.api_key, server.base_url, http_client=http) as client,
    ):
        client.list_threads()
    assert server.requests[-1].headers["x-trace"] == "1"


class ClosedTransport(httpx.MockTransport):
    closed = False

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def test_an_injected_transport_is_used_and_not_closed(connect: Connect) -> None:
    transport = ClosedTransport(lambda _: httpx.Response(200, json=THREADS))
    client = connect(KEY, transport=transport)
    assert client.list_threads() == []
    client.close()
    assert not transport.closed


@pytest.mark.parametrize("kind_of_client", [Client, AsyncClient])
def test_a_client_dropped_open_warns_where_it_was_made(kind_of_client: Any) -> None:
    client, made_at = kind_of_client(KEY), cast("FrameType", inspect.currentframe()).f_lineno
    copy = client.with_options(timeout=5)
    del client
    with pytest.warns(ResourceWarning, match="Client was dropped without being closed") as caught:
        del copy
    assert (caught[0].filename, caught[0].lineno) == (__file__, made_at)


@pytest.mark.parametrize("kind_of_client", [Client, AsyncClient])
def test_a_client_can_be_made_by_code_that_belongs_to_no_module(kind_of_client: Any) -> None:
    given: dict[str, Any] = {"Client": kind_of_client, "KEY": KEY}
    exec(compile("client = Client(KEY)", "<sandbox>", "exec"), given)
    with pytest.warns(ResourceWarning) as caught:
        del given["client"]
    assert (caught[0].filename, caught[0].lineno) == ("<sandbox>", 1)


def test_a_client_with_injected_connections_may_be_dropped() -> None:
    client = Client(KEY, transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del client


def test_no_cookie_is_kept(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=THREADS, headers={"set-cookie": "a=b; Path=/"}, is_reusable=True)
    client = connect(KEY)
    client.list_threads()
    client.list_threads()
    assert "cookie" not in httpx_mock.get_requests()[-1].headers


def test_certificates_that_cannot_be_read_are_a_connection_error_that_names_them(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def told(name: str, **options: Any) -> None:
        wanted = re.escape(f"no connection can be opened: the certificates of {name} cannot be loaded: [")
        with pytest.raises(APIConnectionError, match=wanted) as caught:
            connect(KEY, "https://127.0.0.1:1/v1", **options).list_threads()
        assert caught.value.attempts == 0

    (tmp_path / "ca.pem").write_text("none")
    told(f"verify='{tmp_path / 'ca.pem'}'", verify=str(tmp_path / "ca.pem"))
    monkeypatch.setattr("certifi.where", lambda: "/no/such/file")
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    told("certifi")
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    told("SSL_CERT_FILE='/no/such/file'")


def test_a_proxy_of_the_environment_that_cannot_be_used_is_a_connection_error(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nope://x")
    with pytest.raises(APIConnectionError, match="no connection can be opened"):
        connect(KEY, "https://pixigpt.test/v1").list_threads()


def test_a_closed_injected_client_says_so() -> None:
    http = httpx.Client()
    http.close()
    with Client(KEY, http_client=http) as client, pytest.raises(ClientClosedError, match="http_client is closed"):
        client.list_threads()


def raises(problem: Exception) -> httpx.MockTransport:
    def fail(_: httpx.Request) -> httpx.Response:
        raise problem

    return httpx.MockTransport(fail)


def http_client(variant: str, transport: httpx.MockTransport) -> Any:
    return httpx.Client(transport=transport) if variant == "sync" else httpx.AsyncClient(transport=transport)


def test_an_injected_client_that_is_closed_in_the_middle_of_a_call_says_so(variant: str, connect: Connect) -> None:
    http = http_client(variant, raises(RuntimeError("Cannot send a request, as the client has been closed.")))
    client = connect(KEY, http_client=http)
    http._state = httpx._client.ClientState.CLOSED  # as another thread would
    with pytest.raises(ClientClosedError, match="the injected http_client is closed"):
        client.list_threads()


@pytest.mark.parametrize("way", ["transport", "http_client"])
def test_a_runtime_error_of_an_injected_transport_is_not_hidden(variant: str, connect: Connect, way: str) -> None:
    transport = raises(RuntimeError("a bug of the user's"))
    injected: dict[str, Any] = {way: transport if way == "transport" else http_client(variant, transport)}
    with pytest.raises(RuntimeError, match="a bug of the user's"):
        connect(KEY, **injected).list_threads()


def test_a_redirect_to_no_url_through_an_injected_client_is_a_connection_error(variant: str, connect: Connect) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(302, headers={"location": "https:foo"}))
    with pytest.raises(APIConnectionError, match="the response redirects to an invalid URL") as caught:
        connect(KEY, http_client=http_client(variant, transport)).list_threads()
    assert caught.value.attempts == 1


def test_an_injected_clients_raise_for_status_is_a_typed_error(server: Any) -> None:
    with (
        httpx.Client(event_hooks={"response": [httpx.Response.raise_for_status]}) as http,
        Client(server.api_key, server.base_url, http_client=http) as client,
        pytest.raises(NotFoundError),
    ):
        client.get_thread("none")


def test_an_injected_transports_oserror_is_a_connection_error(connect: Connect) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise ConnectionResetError("reset by a mock")

    client = connect(KEY, transport=httpx.MockTransport(fail), retry=RetryPolicy(backoff=0))
    with pytest.raises(APIConnectionError, match="reset by a mock") as caught:
        client.list_threads()
    assert caught.value.attempts == 4


@pytest.mark.parametrize("kind_of_client", [Client, AsyncClient])
def test_a_client_whose_constructor_failed_has_a_repr(kind_of_client: Any) -> None:
    assert repr(kind_of_client.__new__(kind_of_client)) == f"<{kind_of_client.__name__} None>"


def test_verify_takes_an_ssl_context(connect: Connect, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=THREADS)
    assert connect(KEY, verify=ssl.create_default_context()).list_threads() == []


def test_the_version_is_the_packages() -> None:
    from importlib.metadata import version

    assert pixigpt.__version__ == version("pixigpt")


def test_verify_may_be_the_path_of_a_ca_bundle(connect: Connect, against: Against, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    empty = tmp_path / "empty"
    empty.mkdir()
    _, server = against(over_tls(responds(EMPTY), server_context(authority.issue_cert("127.0.0.1"))))
    client = connect(base_url=https(server.base_url), verify=str(tmp_path / "ca.pem"))
    assert client.list_threads() == []
    client.close()
    with pytest.raises(APIConnectionError, match=r"certificate of .* is not valid"):
        connect(base_url=https(server.base_url), verify=str(empty)).list_threads()
