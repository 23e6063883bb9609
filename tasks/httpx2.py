"""The move to httpx2, rehearsed in a scratch copy: ``python -m tasks.httpx2 [suites]``.

The generator, and then this package, will stand on httpx2 one day. This says what would fail if
that were today, and what each speed goal would be. Nothing here is changed.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .generate import without_caches
from .project import ROOT, python

NAMES: Final = {"httpx": "httpx2", "httpcore": "httpcore2"}
# What moves: the package, and what its tests call it with.
MOVED: Final = (
    "generated",
    "overlay",
    "tests/support",
    "tests/unit",
    "tests/faults",
    "tests/contract",
)
SUITES: Final = ("tests/unit", "tests/faults", "tests/contract")
# Annotations and the paths of patches: a name, and something of it.
_DOTTED: Final = re.compile(rf"\b({'|'.join(NAMES)})(?=\.[A-Za-z_])")
_FAULT: Final = re.compile(r"^(FAILED|ERROR) (\S+)(?: - (.*))?$", re.MULTILINE)
_SHOWN: Final = 100


def moved(source: str) -> str:
    """A module's text with httpx2 and httpcore2 in the place of httpx and httpcore.

    Names change in code, and in strings where something of theirs is named. A string that is the
    name and no more stays: it tells the libraries apart.
    """
    lines = source.splitlines(keepends=True)
    # From the end, so that no change moves the place of another.
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(source).readline))):
        text = token.string
        if token.type == tokenize.NAME:
            text = NAMES.get(text, text)
        elif token.type == tokenize.STRING:
            text = _DOTTED.sub(lambda match: NAMES[match[1]], text)
        if text != token.string:
            (first, start), (last, end) = token.start, token.end
            whole = lines[first - 1][:start] + text + lines[last - 1][end:]
            lines[first - 1 : last] = whole.splitlines(keepends=True)
    return "".join(lines)


def copy(folder: Path) -> Path:
    """Copy the project, move the copy, and return where it is."""
    project = folder / "project"
    without_caches(ROOT, project)
    for part in MOVED:
        for path in sorted((project / part).rglob("*.py")):
            path.write_text(moved(path.read_text("utf-8")), "utf-8")
    return project


def environment(folder: Path) -> dict[str, str]:
    """The environment in which Python finds the copy first, whatever is installed."""
    places = [
        folder / "overlay",
        folder / "generated",
        *os.environ.get("PYTHONPATH", "").split(":"),
    ]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, map(str, places)))}


def _run(folder: Path, env: Mapping[str, str], module: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        python(module, *arguments),
        cwd=folder,
        env=env,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


def faults(output: str) -> list[str]:
    """What a run of pytest says has failed, each on a line."""
    return [f"{test}: {why or kind}" for kind, test, why in _FAULT.findall(output)]


def rehearse(folder: Path, suite: str) -> bool:
    """Run one suite in the copy, and print what fails; return whether it could be run."""
    options = ("-q", "-n", "auto", "-p", "no:cacheprovider", "--tb=no")
    code, output = _run(folder, environment(folder), "pytest", *options, suite)
    found = faults(output)
    print(f"\n{suite}: {output.strip().splitlines()[-1]}")
    for line in found[:_SHOWN]:
        print(f"  {line}")
    if len(found) > _SHOWN:
        print(f"  and {len(found) - _SHOWN} more")
    if code not in (0, 1):
        print(output)
    return code in (0, 1)


def measure(folder: Path) -> None:
    """Print each speed goal, as the copy reaches it. What it is compared with is httpx still."""
    _, output = _run(folder, environment(folder), "tests.benchmarks", "check")
    print(f"\nspeed:\n{output}")


def main(*suites: str) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = copy(Path(scratch))
        ran = [rehearse(folder, suite) for suite in suites or SUITES]
        if not suites:
            measure(folder)
    return 0 if all(ran) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
