"""What a caller's type checker will say: the last release's uses, against today's types."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ._snapshots import Snapshot
from ._verdict import Finding, Step

_LINE: Final = re.compile(r"(?P<where>[^:]+:\d+): error: (?P<what>.*)")


class CheckerError(Exception):
    """The type checker did not do its work."""


def compare(before: Snapshot, after: Snapshot, cache: Path) -> Iterator[Finding]:
    """Every line of the last release's ``tests/typing`` that checks no more.

    Raises:
        CheckerError: there is no telling.
    """
    with tempfile.TemporaryDirectory() as folder:
        # Away from their package, which has the name of a module of the standard library.
        for file in before.typing:
            shutil.copy(file, folder)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "mypy", "--strict", f"--cache-dir={cache}"),
                # Errors in the packages themselves are for `nox -s types` to tell.
                *("--follow-imports=silent", "--no-error-summary", "--no-pretty"),
                *(file.name for file in before.typing),
            ],
            cwd=folder,
            env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, after.packages))},
            capture_output=True,
            text=True,
            check=False,
        )
    lines = [match for line in done.stdout.splitlines() if (match := _LINE.fullmatch(line))]
    if done.returncode not in (0, 1) or bool(done.returncode) != bool(lines):
        raise CheckerError(done.stdout + done.stderr)
    for line in lines:
        yield Finding("types", Step.MAJOR, line["where"], line["what"])
