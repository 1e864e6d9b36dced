"""Check the pages in site/: every link and anchor leads somewhere, nothing is loaded from elsewhere, code is code."""

import re
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
SITE = ROOT / "site"
PREFIX = urlsplit(str(tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["site_url"])).path
_ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_LOADED_BY_STYLE = re.compile(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^\"')\s]+", re.IGNORECASE)
_NOT_LOADED = {"canonical", "alternate", "prev", "next"}  # what a <link> may say without fetching anything


class Page(HTMLParser):
    """What a page loads, where it links to, and the places in it that links can lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = {""}
        self.styles = _LOADED_BY_STYLE.findall(text)
        self.has_stray_fence = "```" in text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag's links and its id."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given and given.get("rel") not in _NOT_LOADED:
            self.loads.append(given["href"])
        self.loads += [given[name] for name in ("src", "srcset", "data", "poster") if name in given]


def problems(site: Path) -> list[str]:
    """Return what is wrong, a line each."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    found = [] if pages else [f"{site.name}: there are no pages"]
    for path, page in sorted(pages.items()):
        name = path.relative_to(site)
        outside = [*page.styles, *(each for each in page.loads if _ELSEWHERE.match(each))]
        found += [f"{name}: loads {each}" for each in outside]
        found += [
            f"{name}: shows ``` as text: a fence is not of a form that the generator knows"
        ] * page.has_stray_fence
        inside = (each for each in [*page.links, *page.loads] if not urlsplit(each).scheme and each not in outside)
        found += [f"{name}: {each} leads nowhere" for each in inside if not leads(each, path, site, pages)]
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        found += [f"{path.relative_to(site)}: loads {each}" for each in _LOADED_BY_STYLE.findall(text)]
    return found


def leads(link: str, path: Path, site: Path, pages: dict[Path, Page]) -> bool:
    """Return whether a link from a page leads to a file of the site and, in a page, to an anchor."""
    parts = urlsplit(link)
    if parts.netloc:
        return True
    start = site if parts.path.startswith(PREFIX) else path.parent  # 404.html, shown at any address, names the prefix
    target = (start / unquote(parts.path).removeprefix(PREFIX)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    page = pages.get(target)
    return target.is_file() and (page is None or unquote(parts.fragment) in page.anchors)


def main() -> int:
    """Print what is wrong; return 1 if anything is."""
    found = problems(SITE)
    print("\n".join(found) or f"{sum(1 for _ in SITE.rglob('*.html'))} pages: every link leads somewhere")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
