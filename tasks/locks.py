"""The lock: ``python -m tasks.locks write [OPTION…]`` rewrites it, ``check`` judges it.

OPTION is uv's: ``--upgrade``, ``--upgrade-package NAME``.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from .project import LOCK, ROOT, group, groups, must, pyproject, python, pythons

# Controls of `check`, the least there are: every pin stays, and only what needs it changes.
CONTROLS: Final = {
    "a new requirement": ("\nlint = [", '\nlint = ["iniconfig", '),
    "a dropped one": ('  "sniffio>=1.3",\n', ""),
}


def write(folder: Path, *options: str) -> None:
    """Write the lock of this folder's ``pyproject.toml``, in the words that Renovate reads."""
    must(
        *python("uv", "pip", "compile", "--universal", f"--python-version={pythons()[0]}"),
        *("--generate-hashes", "--all-extras"),
        *(f"--group={name}" for name in groups()),
        *("--output-file=locks/dev.txt", "--quiet", *options, "pyproject.toml"),
        cwd=folder,
        # As an environment variable, it is not noted in the lock.
        env={**os.environ, "UV_SYSTEM_CERTS": "1"},
    )


def check() -> None:
    """Fail if the lock is not what ``pyproject.toml`` gives; prove that this can fail."""
    if missing := set(pyproject()["build-system"]["requires"]) - set(group("backend")):
        sys.exit(f"the dependency group `backend` lacks {', '.join(sorted(missing))}")
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    if not _is_current(text):
        sys.exit("locks/dev.txt is not what pyproject.toml gives; run `nox -s lock`")
    for name, (old, new) in CONTROLS.items():
        if old not in text:
            sys.exit(f"control failed: pyproject.toml no longer holds {old!r}")
        if _is_current(text.replace(old, new, 1)):
            sys.exit(f"control failed: {name} went unnoticed")
    print(f"the lock is as it should be; noticed when it is not: {', '.join(CONTROLS)}")


def _is_current(text: str) -> bool:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.joinpath("pyproject.toml").write_text(text, "utf-8")
        # The present pins are what uv prefers, so that a new release alone changes nothing.
        folder.joinpath("locks").mkdir()
        shutil.copy(LOCK, folder / "locks")
        write(folder)
        return (folder / "locks" / LOCK.name).read_bytes() == LOCK.read_bytes()


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "write":
        write(ROOT, *rest)
    else:
        check()
