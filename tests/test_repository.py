"""Nothing that is committed belongs to one machine."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_nothing_names_this_machine_or_a_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    told = re.compile(r"(/home/\w|/root/|/work/|files\.pythonhosted|pypi\.org|registry\.npmjs)")
    this = "tests/test_repository.py"
    assert [name for name in tracked if name != this and told.search((ROOT / name).read_text(encoding="utf-8"))] == []
