"""The pytest plugin works in a user's project, imports nothing early, and says what to install."""

import subprocess
import sys

import pytest

USERS_TESTS = """
import asyncio
import pytest
import trio

def test_sync(pixigpt_client, pixigpt_server):
    assert pixigpt_client.list_threads() == []
    pixigpt_server.fail(status=503)
    pixigpt_client.create_thread()
    assert len(pixigpt_server.requests) == 3

@pytest.mark.parametrize("run", [asyncio.run, lambda coroutine: trio.run(lambda: coroutine)])
def test_async(pixigpt_async_client, pixigpt_server, run):
    async def use():
        await pixigpt_async_client.create_thread()
        return await pixigpt_async_client.list_threads()
    assert len(run(use())) == 1
"""


def test_the_plugins_fixtures_work_in_a_users_project(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USERS_TESTS)
    done = pytester.runpytest_subprocess("-W", "error")
    done.assert_outcomes(passed=3)


def test_the_plugin_imports_no_server_before_it_is_used() -> None:
    code = "import sys, pixigpt.testing.pytest_plugin; print('starlette' in sys.modules or 'uvicorn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_without_the_extra_the_first_use_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pixigpt.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    import pixigpt.testing

    with pytest.raises(ModuleNotFoundError, match=r'pip install "pixigpt\[testing\]"'):
        _ = pixigpt.testing.LocalServer
    with pytest.raises(AttributeError, match="no attribute 'Server'"):
        _ = pixigpt.testing.Server
