"""Every example that a user may read runs: docstrings, the examples folder, the README's and the guides' snippets."""

import ast
import contextlib
import doctest
import inspect
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import pixigpt
from pixigpt import AsyncClient, Client
from pixigpt.testing import LocalServer

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SNIPPETS = [
    pytest.param(snippet, id=f"{page.name}: {snippet.strip().splitlines()[0]}")
    for page in PAGES
    for snippet in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
]


def documented() -> Iterator[Any]:
    """The public things that have a docstring: the exported names, and the methods of those that we wrote."""
    for name in pixigpt.__all__:
        thing = getattr(pixigpt, name)
        if getattr(thing, "__module__", "").startswith("pixigpt."):
            yield thing
            yield from (value for key, value in vars(thing).items() if is_public_method(key, value))
    yield LocalServer
    yield from (value for key, value in vars(LocalServer).items() if is_public_method(key, value))


def is_public_method(name: str, value: object) -> bool:
    return not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))


def label(thing: Any) -> str:
    return str(getattr(thing, "__qualname__", None) or thing.fget.__qualname__)


THINGS = list(documented())


@pytest.mark.parametrize("thing", THINGS, ids=label)
def test_every_public_thing_is_documented_with_an_example(thing: Any) -> None:
    text = inspect.getdoc(thing) or ""
    assert ">>>" in text, "its docstring has no example"


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_every_method_tells_its_arguments_returns_raises_and_has_an_example(client: type) -> None:
    for name, method in vars(client).items():
        if not is_public_method(name, method) or name in ("close", "aclose", "raw"):
            continue
        text = inspect.getdoc(method) or ""
        assert "Example:" in text, name
        assert "Raises:" in text, name
        parameters = [each for each in inspect.signature(method).parameters if each != "self"]
        assert all(f"\n    {each}: " in text for each in parameters), name
        returns = inspect.signature(method).return_annotation
        assert ("Returns:" in text) == (returns is not None), name


@pytest.mark.parametrize("thing", [each for each in THINGS if ">>>" in (inspect.getdoc(each) or "")], ids=label)
def test_a_docstrings_example_runs(
    thing: Any, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some examples save a file
    anyio.run(run_examples, inspect.getdoc(thing) or "", label(thing).startswith("AsyncClient"), server)


async def run_examples(text: str, is_async: bool, server: LocalServer) -> None:
    given: dict[str, Any] = {
        **vars(pixigpt),
        "api_key": server.api_key,
        "base_url": server.base_url,
        "assistant_id": server.assistant_id,
        "server": server,
    }
    with Client(server.api_key, server.base_url) as client:
        async with AsyncClient(server.api_key, server.base_url) as async_client:
            given["client"] = async_client if is_async else client
            for example in doctest.DocTestParser().get_examples(text):
                assert await printed(example.source, given) == example.want, example.source


async def printed(source: str, given: dict[str, Any]) -> str:
    """What a line of an interactive session prints."""
    output = io.StringIO()
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with contextlib.redirect_stdout(output):
        code = compile(source, "<example>", "single", flags)
        result = eval(code, given)
        if inspect.isawaitable(result):
            await result
    return output.getvalue()


@pytest.fixture
def environment(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXIGPT_API_KEY", server.api_key)
    monkeypatch.setenv("PIXIGPT_BASE_URL", server.base_url)
    monkeypatch.setenv("DEFAULT_ASSISTANT_ID", server.assistant_id)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
@pytest.mark.usefixtures("environment")
def test_an_example_runs_and_prints_something(example: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", example], env=os.environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert len(example.read_text(encoding="utf-8").splitlines()) < 50


def test_the_readme_and_the_guides_have_snippets() -> None:
    assert len(SNIPPETS) >= 20


def test_the_reference_has_every_public_name() -> None:
    reference = [page.read_text(encoding="utf-8") for page in PAGES if page.parent.name == "reference"]
    told = set(re.findall(r"^::: pixigpt\.(\w+)$", "\n".join(reference), re.MULTILINE))
    assert told >= {*pixigpt.__all__} - {"__version__"}


@pytest.mark.parametrize("snippet", SNIPPETS)
@pytest.mark.usefixtures("environment")
def test_a_snippet_runs(
    snippet: str,
    server: LocalServer,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # as above
    with Client() as client:
        given: dict[str, Any] = {"__name__": "__main__", "client": client, "assistant_id": server.assistant_id}
        exec(compile(snippet, "<snippet>", "exec"), given)
        for test in [value for name, value in given.items() if name.startswith("test_")]:
            test(client)
    assert capsys.readouterr().err == ""
