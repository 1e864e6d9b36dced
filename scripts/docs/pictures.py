"""Draw what the guide shows of the command line: real commands in a real terminal, against the local server."""

import io
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyte
from pyte.screens import Char
from rich.color import Color, ColorParseError
from rich.console import Console
from rich.style import Style
from rich.text import Text

from pixigpt import Client
from pixigpt.testing import LocalServer
from scripts.terminal import Terminal

PARIS = """\
**Paris** is the capital of France.

| city | people |
|---|---|
| Paris | 2,100,000 |
| Marseille | 870,000 |

```python
distance = haversine(paris, marseille)  # 660 km
```
"""
Act = Callable[[Terminal, LocalServer], None]


def wait(terminal: Terminal, _: LocalServer) -> None:
    """Wait for the command's end."""
    terminal.end()


def talk(terminal: Terminal, _: LocalServer) -> None:
    """Ask two questions."""
    for question in ("My name is Ada.", "What is my name?"):
        terminal.until(lambda screen: screen.endswith("\n>\n"))
        terminal.type(f"{question}\r")
        terminal.until(partial(contains, f"You said: {question}"))
    terminal.until(lambda screen: screen.endswith("\n>\n"))


def contains(text: str, screen: str) -> bool:
    """Return whether a text stands on the screen."""
    return text in screen


def watch_run(terminal: Terminal, _: LocalServer) -> None:
    """Wait until the run is in progress."""
    terminal.until(partial(contains, "in_progress"))


def watch_batch(terminal: Terminal, server: LocalServer) -> None:
    """Wait until a good part of the batch is done."""
    server.delay(0.25, "/chat/completions", times=None)
    terminal.until(lambda screen: re.search(r"[4-9]\d/200", screen) is not None)
    server.reset()


# Each picture: the command, and what happens until it is taken.
PICTURES: dict[str, tuple[str, Act]] = {
    "ask": ("pixigpt ask 'What is the capital of France?'", wait),
    "chat": ("pixigpt chat --show-reasoning", talk),
    "run": ("pixigpt ask 'And its rivers?' -t thread_2 -a asst_1", watch_run),
    "lists": ("pixigpt assistants list", wait),
    "batch": (
        "pixigpt batch words.csv -o answers.jsonl --template 'Translate {word}.' -j 10 --price 0.5,1.5",
        watch_batch,
    ),
}


def write_pictures(folder: Path) -> None:
    """Write the pictures into a folder, which has nothing else afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with LocalServer(run_seconds=1.5) as server, Client(server.api_key, server.base_url) as client:
        client.create_thread()
        client.create_assistant("Geographer", "You know every capital, every river, and how far it is from here.")
        server.reply(PARIS, when=lambda request: "France" in str(request.body))
        for name, (command, act) in PICTURES.items():
            (folder / f"{name}.svg").write_text(picture(name, command, act, server), encoding="utf-8")


def picture(name: str, command: str, act: Act, server: LocalServer) -> str:
    """Return the picture of a command's screen."""
    program, *arguments = shlex.split(command)
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "PIXIGPT_API_KEY": server.api_key,
            "PIXIGPT_BASE_URL": server.base_url,
            "PIXIGPT_CONFIG": f"{folder}/config.toml",
        }
        path = Path(sys.executable).with_name(program)
        Path(folder, "words.csv").write_text("word\n" + "Haus\n" * 200, encoding="utf-8")
        with Terminal([str(path), *arguments], environment=environment, folder=Path(folder)) as terminal:
            act(terminal, server)
            return drawn(name, command, terminal.screen)


def drawn(name: str, command: str, screen: pyte.Screen) -> str:
    """Return a screen as SVG, below the command; it loads nothing."""
    console = Console(record=True, width=max(screen.columns, len(command) + 2), file=io.StringIO())
    console.print(Text(f"$ {command}"))
    last = max(number for number, line in enumerate(screen.display) if line.strip())
    for number in range(last + 1):
        chars = [screen.buffer[number][at] for at in range(screen.columns)]
        console.print(Text.assemble(*((char.data, style(char)) for char in chars)), no_wrap=True)
    svg = console.export_svg(title="pixigpt", unique_id=name)
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def style(char: Char) -> Style:
    """Return how a character of the screen looks."""
    return Style(
        color=color(char.fg),
        bgcolor=color(char.bg),
        bold=char.bold,
        italic=char.italics,
        underline=char.underscore,
        reverse=char.reverse,
    )


def color(name: str) -> Color | None:
    """Return a color that the screen names: by a word, or in hexadecimal; None for the default."""
    if name == "default":
        return None
    word = {"brown": "yellow"}.get(name, name).replace("bright", "bright_")
    try:
        return Color.parse(word)
    except ColorParseError:
        return Color.parse(f"#{word}")
