"""SECURITY.md names tests as its proofs. They exist."""

from __future__ import annotations

import ast
import re

from tasks.project import ROOT
from tests.docs._shell import unknown_sessions

_CODE = re.compile(r"`([^`]+)`")


def rows() -> list[str]:
    """The last cells of the threat model."""
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ")[-1] for line in lines[2:]]


def test_every_threat_has_a_proof_that_exists() -> None:
    assert len(rows()) > 10
    for row in rows():
        names = _CODE.findall(row)
        assert names, row
        tests: set[str] = set()
        for name in names:
            if name.startswith("nox "):
                assert unknown_sessions(name.split()[1:]) == []
            elif name.endswith(".py"):
                tree = ast.parse((ROOT / "tests" / name).read_text("utf-8"))
                tests = {
                    node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
                } | {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
            else:
                assert name in tests, f"{row}: {name}"
