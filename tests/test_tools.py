"""What stands around the clients: the pytest plugin, `python -m pixigpt.testing`, the generator and its drift gate."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pixigpt.testing.__main__ import main

ROOT = Path(__file__).resolve().parent.parent

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


def test_importing_the_package_imports_nothing_that_hardly_any_call_needs() -> None:
    code = "import sys, pixigpt; print({'dateutil', 'starlette', 'jsonschema', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_without_the_extra_the_first_use_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pixigpt.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    import pixigpt.testing

    with pytest.raises(ModuleNotFoundError, match=r'pip install "pixigpt\[testing\]"'):
        _ = pixigpt.testing.LocalServer
    with pytest.raises(AttributeError, match="no attribute 'Server'"):
        _ = pixigpt.testing.Server


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('No module named uvicorn', name='uvicorn')")
    command = [sys.executable, "-m", "pixigpt.testing"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'pixigpt.testing needs uvicorn: pip install "pixigpt[testing]"\n'


@pytest.fixture
def served() -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-W", "error", "-m", "pixigpt.testing", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(4)]
        yield process, dict(line.split("=", 1) for line in lines[:3])
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_ends_cleanly(
    served: tuple[subprocess.Popen[str], dict[str, str]], number: signal.Signals
) -> None:
    process, given = served
    headers = {"Authorization": f"Bearer {given['PIXIGPT_API_KEY']}"}
    answer = httpx.get(f"{given['PIXIGPT_BASE_URL']}/assistants/{given['DEFAULT_ASSISTANT_ID']}", headers=headers)
    assert answer.status_code == 200
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_the_command_says_when_the_port_is_taken(
    served: tuple[subprocess.Popen[str], dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, given = served
    port = re.findall(r":(\d+)/", given["PIXIGPT_BASE_URL"])[0]
    assert main(["--port", port]) == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in capsys.readouterr().err
    assert main(["--port", "70000"]) == 1
    assert "cannot listen on 127.0.0.1:70000: bind(): port must be 0-65535" in capsys.readouterr().err


def test_the_drift_gate_names_each_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from check import differences

    for name, text in {"committed/same.py": "1", "fresh/same.py": "1", "committed/a/changed.py": "1"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("fresh/a/changed.py", "fresh/new.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("2")
    (tmp_path / "committed/gone.py").write_text("3")
    assert sorted(differences(tmp_path / "committed", tmp_path / "fresh")) == [
        "a/changed.py: not what the contract makes",
        "gone.py: committed, but the contract does not make it",
        "new.py: the contract makes it, but it is not committed",
    ]


ROUNDS = {"httpx": {"cpu_ms": [1.0, 2.0, 4.0]}, "pixigpt": {"cpu_ms": [2.0, 2.0, 6.0]}}


def test_the_bench_compares_round_by_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from bench_report import number, ratio, table

    assert ratio(ROUNDS, "httpx", "cpu_ms") == 1.5  # not the ratio of the medians
    assert ratio(ROUNDS, "openai", "cpu_ms") is None
    assert table(ROUNDS, ["cpu_ms"]) == [
        "         cpu_ms  ours/it",
        "httpx         2     1.50",
        "pixigpt       2     1.00",
    ]
    alone = {"httpx": {"wall_s": [1.5, 1.5, 9.5], "mismatches": [0.0, 0.0, 1.0]}}
    assert table(alone, ["wall_s"])[1] == "httpx    1.50                    1"
    assert [number(value) for value in (1234.5, 12.34, 1.234, 0.1234, 3.0)] == ["1,234", "12.3", "1.23", "0.123", "3"]


def test_the_bench_tells_targets_met_and_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from bench_report import Target, verdict

    figures = {"sync": ROUNDS, "memory": {"sync": {"growth_kib": [1.0]}, "async": {"growth_kib": [3.0]}}}
    targets = [
        Target("sync", "cpu_ms", 1.5, "httpx"),
        Target("sync", "cpu_ms", 4, "httpx", is_least=True),
        Target("sync", "cpu_ms", 1),
        Target("memory", "growth_kib", 2),
        Target("import", "wall_ms", 1.4, "httpx"),
    ]
    assert [verdict(target, target.value(figures)) for target in targets] == [
        "PASS  sync: cpu_ms <= 1.5x httpx: 1.50",
        "miss  sync: cpu_ms >= 4x httpx: 1.50",
        "miss  sync: cpu_ms <= 1: 2",
        "miss  memory: growth_kib <= 2: 3",
        "  --  import: wall_ms <= 1.4x httpx: not measured",
    ]


def test_the_bench_gives_all_rivals_the_same_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from bench_rivals import environment

    given = {"PATH": "/bin", "https_proxy": "http://proxy", "PYTHONDONTWRITEBYTECODE": "1", "OPENAI_API_KEY": "sk"}
    assert environment(given) == {"PATH": "/bin"}


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_the_benchs_server_reads_the_last_question(
    separators: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from bench_server import delay_of, last_content

    messages = [{"role": "system", "content": "Be brief."}, {"content": "delay 0.5 question 7", "role": "user"}]
    body = json.dumps({"messages": messages, "model": "bench"}, separators=separators).encode()
    assert last_content(body) == b"delay 0.5 question 7"
    assert (delay_of(last_content(body)), delay_of(b"question 7")) == (0.5, 0.0)
    assert last_content(b"") == b""


def test_the_benchs_server_counts_the_polls_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from bench_server import run_at

    begun, quick = run_at("/v1/threads/60/runs"), run_at("/v1/threads/0/runs")
    polled = [run_at(f"/v1/threads/60/runs/{begun['id']}") for _ in range(2)]
    assert [run["polls"] for run in (begun, *polled)] == [0, 1, 2]
    assert (polled[1]["id"], polled[1]["status"], quick["status"]) == (begun["id"], "in_progress", "completed")


def test_the_soak_finds_what_is_wrong_with_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from soak_ledger import Ledger, faults_of

    with Ledger() as ledger:
        for note in (("begun",), ("sent", "m1", "m2"), ("kept", "m1"), ("run",), ("sent", "m3"), ("kept", "m3")):
            ledger.note("thread_1", *note)
        page = ledger.pages()["thread_1"]
    assert not any(faults_of(page, ["m1", "m3"], answers=1).values())
    assert not any(faults_of(page, ["m3", "m2", "m1"], answers=0).values())  # m2's call failed, and added it
    assert faults_of(page, ["m3", "m3", "m9"], answers=2) == {"lost": 1, "duplicates": 2, "mismatched": 1}


def test_the_check_of_the_docs_finds_dead_links_and_what_is_loaded_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from check_docs import problems

    good = (
        '<p id="a"><a href="#a"></a><a href="x/b.html#c"></a><a href="https://e.org"></a><link rel="icon" href="i.png">'
    )
    bad = [
        '<a href="#none"></a>',
        '<a href="x/none.html"></a>',
        '<a href="x/b.html#none"></a>',
        '<script src="https://e.org/a.js"></script>',
        '<link rel="preload stylesheet" href="//e.org/a.css">',
        "<style>@import 'https://e.org/a.css'</style>",
        '<p style="background: url(https://e.org/a.png)">',
        "<p>```python</p>",
    ]
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "b.html").write_text('<p id="c"><a href="/a.html">', encoding="utf-8")
    (tmp_path / "i.png").touch()
    (tmp_path / "a.html").write_text(good, encoding="utf-8")
    assert problems(tmp_path) == []
    for each in bad:
        (tmp_path / "a.html").write_text(good + each, encoding="utf-8")
        assert len(problems(tmp_path)) == 1, each
    assert len(problems(tmp_path / "x" / "none")) == 1


def test_each_template_override_is_small_and_says_why() -> None:
    import difflib

    import openapi_python_client

    originals = Path(openapi_python_client.__file__).parent / "templates"
    overrides = sorted((ROOT / "openapi" / "templates").iterdir())
    assert [path.name for path in overrides] == [
        "endpoint_init.py.jinja",
        "literal_enum.py.jinja",
        "models_init.py.jinja",
        "types.py.jinja",
    ]
    for override in overrides:
        old = (originals / override.name).read_text().splitlines()
        new = override.read_text().splitlines()
        changed = [line for line in difflib.ndiff(old, new) if line.startswith("+ ")]
        assert 0 < len(changed) < 20
        assert any("Override: " in line for line in changed)


def test_nothing_names_this_machine_or_a_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    told = re.compile(r"(/home/\w|/root/|/work/|files\.pythonhosted|pypi\.org|registry\.npmjs)")
    this = "tests/test_tools.py"
    assert [name for name in tracked if name != this and told.search((ROOT / name).read_text(encoding="utf-8"))] == []
