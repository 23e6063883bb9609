"""The unit tests on each Python that is declared: ``python -m tasks.pythons FOLDER [VERSION…]``.

Environments are kept below FOLDER. A Python that this machine lacks is passed over, unless it is
named or this is CI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .environments import fill
from .project import extras, pythons, run


def find(version: str) -> str | None:
    """An interpreter of this version that works, from the path or from pyenv."""
    candidates = [shutil.which(f"python{version}"), _of_pyenv(version)]
    if os.name == "nt" or version == ".".join(map(str, sys.version_info[:2])):
        candidates.append(sys.executable)
    return next((each for each in candidates if each and _version(each) == version), None)


def _of_pyenv(version: str) -> str | None:
    # The shim in the path fails for a version that is not switched on.
    pyenv = shutil.which("pyenv")
    prefix = _output(pyenv, "prefix", version) if pyenv else ""
    return str(Path(prefix, "bin", "python")) if prefix else None


def _version(python: str) -> str:
    return _output(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def main() -> int:
    folder, *named = sys.argv[1:]
    failed: list[str] = []
    for version in named or pythons():
        base = find(version)
        if base is None:
            print(f"Python {version} is not on this machine.", flush=True)
            if named or os.environ.get("CI"):
                failed.append(version)
            continue
        project = f".[{','.join(extras())}]"
        python = fill(Path(folder, version).resolve(), project, "test", python=base)
        print(f"Python {version}: {base}", flush=True)
        if run(python, "-m", "pytest", "-n", "auto", "tests/unit"):
            failed.append(version)
    if failed:
        print(f"not good on Python {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
