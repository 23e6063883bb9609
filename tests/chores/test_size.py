"""Lines of code are counted as a reader would, and too many of them are a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.size import CORE_LIMIT, ROOM_LIMIT, faults, lines_of_code, parts


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 0),
        ('"""Words."""\n\n# A comment.\n', 0),
        ("x = 1  # a comment\n", 1),
        ('def f() -> None:\n    """Words\n\n    and words.\n    """\n    return None\n', 2),
        ('x = """\nno docstring\n"""\n', 3),
        ('class A:\n    x: int\n    """Words on x."""\n    y: int\n', 3),
        ("call(\n    1,\n\n    # a comment\n    2,\n)\n", 4),
        ("if a:\n    b()\nelse:\n    c()\n", 4),
    ],
    ids=["empty", "words", "comment", "docstring", "text", "attribute", "call", "branches"],
)
def test_lines_of_code(text: str, lines: int) -> None:
    assert lines_of_code(text) == lines


def _overlay(folder: Path, **modules: int) -> Path:
    for name, lines in modules.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('"""Words."""\n' + "x = 1\n" * lines, "utf-8")
    return folder


def test_the_core_and_each_room_have_limits(tmp_path: Path) -> None:
    overlay = _overlay(
        tmp_path, _a=CORE_LIMIT - 1, _wire__b=1, _room__c=ROOM_LIMIT, cli__d=9999, redis=9999
    )
    found = {part.name: part.lines for part in parts(overlay, {})}
    assert found == {
        "root and _wire": CORE_LIMIT,
        "_room": ROOM_LIMIT,
        "cli": 9999,
        "adapters": 9999,
    }
    assert faults(parts(overlay, {})) == []


def test_one_line_more_is_a_fault(tmp_path: Path) -> None:
    overlay = _overlay(tmp_path, _a=CORE_LIMIT, _wire__b=1, _room__c=ROOM_LIMIT, _room__d=1)
    assert faults(parts(overlay, {})) == [
        f"root and _wire: {CORE_LIMIT + 1} lines of code, and {CORE_LIMIT} are allowed",
        f"_room: {ROOM_LIMIT + 1} lines of code, and {ROOM_LIMIT} are allowed",
    ]


def test_a_part_that_is_over_may_not_grow(tmp_path: Path) -> None:
    standing = {"_room": ROOM_LIMIT + 2}
    overlay = _overlay(tmp_path, _room__c=ROOM_LIMIT + 2)
    assert faults(parts(overlay, standing)) == []
    overlay = _overlay(tmp_path, _room__c=ROOM_LIMIT + 3)
    assert len(faults(parts(overlay, standing))) == 1
