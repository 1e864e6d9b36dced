"""`make docs` finds dead links, and what a page loads from elsewhere."""

from pathlib import Path

from scripts.docs.check import PREFIX, problems


def test_the_check_of_the_docs_finds_dead_links_and_what_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    good = (
        '<p id="a"><a href="#a"></a><a href="x/b.html#c"></a><a href="https://e.org"></a><link rel="icon" href="i.png">'
    )
    bad = [
        '<a href="#none"></a>',
        '<a href="x/none.html"></a>',
        '<a href="/x/b.html"></a>',
        '<a href="x/b.html#none"></a>',
        '<script src="https://e.org/a.js"></script>',
        '<link rel="preload stylesheet" href="//e.org/a.css">',
        "<style>@import 'https://e.org/a.css'</style>",
        '<p style="background: url(https://e.org/a.png)">',
        "<p>```python</p>",
    ]
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "b.html").write_text(f'<p id="c"><a href="{PREFIX}a.html">', encoding="utf-8")
    (tmp_path / "i.png").touch()
    (tmp_path / "a.html").write_text(good, encoding="utf-8")
    assert problems(tmp_path) == []
    for each in bad:
        (tmp_path / "a.html").write_text(good + each, encoding="utf-8")
        assert len(problems(tmp_path)) == 1, each
    assert len(problems(tmp_path / "x" / "none")) == 1
