"""The rewriting half of the rehearsal of the move to httpx2."""

from __future__ import annotations

import pytest

from tasks.httpx2 import faults, moved


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import httpx\n", "import httpx2\n"),
        ("from httpcore import Response\n", "from httpcore2 import Response\n"),
        ("x: 'httpx.Client' = httpx.Client()\n", "x: 'httpx2.Client' = httpx2.Client()\n"),
        ("LIBRARIES = {'httpx', 'httpx2'}\n", "LIBRARIES = {'httpx', 'httpx2'}\n"),
        ("import httpx2\n", "import httpx2\n"),
        ("# httpx stays in a comment\n", "# httpx stays in a comment\n"),
    ],
)
def test_names_move_and_words_stay(before: str, after: str) -> None:
    assert moved(before) == after


def test_what_failed_is_told() -> None:
    output = "1 passed\nFAILED tests/a.py::b - E: why\nERROR tests/c.py\n"
    assert faults(output) == ["tests/a.py::b: E: why", "tests/c.py: ERROR"]
