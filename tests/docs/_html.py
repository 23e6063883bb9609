"""What a page of the built site holds and needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

# Elements that fetch what they name as soon as the page is opened.
_FETCHES = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
# Links that name a page without fetching it.
_NOT_FETCHED = {"alternate", "canonical", "next", "prev"}


@dataclass
class Page:
    """One HTML file: its anchors, what it links to, and what it loads."""

    anchors: set[str] = field(default_factory=set[str])
    links: list[str] = field(default_factory=list[str])
    loads: list[str] = field(default_factory=list[str])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        for name in ("id", "name"):
            if held.get(name):
                self.page.anchors.add(held[name])
        if tag == "a" and "href" in held:
            self.page.links.append(held["href"])
        wanted = held.get(_FETCHES.get(tag, ""))
        if wanted and not _NOT_FETCHED & set(held.get("rel", "").split()):
            self.page.loads.append(wanted)


def read(path: Path) -> Page:
    """Read an HTML file."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return reader.page


def is_elsewhere(target: str) -> bool:
    """Whether a reference leads to another host."""
    parts = urlsplit(target)
    return bool(parts.netloc) or parts.scheme not in ("", "data", "blob", "mailto")


def resolve(site: Path, page: Path, target: str) -> tuple[Path, str]:
    """The file that a reference on a page leads to, and the anchor in it."""
    here = f"http://site/{page.relative_to(site).as_posix()}"
    parts = urlsplit(urljoin(here, target))
    found = site / unquote(parts.path).lstrip("/")
    if found.is_dir():
        found /= "index.html"
    return found, unquote(parts.fragment)
