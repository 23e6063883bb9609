"""The code blocks of the documentation, where they are and what they hold."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

_FENCE: Final = re.compile(r"(?P<indent>[ ]*)(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)")
_TITLE: Final = re.compile(r'title="(?P<title>[^"]*)"')


class BlockError(Exception):
    """A page's code blocks cannot be read."""


@dataclass(frozen=True)
class Block:
    """One fenced block: ``line`` is that of its first line of text, counted from 1."""

    page: Path
    line: int
    language: str
    title: str
    text: str

    @property
    def place(self) -> str:
        """Where it is, for people and for test ids."""
        return f"{name_of(self.page)}:{self.line}"

    @property
    def source(self) -> str:
        """Its text under as many empty lines as bring it to its line in the page."""
        return "\n" * (self.line - 1) + self.text


def name_of(page: Path) -> str:
    """A page's path, from the top of the project if it is in it."""
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


def pages() -> list[Path]:
    """Everything that people read: the site's pages, and what lies at the top of the project."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order; those in tabs and lists too.

    Raises:
        BlockError: a fence has no end.
    """
    return list(_blocks(page, page.read_text("utf-8").splitlines()))


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    numbered = iter(enumerate(lines, 1))
    for opened, line in numbered:
        fence = _FENCE.fullmatch(line)
        if fence is None:
            continue
        held: list[str] = []
        for _, inner in numbered:
            if inner.strip().startswith(fence["marks"]) and not inner.strip(" `~"):
                break
            held.append(inner)
        else:
            raise BlockError(f"{name_of(page)}:{opened}: this fence has no end")
        language, _, rest = fence["info"].strip().partition(" ")
        title = _TITLE.search(rest)
        yield Block(
            page=page,
            line=opened + 1,
            language=language,
            title=title["title"] if title else "",
            text=textwrap.dedent("\n".join(held)) + "\n",
        )
