"""Every example that a user may read runs and is well-typed: docstrings, examples/, snippets of README and guides."""

import ast
import contextlib
import doctest
import inspect
import io
import json
import logging
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
from pixigpt.bulk import BatchItem, BatchProgress, BatchSummary
from pixigpt.bulk._tasks import AsyncItems, AsyncVectors
from pixigpt.bulk._threads import Items, Vectors
from pixigpt.distributed import ChatMapper
from pixigpt.middleware import Cache, CallRequest, CallResponse
from pixigpt.otel import OpenTelemetry, PixiGPTInstrumentor
from pixigpt.testing import LocalServer
from pixigpt.tools import FunctionTool, ParsedCompletion, ToolCallRecord, ToolError, ToolRun, tool

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
FOUND = {
    f"{page.stem.lower()}_{number}": found
    for page in PAGES
    for number, found in enumerate(FENCED.findall(page.read_text(encoding="utf-8")), 1)
}
SNIPPETS = {name: code for name, (code, _) in FOUND.items()}
PRINTED = {name: output for name, (_, output) in FOUND.items()}  # empty where the page does not say it
SNIPPET_WIDTH = 88
GIVEN = """import os
from pixigpt import Client
client = Client()
assistant_id = os.environ["DEFAULT_ASSISTANT_ID"]
"""


def documented() -> Iterator[Any]:
    """Yield the public things that have a docstring: the exported names, and the methods of those that we wrote."""
    for name in pixigpt.__all__:
        thing = getattr(pixigpt, name)
        if getattr(thing, "__module__", "").startswith("pixigpt."):
            yield thing
            yield from (value for key, value in vars(thing).items() if is_public_method(key, value))
    for thing in (
        tool,
        FunctionTool,
        ToolError,
        ToolRun,
        ToolCallRecord,
        ParsedCompletion,
        LocalServer,
        Cache,
        CallRequest,
        CallResponse,
        OpenTelemetry,
        PixiGPTInstrumentor,
        BatchItem,
        BatchProgress,
        BatchSummary,
        ChatMapper,
        Items,
        Vectors,
        AsyncItems,
        AsyncVectors,
    ):
        yield thing
        yield from (value for key, value in vars(thing).items() if is_public_method(key, value))


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
    anyio.run(run_examples, inspect.getdoc(thing) or "", label(thing).startswith("Async"), server)


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
    """Return what a line of an interactive session prints."""
    output = io.StringIO()
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with contextlib.redirect_stdout(output):
        code = compile(source, "<example>", "single", flags)
        result = eval(code, given)
        if inspect.isawaitable(result):
            await result
    return output.getvalue()


@pytest.fixture
def environment(server: LocalServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.NOTSET, "pixigpt")  # a snippet may change it: the level is put back in the end
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
    assert len(SNIPPETS) >= 35


def test_the_reference_has_every_public_name() -> None:
    reference = [page.read_text(encoding="utf-8") for page in PAGES if page.parent.name == "reference"]
    told = set(re.findall(r"^::: pixigpt\.(\w+)$", "\n".join(reference), re.MULTILINE))
    assert told >= {*pixigpt.__all__} - {"__version__"}


def test_the_site_shows_the_version() -> None:
    assert f'site_name = "pixigpt {pixigpt.__version__}"' in (ROOT / "zensical.toml").read_text(encoding="utf-8")


def test_the_reference_shows_every_method_of_both_clients_once() -> None:
    for client, page in ((Client, "client.md"), (AsyncClient, "async_client.md")):
        text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
        shown = re.findall(rf"^::: pixigpt\.{client.__name__}\.(\w+)$", text, re.MULTILINE)
        assert sorted(shown) == sorted(name for name, value in vars(client).items() if is_public_method(name, value))


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_fits_on_the_page(name: str) -> None:
    assert max(map(len, SNIPPETS[name].splitlines())) <= SNIPPET_WIDTH


@pytest.mark.filterwarnings("ignore:Using .httpx. with .starlette.testclient.")  # FastAPI's documented way to test
@pytest.mark.parametrize("name", SNIPPETS)
@pytest.mark.usefixtures("environment")
def test_a_snippet_runs(
    name: str,
    server: LocalServer,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # as above
    with Client() as client:
        given: dict[str, Any] = {"__name__": "__main__", "client": client, "assistant_id": server.assistant_id}
        exec(compile(SNIPPETS[name], f"<{name}>", "exec"), given)
        for test in [value for name, value in given.items() if name.startswith("test_")]:
            test(*[client] if inspect.signature(test).parameters else [])
    printed, warned = capsys.readouterr()
    assert PRINTED[name] in ("", printed)
    assert warned == ""


@pytest.fixture(scope="module")
def snippets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every snippet as a module, after the names that the guides promise."""
    folder = tmp_path_factory.mktemp("snippets")
    for name, snippet in SNIPPETS.items():
        (folder / f"{name}.py").write_text(GIVEN + snippet, encoding="utf-8")
    return folder


def test_the_snippets_pass_mypy(snippets_folder: Path) -> None:
    config = snippets_folder / "mypy.ini"
    config.write_text("[mypy]\n[mypy-django.*]\nignore_missing_imports = true\n", encoding="utf-8")
    cache = ROOT / ".mypy_cache" / "snippets"
    check_types("mypy", "--config-file", str(config), "--cache-dir", str(cache), str(snippets_folder))


def test_the_snippets_pass_pyright(snippets_folder: Path) -> None:
    config = {"extraPaths": [str(ROOT), str(ROOT / "generated")], "typeCheckingMode": "standard"}
    (snippets_folder / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    check_types("pyright", "--project", str(snippets_folder), "--pythonpath", sys.executable)


def check_types(checker: str, *arguments: str) -> None:
    command = [sys.executable, "-m", checker, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
