"""The generated code is what the contract makes, by templates that differ little from the generator's own."""

import difflib
from pathlib import Path

import openapi_python_client

from scripts.check import differences

ROOT = Path(__file__).resolve().parent.parent


def test_the_drift_gate_names_each_difference(tmp_path: Path) -> None:
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


def test_each_template_override_is_small_and_says_why() -> None:
    originals = Path(openapi_python_client.__file__).parent / "templates"
    ours = ROOT / "openapi" / "templates"
    added = ["model_base.py.jinja"]
    overrides = sorted(path.relative_to(ours).as_posix() for path in ours.rglob("*.jinja"))
    assert overrides == [
        "endpoint_init.py.jinja",
        "endpoint_module.py.jinja",
        "literal_enum.py.jinja",
        "model.py.jinja",
        *added,
        "property_templates/union_property.py.jinja",
        "types.py.jinja",
    ]
    for override in (name for name in overrides if name not in added):
        old = (originals / override).read_text().splitlines()
        new = (ours / override).read_text().splitlines()
        changed = [line for line in difflib.ndiff(old, new) if line.startswith("+ ")]
        assert 0 < len(changed) < 30
        assert any("Override: " in line for line in changed)
