"""Links of the pages at the top of the project. The site's own are checked as it is built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ._blocks import ROOT, name_of

TOP = sorted(ROOT.glob("*.md"))
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+?)(?: \{#([\w-]+)\})?$", re.MULTILINE)


@pytest.mark.parametrize("page", TOP, ids=name_of)
def test_leads_somewhere(page: Path) -> None:
    assert not broken_links(page)


def broken_links(page: Path) -> list[str]:
    """Targets inside the project that are not there, headings included."""
    return [
        target
        for target in _LINK.findall(_FENCED.sub("", page.read_text("utf-8")))
        if not re.match(r"[a-z]+:", target) and not _exists(page, target)
    ]


def _exists(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = page.parent / path if path else page
    if not found.exists():
        return False
    return not anchor or anchor in _anchors(found)


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCED.sub("", page.read_text("utf-8")))
    return {explicit or _slug(title) for title, explicit in headings}


def _slug(title: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", title.lower())
    return kept.strip().replace(" ", "-")
