"""The rehearsal of the move to httpx2: names move, and what tells the libraries apart stays."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tasks.httpx2 import MOVED, copy, faults, moved
from tasks.project import ROOT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import httpx\n", "import httpx2\n"),
        ("import httpcore, httpx\n", "import httpcore2, httpx2\n"),
        ("from httpx._utils import URLPattern\n", "from httpx2._utils import URLPattern\n"),
        ("x = httpx.Client(); y = httpx\n", "x = httpx2.Client(); y = httpx2\n"),
        ("Step = 'httpx.Request | float | Ask'\n", "Step = 'httpx2.Request | float | Ask'\n"),
        (
            "c = cast('httpcore.AsyncNetworkBackend', httpcore.AnyIOBackend())\n",
            "c = cast('httpcore2.AsyncNetworkBackend', httpcore2.AnyIOBackend())\n",
        ),
        (
            'patch("httpx.Client.send", a)\nb = (httpx, """\nhttpx.Client\n""", httpx)\n',
            'patch("httpx2.Client.send", a)\nb = (httpx2, """\nhttpx2.Client\n""", httpx2)\n',
        ),
        ("f'{httpx.__version__}'\n", None),
    ],
)
def test_names_move(before: str, after: str | None) -> None:
    if after is None:
        # Python 3.11 has an f-string in one piece, 3.12 in many: the name moves in both.
        after = before.replace("httpx", "httpx2")
    assert moved(before) == after
    assert moved(after) == after


@pytest.mark.parametrize(
    "source",
    [
        "import httpx2\n",
        "names = ('httpx', 'httpx2', 'httpcore')\n",
        "agent = 'python-httpx/1'\n",
        "import httpx_aiohttp\n",
        "x = 1  # as httpx does\n",
        "page = 'docs/migrating/httpx'\n",
    ],
)
def test_what_tells_them_apart_stays(source: str) -> None:
    assert moved(source) == source


def test_the_copy_is_whole_and_compiles(tmp_path: Path) -> None:
    project = copy(tmp_path)
    for part in MOVED:
        names = {path.relative_to(ROOT) for path in (ROOT / part).rglob("*.py")}
        assert names == {path.relative_to(project) for path in (project / part).rglob("*.py")}
        for path in (project / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    assert not {"httpx", "httpcore"} & {alias.name for alias in node.names}, path
    kept = (project / "tests" / "benchmarks" / "_sync_contenders.py").read_text("utf-8")
    assert "import httpx\n" in kept


def test_what_pytest_says_has_failed() -> None:
    output = "..F\nFAILED a.py::t[x-y] - AssertionError: b - c\nERROR d.py\n1 failed, 1 error\n"
    assert faults(output) == ["a.py::t[x-y]: AssertionError: b - c", "d.py: ERROR"]
