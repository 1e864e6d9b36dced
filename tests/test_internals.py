"""Private names of other packages fail closed: were one renamed, no connection would take a second request.

The first two tests fail once an installed version no longer has a name, since nothing is reused from then on.
"""

import ast
import inspect
import re
from types import ModuleType

import httpcore._async.connection
import httpcore._async.http11
import httpcore._async.http_proxy
import httpcore._sync.connection
import httpcore._sync.http11
import httpcore._sync.http_proxy
import pytest
from anyio._backends import _asyncio, _trio
from support.clients import Connect
from support.scripted_server import EMPTY, ScriptedServer, responds
from support.tls import https, over_tls, tls_contexts

from pixigpt import Client, capture_responses


def attempts_of_two_calls(client: Client) -> list[int]:
    """Call twice; return how many attempts each call took."""
    with capture_responses() as captured:
        assert [client.list_threads(), client.list_threads()] == [[], []]
    return [each.attempts for each in captured]


def connections_of_two_calls(connect: Connect) -> int:
    """Call twice through a proxy, on httpcore's connections; return how many that took."""
    with ScriptedServer(responds(EMPTY)) as proxy:
        client = connect(base_url="http://127.0.0.1:1/v1", proxy=proxy.base_url)
        assert attempts_of_two_calls(client) == [1, 1]
        client.close()
        return proxy.connections


def test_the_installed_versions_have_every_name(connect: Connect) -> None:
    assert connections_of_two_calls(connect) == 1


def test_they_have_every_name_over_tls_too(connect: Connect) -> None:
    context, trusting = tls_contexts()
    with ScriptedServer(over_tls(responds(EMPTY), context)) as server:
        client = connect(base_url="http://127.0.0.1:1/v1", proxy=https(server.base_url), verify=trusting)
        assert attempts_of_two_calls(client) == [1, 1]
        assert server.connections == 1
        client.close()


class Rename:
    """Renames an attribute in classes of another package, as a later version of it might: in their source."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def __call__(self, name: str, module: ModuleType, *classes: str, used_in: ModuleType) -> None:
        source, scope = inspect.getsource(module), dict(vars(module))
        found = {each.name: each for each in ast.parse(source).body if isinstance(each, ast.ClassDef)}
        for each in classes:
            code = str(ast.get_source_segment(source, found[each]))
            renamed, times = re.subn(rf"\b{name}\b", f"{name}_renamed", code)
            assert times > 0
            exec(renamed, scope)
            self.monkeypatch.setattr(used_in, each, scope[each])


@pytest.fixture
def rename(monkeypatch: pytest.MonkeyPatch) -> Rename:
    return Rename(monkeypatch)


def test_if_httpcore_renames_its_protocol_no_connection_is_reused(rename: Rename, connect: Connect) -> None:
    rename("_h11_state", httpcore._sync.http11, "HTTP11Connection", used_in=httpcore._sync.connection)
    rename("_h11_state", httpcore._async.http11, "AsyncHTTP11Connection", used_in=httpcore._async.connection)
    assert connections_of_two_calls(connect) == 2


def test_if_httpcore_renames_the_inner_connection_no_connection_is_reused(rename: Rename, connect: Connect) -> None:
    rename("_connection", httpcore._sync.connection, "HTTPConnection", used_in=httpcore._sync.http_proxy)
    rename("_connection", httpcore._async.connection, "AsyncHTTPConnection", used_in=httpcore._async.http_proxy)
    assert connections_of_two_calls(connect) == 2


@pytest.mark.parametrize(
    ("name", "classes"), [("read_queue", ["StreamProtocol", "SocketStream"]), ("_protocol", ["SocketStream"])]
)
def test_if_anyio_renames_what_it_has_read_ahead_no_connection_is_reused_on_asyncio(
    rename: Rename, connect: Connect, variant: str, name: str, classes: list[str]
) -> None:
    rename(name, _asyncio, *classes, used_in=_asyncio)
    assert connections_of_two_calls(connect) == (2 if variant == "asyncio" else 1)  # the others never read ahead


def test_if_anyio_renames_its_trio_backend_no_connection_is_reused_on_trio(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, variant: str
) -> None:
    monkeypatch.setattr(_trio.SocketStream, "__module__", "anyio._backends._renamed")
    assert connections_of_two_calls(connect) == (2 if variant == "trio" else 1)
