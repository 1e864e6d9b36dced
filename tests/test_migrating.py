"""MIGRATING.md says what is true of this version; `make check-compat` holds it against 0.1.5."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import pixigpt
from pixigpt import Client
from pixigpt.testing import LocalServer

TEXT = (Path(__file__).resolve().parent.parent / "MIGRATING.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r'```python title="new"\n(.*?)```', TEXT, re.DOTALL)
NOW = " ".join(line.split("|")[-2] for line in TEXT.splitlines() if line.startswith("| "))
METHODS = [
    (name, re.findall(r"\w+(?==|,|$)", arguments))
    for name, arguments in re.findall(r"`(\w+)\((.*?)\)`", NOW + TEXT.partition("same arguments:")[2].partition("|")[0])
    if hasattr(Client, name)
]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda text: text.strip().splitlines()[0])
def test_a_new_snippet_runs(snippet: str, server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
    with Client(server.api_key, server.base_url) as client:
        given: dict[str, Any] = {"client": client, "api_key": server.api_key, "base_url": server.base_url}
        exec(compile(snippet, "<MIGRATING>", "exec"), {**given, "assistant_id": server.assistant_id})
    assert capsys.readouterr().out


def test_every_method_is_told_of() -> None:
    added = {"close", "with_options", "call", "request", "stream_call", "create_embedding", "rerank"}
    added |= {"stream_chat_completion", "run_tools", "parse_chat_completion", "ask"}
    added |= {"map_chat_completions", "map_embeddings", "run_batch"}
    public = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert {name for name, _ in METHODS} | added == public


@pytest.mark.parametrize(("name", "arguments"), METHODS, ids=[name for name, _ in METHODS])
def test_a_method_has_the_arguments_that_are_told_of(name: str, arguments: list[str]) -> None:
    told = [argument for argument in arguments if argument not in ("None", "True", "False") and not argument.isdigit()]
    assert told == [each for each in inspect.signature(getattr(Client, name)).parameters if each != "self"]


def test_every_type_and_error_of_now_exists() -> None:
    named = set(re.findall(r"`([A-Z]\w+)`", NOW))
    assert len(named) > 15
    assert named <= {*pixigpt.__all__, "TypeError", "ValueError"}
