"""Wheel and sdist: ``python -m tasks.distributions FOLDER`` builds them into a folder, emptied.

It fails if another place, time or user gives other bytes, or if a checker finds fault.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .environments import sources
from .project import ROOT, must, python


def build(folder: Path) -> tuple[Path, Path]:
    """Build into this folder; return wheel and sdist."""
    builds = [
        # Folder, umask, times of files, zone and hash seed are the builder's, not the build's.
        _built(umask=0o022, clock=1_000_000_000, TZ="UTC", LC_ALL="C"),
        _built(umask=0o077, clock=1_500_000_000, TZ="Asia/Tokyo", PYTHONHASHSEED="7"),
    ]
    if builds[0] != builds[1]:
        sys.exit("wheel or sdist depend on where and when they are built")
    # Control: the least that may differ, the time noted for each file inside.
    if _built(umask=0o022, clock=1_000_000_000, SOURCE_DATE_EPOCH="1") == builds[0]:
        sys.exit("control failed: other times inside the files went unnoticed")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in builds[0].items():
        (folder / name).write_bytes(data)
        print(f"{hashlib.sha256(data).hexdigest()}  {name}")
    return built_in(folder)


def built_in(folder: Path) -> tuple[Path, Path]:
    """The wheel and the sdist of a folder that holds one of each."""
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return wheel, sdist


def check(wheel: Path, sdist: Path) -> None:
    """Hold them against what they must hold, and against the rules of PyPI."""
    must(*python("twine", "check", "--strict", wheel, sdist))
    # W002: the generator's `__init__` modules are alike, as they are empty.
    options = ("--toplevel", "okta_oidc,okta_oidc_api", "--ignore", "W002")
    must(*python("check_wheel_contents", *options, wheel))
    must(sys.executable, "tests/packaging/check_contents.py", wheel, sdist)


def _built(*, umask: int, clock: int, **env: str) -> dict[str, bytes]:
    """Build from a copy of what the sdist takes; return the files by name."""
    with tempfile.TemporaryDirectory() as scratch, _umask(umask):
        tree, out = Path(scratch, f"tree-{clock}"), Path(scratch, "dist")
        for name, data in sources().items():
            copy = tree / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)
            os.utime(copy, (clock, clock))
        # Unset, hatchling notes the same time for whoever builds.
        clean = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
        command = python("build", "--no-isolation", "--outdir", out, tree)
        must(*command, cwd=ROOT, env={**clean, **env})
        return {file.name: file.read_bytes() for file in sorted(out.iterdir())}


@contextmanager
def _umask(mask: int) -> Generator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


if __name__ == "__main__":
    check(*build(Path(sys.argv[1]).resolve()))
