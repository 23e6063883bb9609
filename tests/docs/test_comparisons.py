"""The line counts of the pages for those who come from another library, as they are counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ._blocks import ROOT, blocks_of, name_of

OURS: Final = "okta-oidc"
_HEADING: Final = re.compile(r"^## (.+)$")
_ROW: Final = re.compile(r"^\| (.+?) \| (\d+) \| (\d+) \|$")

COUNTED: Final = [
    page
    for page in sorted((ROOT / "docs" / "migrating").glob("*.md"))
    if "\n## Lines\n" in page.read_text("utf-8")
]


@pytest.mark.parametrize("page", COUNTED, ids=name_of)
def test_lines_are_those_of_the_page(page: Path) -> None:
    claimed = dict(claims(page.read_text("utf-8")))
    assert claimed
    counted = counts(page)
    assert {task: counted[task] for task in claimed} == claimed


def test_a_wrong_count_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '## A task\n\n```python title="Other"\na\n\nb\n```\n\n```python title="okta-oidc"\na\n```\n'
        "\n## Lines\n\n| task | Other | okta-oidc |\n| --- | --- | --- |\n| A task | 3 | 1 |\n",
        "utf-8",
    )
    assert counts(page) == {"A task": (2, 1)}
    assert dict(claims(page.read_text("utf-8"))) == {"A task": (3, 1)}


def claims(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """What the table says: the lines of the other library, and ours."""
    for line in text.partition("\n## Lines\n")[2].splitlines():
        if row := _ROW.match(line):
            yield row[1], (int(row[2]), int(row[3]))


def counts(page: Path) -> dict[str, tuple[int, int]]:
    """Lines of code under each heading, blank ones apart."""
    headings = [
        (number, heading[1])
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1)
        if (heading := _HEADING.match(line))
    ]
    found: dict[str, tuple[int, int]] = {}
    for block in blocks_of(page):
        if block.language == "python" and block.title:
            task = [name for number, name in headings if number < block.line][-1]
            lines = sum(bool(line.strip()) for line in block.text.splitlines())
            theirs, ours = found.get(task, (0, 0))
            is_ours = block.title == OURS
            found[task] = (theirs, ours + lines) if is_ours else (theirs + lines, ours)
    return found
