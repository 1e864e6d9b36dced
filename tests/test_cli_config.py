"""Profiles: kept with mode 0600, in the order flag, environment, profile, default; a key is never printed."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from support.command import Done, Run

from pixigpt.testing import LocalServer

NO_ENVIRONMENT: dict[str, Any] = {"PIXIGPT_API_KEY": "", "PIXIGPT_BASE_URL": ""}
SECRET = "sk-proj-very-secret"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_what_is_set_is_read_again_and_used(cli: Run, server: LocalServer, path: Path) -> None:
    assert cli("config", "path").out == f"{path}\n"
    assert cli("config", "path", "--json").out == json.dumps(str(path)) + "\n"
    assert cli("config", "set", "api_key", stdin=f"{server.api_key}\n".encode()) == Done(0, b"", "")
    for name, value in [("base_url", server.base_url), ("timeout", "20"), ("retries", "2"), ("assistant", 'a"\\ü\x7f')]:
        assert cli("config", "set", name, value) == Done(0, b"", "")
    assert cli("config", "get", "timeout").out == "20.0\n"
    assert cli("config", "get", "retries", "--json").out == "2\n"
    assert cli("config", "get", "assistant").out == 'a"\\ü\x7f\n'
    assert cli("threads", "list", **NO_ENVIRONMENT).code == 0
    assert cli("config", "unset", "api_key").code == 0
    assert cli("config", "get", "api_key") == Done(1, b"", "Error: api_key is not set in the profile default\n")
    assert cli("threads", "list", **NO_ENVIRONMENT).code == 3


def test_a_stored_key_is_never_printed(cli: Run, path: Path) -> None:
    cli("config", "set", "api_key", stdin=SECRET.encode())
    cli("config", "set", "retries", "0")
    assert SECRET in path.read_text(encoding="utf-8")
    shown = [
        cli("config", "list", PIXIGPT_API_KEY=""),
        cli("config", "list", "--json"),
        cli("config", "get", "api_key"),
        cli("config", "get", "api_key", "--json"),
        cli("threads", "list", "--debug", PIXIGPT_API_KEY=""),
        cli("threads", "list", "--debug", "--base-url", "http://127.0.0.1:1/v1", PIXIGPT_API_KEY=""),
    ]
    assert [done.code for done in shown] == [0, 0, 0, 0, 3, 1]
    assert not any(SECRET in done.out + done.errors for done in shown)
    assert shown[0].out == "api_key\t***\tprofile\nretries\t0\tprofile\n"
    assert shown[2].out == "***\n"
    assert "retries\t0\tPIXIGPT_RETRIES\n" in cli("config", "list", PIXIGPT_RETRIES="1").out


def test_a_key_as_an_argument_is_refused_and_not_repeated(cli: Run, path: Path) -> None:
    done = cli("config", "set", "api_key", SECRET)
    assert done.code == 2
    assert SECRET not in done.errors
    assert not path.exists()
    assert cli("--api-key", SECRET, "threads", "list").code == 2
    assert SECRET not in cli(f"--api-key={SECRET}", "threads", "list").errors


def test_a_key_is_asked_for_without_echo(cli: Run, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def hidden(prompt: str = "", **_: object) -> str:
        asked.append(prompt)
        return SECRET

    monkeypatch.setattr("click.termui.hidden_prompt_func", hidden)
    assert cli("config", "set", "api_key", terminal=True).code == 0
    assert asked
    assert SECRET in path.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="there are no such modes elsewhere")
def test_the_file_is_its_owners_only(cli: Run, path: Path) -> None:
    path.write_text("")
    path.chmod(0o644)
    assert cli("config", "set", "api_key", stdin=SECRET.encode()).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    done = cli("config", "list")
    assert done.errors == f"Warning: others can read the API key in {path}: run chmod 600 on it\n"


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_to_the_file_stays_a_link(cli: Run, path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "dotfiles" / "pixigpt.toml")
    assert cli("config", "set", "retries", "1").code == 0
    assert path.is_symlink()
    assert path.read_text(encoding="utf-8") == "[default]\nretries = 1\n"


def test_flag_goes_before_environment_before_profile(cli: Run, server: LocalServer) -> None:
    gone = "http://127.0.0.1:1/v1"
    cli("config", "set", "base_url", server.base_url)
    cli("config", "set", "retries", "0")
    assert cli("threads", "list", PIXIGPT_BASE_URL="").code == 0
    assert cli("threads", "list", PIXIGPT_BASE_URL=gone).code == 1
    assert cli("threads", "list", "--base-url", server.base_url, PIXIGPT_BASE_URL=gone).code == 0


def test_profiles_keep_apart(cli: Run, server: LocalServer, path: Path) -> None:
    cli("config", "set", "base_url", server.base_url, "--profile", "work")
    cli("config", "set", "retries", "1")
    assert path.read_text(encoding="utf-8") == f'[work]\nbase_url = "{server.base_url}"\n\n[default]\nretries = 1\n'
    assert (
        cli("--profile", "work", "config", "list", PIXIGPT_BASE_URL="").out == f"base_url\t{server.base_url}\tprofile\n"
    )
    assert cli("config", "get", "base_url", PIXIGPT_PROFILE="work").out == f"{server.base_url}\n"
    assert cli("config", "list", "--profile", "default").out == "retries\t1\tprofile\n"
    done = cli("threads", "list", "--profile", "home")
    assert done.code == 2
    assert f"there is no profile 'home' in {path}; there are: default, work" in done.errors
    assert cli("config", "get", "retries", "--profile", "home").code == 2
    cli("config", "unset", "base_url", "--profile", "work")
    assert path.read_text(encoding="utf-8") == "[default]\nretries = 1\n"


def test_what_another_hand_has_written_is_there_after_a_setting_is_set(cli: Run, path: Path) -> None:
    path.write_text('[\'a.b "c"\']\nretries = 7\n[d]\ntimeout = inf\nassistant = "e"\n', encoding="utf-8-sig")
    assert cli("config", "set", "retries", "1") == Done(0, b"", "")
    assert cli("config", "get", "retries").out == "1\n"
    assert cli("config", "get", "retries", "--profile", 'a.b "c"').out == "7\n"
    assert cli("config", "list", "--profile", "d").out == "timeout\tinf\tprofile\nassistant\te\tprofile\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["set", "timeout", "0"],
        ["set", "timeout", "soon"],
        ["set", "retries", "1.5"],
        ["set", "retries", "-1"],
        ["set", "base_url", "example.com"],
        ["set", "base_url"],
        ["set", "assistant", " "],
        ["set", "assistant", "\udcff"],
        ["set", "api_key"],
        ["set", "model", "x"],
        ["set", "retries", "1", "--profile", "a b"],
        ["get", "model"],
    ],
)
def test_a_setting_that_is_not_valid_is_not_kept(cli: Run, path: Path, arguments: list[str]) -> None:
    assert cli("config", *arguments).code == 2
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[default\n", "is not TOML: "),
        (b"\xff", "is not TOML: it is not UTF-8"),
        (b"[default]\ntimeout = " + b"9" * 5000, "is not TOML: Exceeds the limit"),
        (b"[default]\nx = " + b"[" * 5000, "is not TOML: "),
        (b"retries = 1\n", "retries stands outside a profile, such as [default]"),
        (b"[default]\nmodel = 1\n", "profile default: model is not one of api_key, base_url,"),
        (b'[default]\nretries = "1"\n', "profile default: retries is of the wrong type"),
        (b"[default]\ntimeout = true\n", "profile default: timeout is of the wrong type"),
    ],
)
def test_a_file_that_is_not_valid_is_named(cli: Run, path: Path, content: bytes, says: str) -> None:
    path.write_bytes(content)
    for arguments in (["threads", "list"], ["config", "list"], ["config", "set", "retries", "1"]):
        done = cli(*arguments)
        assert done.code == 2
        assert str(path) in done.errors.replace("\n", "")
        assert says in done.errors
    assert path.read_bytes() == content


@pytest.mark.parametrize(("name", "called"), [("timeout", "timeout"), ("retries", "max_retries")])
def test_a_number_that_no_float_can_hold_is_bad_usage(cli: Run, path: Path, name: str, called: str) -> None:
    path.write_text(f"[default]\n{name} = {'9' * 400}\n")
    done = cli("threads", "list")
    assert done.code == 2
    assert f"Error: {called} is too large" in done.errors


def test_a_file_that_cannot_be_read_or_written_is_named(cli: Run, tmp_path: Path) -> None:
    done = cli("threads", "list", PIXIGPT_CONFIG=str(tmp_path))
    assert done.code == 2
    assert f"cannot read {tmp_path}: " in done.errors
    (tmp_path / "file").touch()
    done = cli("config", "set", "retries", "1", PIXIGPT_CONFIG=str(tmp_path / "file" / "config.toml"))
    assert done.code == 2
    assert "cannot " in done.errors


@pytest.mark.skipif(os.name != "posix", reason="there are no such files elsewhere")
def test_what_is_no_regular_file_is_not_replaced(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", lambda *_: pytest.fail("it was replaced"))
    assert cli("config", "list", PIXIGPT_CONFIG=os.devnull) == Done(0, b"", "")
    done = cli("config", "set", "retries", "1", PIXIGPT_CONFIG=os.devnull)
    assert (done.code, f"cannot write {os.devnull}: it is not a regular file" in done.errors) == (2, True)


def test_a_write_that_fails_leaves_the_file_as_it_was(
    cli: Run, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("config", "set", "retries", "1")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    done = cli("config", "set", "retries", "2")
    assert (done.code, f"cannot write {path}: No space left on device" in done.errors) == (2, True)
    assert path.read_text(encoding="utf-8") == "[default]\nretries = 1\n"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_without_a_named_file_it_is_in_the_users_folder(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: Path("folder"))
    assert cli("config", "path", PIXIGPT_CONFIG="").out == f"{Path('folder', 'config.toml')}\n"
