"""Every Python block of the documentation runs, prints what it is said to, and is well typed."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from ._blocks import ROOT, Block, name_of, pages
from ._scripts import Script, promised_output, scripts_of
from ._stage import Stage, furnish

SCRIPTS = [script for page in pages() for script in scripts_of(page)]
PROGRAMS = [script for script in SCRIPTS if not script.is_pytest and not script.is_file]
TESTED_PAGES = sorted({script.page for script in SCRIPTS if script.is_pytest})

# Strict, but for what readers may leave out, and for libraries whose functions have no types.
_MYPY = """
[mypy]
strict = true
disallow_untyped_calls = false
disallow_untyped_defs = false
[mypy-msal.*,okta_jwt_verifier.*]
ignore_missing_imports = true
"""


@pytest.mark.parametrize("script", PROGRAMS, ids=lambda script: script.name)
def test_runs_and_prints_what_it_says(
    script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    Stage().route(monkeypatch)
    printed = run(script)
    for block, promised in promised_output(script):
        assert printed[block] == promised, f"{block.place} prints something else"


@pytest.mark.parametrize("page", TESTED_PAGES, ids=name_of)
def test_the_tests_of_a_page_pass(page: Path, tmp_path: Path) -> None:
    scripts = [script for script in scripts_of(page) if script.is_pytest or script.is_file]
    for script in scripts:
        name = script.title if script.is_file else f"test_{script.module_name}.py"
        (tmp_path / name).write_text(script.source, "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_block_is_well_typed(tmp_path: Path) -> None:
    complaints = check_types(SCRIPTS, tmp_path)
    assert not complaints, "\n".join(complaints)


def run(script: Script) -> dict[Block, str]:
    """Run the blocks in turn, as one program; return what each prints."""
    printed: dict[Block, str] = {}
    with module(script.module_name) as namespace:
        for block in script.blocks:
            output = StringIO()
            with redirect_stdout(output):
                exec(compile(block.source, str(block.page), "exec"), namespace)
            printed[block] = output.getvalue()
    return printed


@contextmanager
def module(name: str) -> Generator[dict[str, Any], None, None]:
    """The namespace of a module that can be found by its name, as dataclasses and pickle do."""
    made = types.ModuleType(name)
    sys.modules[name] = made
    try:
        yield made.__dict__
    finally:
        del sys.modules[name]


def check_types(scripts: list[Script], folder: Path) -> list[str]:
    """What mypy, as strict as it can be, says of the scripts: by page and line."""
    for script in scripts:
        (folder / f"{script.module_name}.py").write_text(script.source, "utf-8")
    (folder / "mypy.ini").write_text(_MYPY, "utf-8")
    searched = os.pathsep.join(str(ROOT / name) for name in ("overlay", "generated"))
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-color-output", "--no-error-summary", "."],
        cwd=folder,
        env=os.environ | {"MYPYPATH": searched},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode in (0, 1), checked.stdout + checked.stderr
    places = {f"{script.module_name}.py": name_of(script.page) for script in scripts}
    return [
        f"{places.get(file, file)}:{rest}"
        for file, _, rest in (line.partition(":") for line in checked.stdout.splitlines())
    ]
