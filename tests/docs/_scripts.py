"""The Python of a page, put together as its reader would.

Blocks without a title go on from one another, down the page. Those with a title go on from those
with the same title, so that two libraries can stand side by side. A title that ends in ``.py`` is
a file. A block of pytest tests stands alone.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from ._blocks import Block, blocks_of, name_of

PRINTS: Final = "prints"


@dataclass(frozen=True)
class Script:
    """Blocks of one page that make one program."""

    page: Path
    title: str
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """For test ids."""
        return f"{name_of(self.page)}:{self.blocks[0].line}" + (
            f" ({self.title})" if self.title else ""
        )

    @property
    def is_file(self) -> bool:
        """Whether it is shown as a file, to be imported by others of the page."""
        return self.title.endswith(".py")

    @property
    def is_pytest(self) -> bool:
        """Whether pytest is to run it."""
        return any(has_tests(block) for block in self.blocks)

    @property
    def source(self) -> str:
        """All of it, each line where the page has it."""
        lines: list[str] = []
        for block in self.blocks:
            lines += [""] * (block.line - 1 - len(lines))
            lines += block.text.splitlines()
        return "\n".join(lines) + "\n"

    @property
    def module_name(self) -> str:
        """A name for it among all scripts; its own, if it is a file."""
        if self.is_file:
            return self.title.removesuffix(".py")
        page = re.sub(r"\W", "_", name_of(self.page).removesuffix(".md"))
        return f"{page}_{self.blocks[0].line}"


def scripts_of(page: Path) -> list[Script]:
    """The programs of a page."""
    together: dict[str, list[Block]] = {}
    for block in blocks_of(page):
        if block.language in ("python", "py"):
            alone = not block.title and has_tests(block)
            together.setdefault(block.place if alone else block.title, []).append(block)
    return [Script(page, blocks[0].title, tuple(blocks)) for blocks in together.values()]


def has_tests(block: Block) -> bool:
    """Whether a block defines pytest tests."""
    try:
        body = ast.parse(block.text).body
    except SyntaxError:
        return False
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for node in body
    )


def promised_output(script: Script) -> list[tuple[Block, str]]:
    """Blocks of a script that are followed by what they print."""
    following = dict(pairwise(blocks_of(script.page)))
    return [
        (block, following[block].text)
        for block in script.blocks
        if block in following and following[block].title == PRINTS
    ]
