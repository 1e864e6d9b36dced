"""Logging: a line per attempt at DEBUG, a warning when a retry budget runs dry, PIXIGPT_LOG, and no secret."""

import logging
import os
import re
import subprocess
import sys

import pytest
from support.clients import FAST, Connect
from support.scripted_server import ScriptedServer, resets, sends

from pixigpt import Client, PixiGPTError, RetryPolicy
from pixigpt._log import logger, switch_on
from pixigpt.testing import LocalServer

KEY = "sk-proj-Secret123"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return what is logged from DEBUG up."""
    caplog.set_level(logging.DEBUG)
    return caplog


def own(log: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the SDK's own records."""
    return [record for record in log.records if record.name == "pixigpt"]


def texts(log: pytest.LogCaptureFixture) -> list[str]:
    return [re.sub(r"\d+ ms, request req_\d+$", "...", record.getMessage()) for record in own(log)]


def test_each_attempt_is_a_line(client: Client, server: LocalServer, log: pytest.LogCaptureFixture) -> None:
    server.fail("/threads", status=503, times=1)
    client.with_options(retry=FAST).create_thread()
    assert texts(log) == ["POST /threads: 503, attempt 1, ...", "POST /threads: 200, attempt 2, ..."]


def test_an_attempt_without_a_response_is_a_line_with_the_kind_of_its_failure(
    connect: Connect, log: pytest.LogCaptureFixture
) -> None:
    with ScriptedServer(resets) as server, pytest.raises(PixiGPTError):
        connect(base_url=server.base_url, max_retries=0).list_threads()
    assert re.fullmatch(r"GET /threads: (ReadError|RemoteProtocolError), attempt 1, \d+ ms, request -", texts(log)[0])


def test_a_budget_that_runs_dry_is_a_warning_once(
    client: Client, server: LocalServer, log: pytest.LogCaptureFixture
) -> None:
    server.fail("/threads", status=500, times=6)
    hasty = client.with_options(retry=RetryPolicy(backoff=0, max_retries=1, budget=1))
    for _ in range(4):
        with pytest.raises(PixiGPTError):
            hasty.list_threads()
    (warning,) = [record for record in own(log) if record.levelname != "DEBUG"]
    assert warning.levelname == "WARNING"
    assert warning.getMessage().startswith("the retry budget is spent")


def test_a_budget_that_has_recovered_warns_again(
    client: Client, server: LocalServer, log: pytest.LogCaptureFixture
) -> None:
    once = client.with_options(retry=RetryPolicy(backoff=0, budget=1))
    for _ in range(2):
        server.fail("/threads", status=500, times=2)
        with pytest.raises(PixiGPTError):
            once.list_threads()
        for _ in range(10):
            once.list_threads()
    assert [record.levelname for record in own(log)].count("WARNING") == 2


def test_neither_key_nor_prompt_is_logged_even_if_the_server_echoes_them(
    connect: Connect, log: pytest.LogCaptureFixture
) -> None:
    body = f"my prompt {KEY}".encode()
    head = f"HTTP/1.1 500 {KEY}\r\nX-Request-Id: {KEY}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with ScriptedServer(sends(head + body)) as server, pytest.raises(PixiGPTError):
        connect(KEY, server.base_url, retry=FAST).create_message("t", "user", "my prompt")
    assert len(own(log)) == 4
    for record in own(log):
        seen = f"{record.getMessage()} {record.args!r} {record.exc_info!r} {record.stack_info!r}"
        assert "Secret123" not in seen
        assert "my prompt" not in seen


def run(code: str, base_url: str, level: str | None) -> str:
    environment = {
        **os.environ,
        "PIXIGPT_LOG": level or "",
        "PIXIGPT_BASE_URL": base_url,
        "PIXIGPT_API_KEY": "sk-local",
    }
    command = [sys.executable, "-c", f"from pixigpt import Client\n{code}\nwith Client() as c: c.list_threads()"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stderr


def test_the_environment_switches_it_on_for_those_who_have_not_configured_logging(server: LocalServer) -> None:
    shown = run("", server.base_url, "debug")
    assert re.fullmatch(r"\S+ \S+ pixigpt DEBUG GET /threads: 200, attempt 1, \d+ ms, request \S+\n", shown)
    assert run("", server.base_url, "warning") == ""
    assert run("", server.base_url, None) == ""


def test_with_logging_configured_the_environment_adds_no_second_line(server: LocalServer) -> None:
    code = "import logging; logging.basicConfig(format='mine: %(message)s')"
    assert re.fullmatch(r"mine: GET /threads: 200.*\n", run(code, server.base_url, "debug"))


def test_a_level_that_is_none_is_told() -> None:
    with pytest.warns(UserWarning, match="PIXIGPT_LOG is 'loud'; it can be debug, info"):
        switch_on("loud")
    assert logger.level == logging.NOTSET
