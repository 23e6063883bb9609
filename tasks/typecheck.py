"""mypy and pyright, both strict, side by side: ``python -m tasks.typecheck``."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from .node import ENVIRONMENT
from .project import ROOT, python


def check(tool: str) -> tuple[int, str]:
    """Run a type checker on all that ``pyproject.toml`` names; return its exit code and output."""
    done = subprocess.run(
        python(tool),
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


def main() -> int:
    tools = ("mypy", "pyright")
    with ThreadPoolExecutor() as pool:
        results = dict(zip(tools, pool.map(check, tools), strict=True))
    for tool, (_, output) in results.items():
        print(f"{tool}:\n{output}", end="")
    return max(code for code, _ in results.values())


if __name__ == "__main__":
    sys.exit(main())
