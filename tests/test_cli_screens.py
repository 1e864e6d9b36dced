"""What a person sees: screens of a real terminal, held against the files in tests/screens/.

After a change that is meant, `PIXIGPT_SCREENS=write` writes them anew; read them before you commit them.
"""

import io
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest
from pyte.modes import LNM
from rich.console import Console
from support.command import Run

from pixigpt import Client
from pixigpt.cli._markdown import GrowingMarkdown
from pixigpt.testing import LocalServer

if sys.platform == "win32":
    pytest.skip("there are no such terminals", allow_module_level=True)

from scripts.terminal import Terminal, shown

SCREENS = Path(__file__).parent / "screens"
COMMAND = [sys.executable, "-W", "error", "-m", "pixigpt"]
MARKDOWN = """\
The **capital** of *France* since 987; `code`, a [link](https://example.com).

- one
  - nested
- two

**People**

| city | people |
|---|---|
| Paris | 2,100,000 |

```python
def f(x):
    return x + 1
```

> A quote.
"""


@pytest.fixture
def environment(server: LocalServer, tmp_path: Path) -> dict[str, str]:
    return {
        "PIXIGPT_API_KEY": server.api_key,
        "PIXIGPT_BASE_URL": server.base_url,
        "PIXIGPT_CONFIG": str(tmp_path / "config.toml"),
        "TZ": "UTC",
    }


@pytest.fixture
def client(server: LocalServer) -> Iterator[Client]:
    with Client(server.api_key, server.base_url) as client:
        yield client


def hold(name: str, screen: str) -> None:
    """Compare a screen with its file; times are masked."""
    masked = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "YYYY-MM-DD HH:MM", screen)
    path = SCREENS / f"{name}.txt"
    if os.environ.get("PIXIGPT_SCREENS") == "write":
        path.write_text(masked, encoding="utf-8")
    assert masked == path.read_text(encoding="utf-8")


def screen_of(output: str, columns: int = 80, lines: int = 50) -> pyte.Screen:
    """Return the screen of a terminal that has got some output."""
    screen = pyte.Screen(columns, lines)
    screen.set_mode(LNM)  # as a terminal, which turns \n into \r\n
    pyte.Stream(screen).feed(output)
    return screen


def seen(cli: Run, *arguments: str, columns: int = 80, lines: int = 50, code: int = 0) -> str:
    """Return what a terminal shows after a command."""
    size: dict[str, Any] = {"COLUMNS": str(columns), "LINES": str(lines), "TERM": "xterm-256color", "TZ": "UTC"}
    done = cli(*arguments, terminal=True, **size)
    assert done.code == code
    return shown(screen_of(done.out + done.errors, columns, lines))


@pytest.mark.parametrize("columns", [80, 200])
def test_lists_are_tables(cli: Run, client: Client, columns: int) -> None:
    client.create_assistant("Geographer", "You know every capital of every country, its rivers and its hills. " * 2)
    client.create_thread()
    screens = [seen(cli, name, "list", columns=columns) for name in ("assistants", "threads")]
    hold(f"lists_{columns}", "".join(screens))


def test_the_help_is_one_screen_of_commands_and_options(cli: Run) -> None:
    hold("help", seen(cli, "--help"))


def test_an_error_is_one_line(cli: Run) -> None:
    screen = seen(cli, "threads", "show", "nope", code=4, columns=200)
    hold("error", re.sub(r"req_\d+|\d\.\d\d s|:\d+/", "...", screen))


@pytest.mark.parametrize("options", [[], ["--no-stream"]])
def test_an_answer_is_markdown_in_one_go_and_piece_by_piece(cli: Run, server: LocalServer, options: list[str]) -> None:
    server.reply(MARKDOWN)
    if not options:
        server.drip(0.0003, "/chat/completions")
    hold("markdown", seen(cli, "ask", "Paris?", *options))


def test_an_answer_that_has_not_begun_draws_nothing() -> None:
    output = io.StringIO()
    with GrowingMarkdown(Console(file=output, force_terminal=True)) as growing:
        growing.add("\n")
        time.sleep(0.25)  # it draws every tenth of a second
    assert output.getvalue() == ""


def test_an_answer_longer_than_the_screen_scrolls(cli: Run, server: LocalServer) -> None:
    server.reply("\n\n".join(f"Paragraph {number}." for number in range(30)) + "\n\n```\n" + "code\n" * 30 + "```")
    server.drip(0.0002, "/chat/completions")
    screen = seen(cli, "ask", "Long?", lines=10)
    assert screen.count(" code\n") == 7
    assert "Paragraph" not in screen


def test_a_question_on_a_thread_shows_the_runs_status_and_leaves_only_the_answer(environment: dict[str, str]) -> None:
    with LocalServer(run_seconds=1) as slow, Client(slow.api_key, slow.base_url) as client:
        command = [*COMMAND, "ask", "Hello!", "-t", client.create_thread().id, "-a", slow.assistant_id]
        with Terminal([*command, "--base-url", slow.base_url], environment=environment) as terminal:
            terminal.until(lambda screen: "in_progress" in screen)
            assert terminal.end() == "You said: Hello!\n"


@pytest.mark.parametrize(
    ("options", "given", "has_colors"), [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False)]
)
def test_colors_can_be_off(
    cli: Run, server: LocalServer, options: list[str], given: dict[str, Any], has_colors: bool
) -> None:
    server.reply(MARKDOWN)
    done = cli("ask", "Paris?", *options, terminal=True, TERM="xterm-256color", **given)
    buffer = screen_of(done.out).buffer
    assert bool({char.fg for line in buffer.values() for char in line.values()} - {"default"}) is has_colors


def test_a_chat_shows_each_answer_and_asks_again(environment: dict[str, str], server: LocalServer) -> None:
    def is_asking(screen: str) -> bool:
        return screen.endswith("\n>\n")

    with Terminal([*COMMAND, "chat", "--show-reasoning"], environment=environment) as terminal:
        terminal.until(is_asking)
        terminal.type("Hello!\r")
        terminal.until(lambda screen: "You said" in screen and is_asking(screen))
        server.delay(30, "/chat/completions")
        terminal.type("Wait for me.\r")
        terminal.until(lambda screen: "thinking" in screen)
        terminal.type(chr(3))
        terminal.until(lambda screen: "stopped" in screen and is_asking(screen))
        terminal.type(chr(3))
        terminal.until(lambda screen: screen.endswith("\n>\n>\n"))
        terminal.type("And?\r")
        terminal.until(lambda screen: "Before" in screen and is_asking(screen))
        terminal.type(chr(4))
        hold("chat", terminal.end())
        assert terminal.code == 0


def test_an_answer_that_is_stopped_stays_with_what_has_come(environment: dict[str, str], server: LocalServer) -> None:
    server.reply("One two three.")
    server.drip(0.003, "/chat/completions")
    with Terminal([*COMMAND, "chat"], environment=environment) as terminal:
        terminal.type("Hello!\r")
        terminal.until(lambda screen: "One" in screen)
        terminal.type(chr(3))
        terminal.until(lambda screen: "stopped" in screen)
        server.reset()
        terminal.type("And?\r")
        terminal.until(lambda screen: "Before" in screen)
    (body,) = [request.body for request in server.requests if request.path == "/chat/completions"]
    assert isinstance(body, dict)
    assert [each["content"].split()[0] for each in body["messages"]] == ["You", "Hello!", "One", "And?"]


def test_a_key_is_typed_unseen(environment: dict[str, str]) -> None:
    with Terminal([*COMMAND, "config", "set", "api_key"], environment=environment) as terminal:
        terminal.until(lambda screen: "API key:" in screen)
        terminal.type("sk-secret\r")
        assert terminal.end() == "API key:\n"
        assert terminal.code == 0
    assert "sk-secret" in Path(environment["PIXIGPT_CONFIG"]).read_text(encoding="utf-8")
