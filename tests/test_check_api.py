"""`make check-api` names each break since the last tag, lets additions pass, and breaks that the version tells of."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from scripts.api.names import PUBLIC

ROOT = Path(__file__).resolve().parent.parent

FILES = {
    "pixigpt/__init__.py": """
from pixigpt._client import Client, Failure, Mode, Policy, Reason, helper
from pixigpt._version import __version__

__all__ = ["Client", "Failure", "Mode", "Policy", "Reason", "__version__", "helper"]
""",
    "pixigpt/_version.py": '__version__ = "0.2.0"\n',
    "pixigpt/_client.py": """
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack

from pixigpt_api.models import Mode

class Options(TypedDict, total=False):
    timeout: float
    retries: int

class Base(Exception):
    code: int

class Failure(Base):
    pass

class Reason(Failure):
    why: str | None

@dataclass
class Policy:
    retries: int = 2
    pause: float = field(default=0.1, repr=False)

class Client:
    def __init__(self, key: str) -> None:
        self.key = key
        self.sent = key.upper()

    def send(self, text: str | bytes, limit: int = 20) -> str | None: ...
    def all(self, names: list[str]) -> list[str]: ...
    def copy(self, **options: Unpack[Options]) -> "Client": ...
    def _inner(self, text: str) -> None: ...
    @property
    def url(self) -> str: ...

def helper(mode: Mode) -> None: ...
""",
    "pixigpt/testing/__init__.py": """
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixigpt.testing._server import Server

__all__ = ["Server"]
""",
    "pixigpt/testing/_server.py": """
class Server:
    def fail(self, *, status: int = 500) -> None: ...
""",
    "generated/pixigpt_api/__init__.py": "",
    "generated/pixigpt_api/models/__init__.py": "from .mode import Mode\n",
    "generated/pixigpt_api/models/mode.py": 'from typing import Literal\n\nMode = Literal["fast", "slow"]\n',
    "openapi/pixigpt.yaml": """
openapi: 3.1.0
info: {title: T, version: "1"}
paths:
  /things/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, minLength: 1}}
    get:
      operationId: get_thing
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 50}}
      responses:
        2XX: {description: D, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
        "400": {description: E}
    put:
      operationId: put_thing
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/NewThing"}}}}
      responses:
        2XX: {description: D}
components:
  schemas:
    Mode: {type: string, enum: [fast, slow]}
    Thing:
      type: object
      required: [id, mode]
      properties:
        id: {type: string}
        mode: {$ref: "#/components/schemas/Mode"}
        size: {type: [integer, "null"]}
        parent: {oneOf: [{$ref: "#/components/schemas/Thing"}, {type: "null"}]}
        labels: {type: object, additionalProperties: {type: string}}
    NewThing:
      type: object
      required: [name]
      properties:
        name: {type: string}
        mode: {$ref: "#/components/schemas/Mode"}
        size: {type: [integer, "null"], minimum: 0}
        parts: {type: array, items: {$ref: "#/components/schemas/NewThing"}}
        note: {}
        input: {oneOf: [{type: string}, {type: array, minItems: 1, items: {type: string}}]}
""",
}

CLIENT, INIT, VERSION = "pixigpt/_client.py", "pixigpt/__init__.py", "pixigpt/_version.py"
SERVER, TESTING = "pixigpt/testing/_server.py", "pixigpt/testing/__init__.py"
MODE, CONTRACT = "generated/pixigpt_api/models/mode.py", "openapi/pixigpt.yaml"

BREAKS = [
    (INIT, '"Policy", ', "", "name: pixigpt.Policy: it is no longer in __all__"),
    (INIT, "import Client, ", "import ", "name: pixigpt.Client: Public object was removed"),
    (CLIENT, "def send(", "def post(", "name: pixigpt.Client.send: Public object was removed"),
    (CLIENT, "def url(", "def uri(", "name: pixigpt.Client.url: Public object was removed"),
    (CLIENT, ", limit: int = 20", "", "name: pixigpt.Client.send(limit): Parameter was removed"),
    (CLIENT, "limit: int = 20", "limit: int", "name: pixigpt.Client.send(limit): Parameter is now required"),
    (
        CLIENT,
        "limit: int = 20",
        "limit: int = 9",
        "pixigpt.Client.send(limit): Parameter default was changed: `20` -> `9`",
    ),
    (CLIENT, "limit: int = 20", "*, limit: int = 20", "pixigpt.Client.send(limit): Parameter kind was changed"),
    (CLIENT, "key: str)", "key: str, url: str)", "pixigpt.Client.__init__(url): Parameter was added as required"),
    (CLIENT, "text: str | bytes", "text: str", "pixigpt.Client.send(text): its type str | bytes became str"),
    (CLIENT, "-> list[str]", "-> Sequence[str]", "pixigpt.Client.all: its result list[str] became Sequence[str]"),
    (CLIENT, "url(self) -> str", "url(self) -> str | None", "pixigpt.Client.url: its type str became str | None"),
    (CLIENT, "    retries: int\n", "", "pixigpt.Client.copy(retries): Parameter was removed"),
    (CLIENT, "retries: int = 2", "retries: int = 3", "pixigpt.Policy.retries: its value 2 became 3"),
    (CLIENT, "default=0.1", "default=0.2", "pixigpt.Policy.pause: its value 0.1 became 0.2"),
    (CLIENT, "class Reason(Failure)", "class Reason(Base)", "name: pixigpt.Reason: it no longer inherits from Failure"),
    (CLIENT, "    code: int\n", "    pass\n", "name: pixigpt.Failure.code: Public object was removed"),
    (CLIENT, "code: int", "code: str", "name: pixigpt.Failure.code: its type int became str"),
    (
        CLIENT,
        "def helper(mode: Mode) -> None: ...",
        "helper = 5",
        "pixigpt.helper: Public object points to a different kind",
    ),
    (MODE, '"fast", ', "", "name: pixigpt.Mode: Literal['fast'] is gone"),
    (TESTING, '["Server"]', '["Faults"]', "name: pixigpt.testing.Server: it is no longer in __all__"),
    (SERVER, "status: int = 500", "code: int = 500", "pixigpt.testing.Server.fail(status): Parameter was removed"),
    (CONTRACT, "    get:", "    post:", "contract: GET /things/{id}: the operation is gone"),
    (CONTRACT, "Id: put_thing", "Id: set_thing", "PUT /things/{id}: the operationId put_thing became set_thing"),
    (CONTRACT, "name: limit", "name: most", "GET /things/{id}: the query parameter limit is gone"),
    (CONTRACT, "limit, in: query", "limit, in: query, required: true", "the query parameter limit is required now"),
    (CONTRACT, "maximum: 50", "maximum: 40", "the query parameter limit in requests: maximum is 40 now"),
    (
        CONTRACT,
        "{type: integer, max",
        "{type: string, max",
        "parameter limit in requests: integer is no longer accepted",
    ),
    (CONTRACT, "requestBody: {", "requestBody: {required: true, ", "PUT /things/{id}: a body is required now"),
    (CONTRACT, "required: [name]", "required: [name, size]", "NewThing.size in requests: the field is required now"),
    (CONTRACT, "        note: {}\n", "", "contract: NewThing.note in requests: the field is gone"),
    (CONTRACT, "note: {}", "note: {type: string}", "NewThing.note in requests: anything is no longer accepted"),
    (CONTRACT, "minimum: 0}", "minimum: 1}", "contract: NewThing.size in requests: minimum is 1 now"),
    (
        CONTRACT,
        '"null"], minimum: 0',
        "], minimum: 0",
        "contract: NewThing.size in requests: null is no longer accepted",
    ),
    (
        CONTRACT,
        "name: {type: string}",
        "name: {type: string, pattern: a}",
        "NewThing.name in requests: pattern is a now",
    ),
    (
        CONTRACT,
        "name: {type: string}",
        "name: {type: string, enum: [a]}",
        "name in requests: only 'a' are accepted now",
    ),
    (CONTRACT, "[fast, slow]", "[fast]", "contract: Mode in requests: 'slow' is no longer accepted"),
    (CONTRACT, "oneOf: [{type: string}, ", "oneOf: [", "NewThing.input in requests: string is no longer accepted"),
    (CONTRACT, "minItems: 1", "minItems: 2", "contract: NewThing.input in requests: minItems is 2 now"),
    (CONTRACT, "[name]\n", "[name]\n      additionalProperties: false\n", "unknown fields are no longer accepted"),
    (CONTRACT, "        id: {type: string}\n", "", "contract: Thing.id in responses: the field is gone"),
    (CONTRACT, "required: [id, mode]", "required: [id]", "Thing.mode in responses: the field may be missing now"),
    (CONTRACT, "id: {type: string}", 'id: {type: [string, "null"]}', "contract: Thing.id in responses: it may be null"),
    (
        CONTRACT,
        "additionalProperties: {type: string}",
        "additionalProperties: {type: integer}",
        "Thing.labels.* in responses",
    ),
    (
        CONTRACT,
        "2XX: {description: D, content",
        "3XX: {description: D, content",
        "GET /things/{id}: the response 2XX is gone",
    ),
    (CONTRACT, "D, content: {application/json", "D, content: {text/plain", "application/json in responses is gone"),
]

ADDITIONS = [
    (INIT, '__all__ = ["Client"', '__all__ = ["Client", "Base"'),
    (VERSION, "0.2.0", "0.2.1"),
    (CLIENT, "limit: int = 20", "limit: int = 20, order: str = 'up'"),
    (CLIENT, "limit: int = 20", "limit: int | None = 20"),
    (CLIENT, "-> str | None", "-> str"),
    (CLIENT, "names: list[str]", "names: Sequence[str]"),
    (CLIENT, "text: str | bytes", "text: object"),
    (CLIENT, "    retries: int\n", "    retries: int\n    headers: str\n"),
    (CLIENT, "class Failure(Base)", "class Failure(Base, ValueError)"),
    (CLIENT, "_inner(self, text: str)", "_other(self)"),
    (CLIENT, "self.sent = key.upper()", "self.sent = key.lower()"),
    (MODE, '"slow"', '"slow", "slower"'),
    (CLIENT, "repr=False", "repr=True"),
    (SERVER, "status: int = 500", "status: int = 500, times: int = 1"),
    (CONTRACT, "paths:\n", "paths:\n  /new: {get: {operationId: new, responses: {}}}\n"),
    (CONTRACT, "[fast, slow]", "[fast, slow, slower]"),
    (CONTRACT, "note: {}", "note: {}\n        more: {type: string}"),
    (CONTRACT, "maximum: 50", "maximum: 60"),
    (CONTRACT, "{type: integer, max", "{type: number, max"),
    (CONTRACT, '        "400": {description: E}\n', ""),
    (CONTRACT, "Mode", "Pace"),
]


def git(root: Path, *arguments: str) -> None:
    # A hook's GIT_DIR would lead to the repository that is committed to.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    names = {f"GIT_{role}_{what}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=root, env={**clean, **names}, capture_output=True, check=True)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a release; only its working tree changes."""
    root = tmp_path_factory.mktemp("tagged")
    restore(root)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--no-gpg-sign", "--message", "0.2.0")
    for tag in ("v0.1.0", "v0.2.0", "v0.3.0", "vnext"):
        git(root, "tag", "--no-sign", tag)
    return root


def restore(root: Path) -> None:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


@pytest.fixture
def repository(tagged: Path) -> Iterator[Path]:
    yield tagged
    restore(tagged)


@pytest.fixture
def check_api() -> ModuleType:
    from scripts.api import check

    return check


def change(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert old in text, "this case changes nothing"
    (root / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(("name", "old", "new", "line"), BREAKS, ids=[line for *_, line in BREAKS])
def test_a_break_is_named_with_the_next_step(
    repository: Path,
    check_api: ModuleType,
    capsys: pytest.CaptureFixture[str],
    name: str,
    old: str,
    new: str,
    line: str,
) -> None:
    change(repository, name, old, new)
    assert check_api.main(repository) == 1
    *told, last = capsys.readouterr().out.splitlines()
    assert any(line in each for each in told)
    assert len(told) == len(set(told))
    step = "Next: keep it, or raise the version's second number (0.3.0 in pixigpt/_version.py) and tell of it in"
    assert all(step in each for each in told)
    assert last == f"FAILED: breaks since v0.2.0 that v0.2.0 does not allow: {len(told)}"


@pytest.mark.parametrize(("name", "old", "new"), ADDITIONS)
def test_an_addition_passes(
    repository: Path, check_api: ModuleType, capsys: pytest.CaptureFixture[str], name: str, old: str, new: str
) -> None:
    change(repository, name, old, new)
    assert (check_api.main(repository), capsys.readouterr().out) == (0, "nothing of v0.2.0 breaks\n")


def test_the_version_may_allow_a_break(
    repository: Path, check_api: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repository, "tag", "--delete", "v0.3.0")
    change(repository, CLIENT, "def send(", "def post(")
    change(repository, VERSION, "0.2.0", "0.3.0")
    assert check_api.main(repository) == 0
    assert "Breaks since v0.2.0 that v0.3.0 allows: 1. Tell of each in CHANGELOG.md." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tag", "ours", "allowed"),
    [
        ((0, 2, 0), (0, 2, 1), False),
        ((0, 2, 0), (0, 3, 0), True),
        ((0, 2, 0), (1, 0, 0), True),
        ((1, 2, 0), (1, 3, 0), False),
        ((1, 2, 0), (2, 0, 0), True),
    ],
)
def test_a_version_allows_the_breaks_that_semver_does(
    check_api: ModuleType, tag: object, ours: object, allowed: bool
) -> None:
    assert check_api.allows(tag, ours) == allowed


def test_from_1_0_on_the_first_number_is_to_be_raised(
    check_api: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_api.verdict((1, 2, 0), (1, 3, 0), ["name: x"]) == 1
    assert "raise the version's first number (2.0.0 in pixigpt/_version.py)" in capsys.readouterr().out


@pytest.mark.parametrize("is_repository", [True, False])
def test_without_a_tag_there_is_nothing_to_compare_with(
    tmp_path: Path, check_api: ModuleType, capsys: pytest.CaptureFixture[str], is_repository: bool
) -> None:
    restore(tmp_path)
    if is_repository:
        git(tmp_path, "init", "--quiet")
    assert check_api.main(tmp_path) == 0
    told = "there is no tag yet: nothing to compare with; the first release is tagged v0.2.0\n"
    assert capsys.readouterr().out == told


def test_a_shallow_clone_without_tags_has_nothing_to_compare_with(
    tagged: Path, tmp_path: Path, check_api: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--no-tags", tagged.as_uri(), "shallow")
    assert check_api.main(tmp_path / "shallow") == 0
    assert "there is no tag yet" in capsys.readouterr().out


def test_the_repository_is_left_as_it_was(repository: Path, check_api: ModuleType) -> None:
    folder = repository / ".git"
    before = sorted(path for path in folder.rglob("*"))
    check_api.main(repository)
    assert sorted(path for path in folder.rglob("*")) == before


def test_the_compatibility_policy_names_each_module_that_is_compared() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert [name for name in PUBLIC if f"`{name}`" not in policy] == []
