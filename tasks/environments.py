"""Virtual environments of what ``locks/dev.txt`` pins, filled once and kept until that changes.

``python -m tasks.environments FOLDER [--project PROJECT] [--all] [GROUP…]`` makes FOLDER an
environment with the packages of these dependency groups. PROJECT is how pip installs this project:
``.``, ``.[cli]`` or ``-e .``, and ``.[*]`` has every extra. ``--all`` is every group and ``.[*]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .project import LOCK, ROOT, extras, group, groups, must, pyproject, runtime

ENTRY: Final = re.compile(r"^(?P<name>[a-z0-9-]+)==.*\n(?: .*\n)+", re.MULTILINE)
_VIA: Final = re.compile(r"^    # (?:via |  )([a-z0-9-]+)$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^ *#.*\n", re.MULTILINE)
_STAMP: Final = "filled.json"
# What an environment is made with, and what no lock pins.
_BARE: Final = frozenset({"pip", "setuptools"})
_OURS: Final = "okta-oidc"


class LockError(Exception):
    """The lock lacks a package that is asked for."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What an environment holds: digests of its pins and of what the project is built from."""

    pins: str
    project: str
    sources: str


def pinned(requirements: Iterable[str], lock: str) -> str:
    """The part of a lock's text that these requirements need, down to the last.

    Raises:
        LockError: a package is not in it.
    """
    entries: dict[str, list[str]] = {}
    needs: dict[str, set[str]] = {}
    for entry in ENTRY.finditer(lock):
        # Twice where versions differ by Python: pip takes the one whose marker holds.
        entries.setdefault(entry["name"], []).append(entry[0])
        for parent in _VIA.findall(entry[0]):
            needs.setdefault(parent, set()).add(entry["name"])
    new: set[str] = {canonicalize_name(Requirement(line).name) for line in requirements}
    wanted: set[str] = set()
    while new:
        wanted |= new
        new = {name for parent in new for name in needs.get(parent, ())} - wanted
    if missing := wanted - entries.keys():
        raise LockError(f"locks/dev.txt lacks {', '.join(sorted(missing))}; run `nox -s lock`")
    return "".join(text for name in sorted(wanted) for text in entries[name])


def sources() -> dict[str, bytes]:
    """What wheel and sdist are built from, by path: their metadata, code, licence and readme."""
    chosen = pyproject()["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    return {
        file.relative_to(ROOT).as_posix(): file.read_bytes()
        for name in [*chosen, "pyproject.toml", ".gitignore"]
        for file in (sorted((ROOT / name).rglob("*")) or [ROOT / name])
        if file.is_file() and "__pycache__" not in file.parts
    }


def python_of(folder: Path) -> Path:
    """The interpreter of this environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(folder: Path, python: str | Path = sys.executable) -> Path:
    """Make a new, empty environment, in place of what was there; return its interpreter."""
    must(python, "-m", "venv", "--clear", folder)
    return python_of(folder)


def install(python: Path, pins: str, *project: str) -> None:
    """Install pins by their hashes, then the project with nothing but what is there.

    Beside hashes, the pip that comes with Python 3.11 takes neither a folder nor a requirement that
    only a constraint pins. So every package is named, and the project comes after.
    """
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if pins:
        file = python.parents[1] / "pinned.txt"
        file.write_text(pins, "utf-8")
        must(*pip, "--requirement", file)
    if project:
        # Without an index: whatever the lock lacks is an error, not a download.
        must(*pip, "--no-index", "--no-build-isolation", *project)


def remove(python: Path, names: set[str]) -> None:
    """Uninstall these packages."""
    if names:
        must(python, "-m", "pip", "uninstall", "--quiet", "--yes", *sorted(names))


def installed(folder: Path) -> set[str]:
    """The names of what an environment holds."""
    places = ("lib/python*/site-packages", "Lib/site-packages")
    found = (info for place in places for info in folder.glob(f"{place}/*.dist-info"))
    return {canonicalize_name(info.name.partition("-")[0]) for info in found}


def requirements(project: str, *names: str) -> list[str]:
    """What the lock must pin for these groups, and for building and using the project."""
    if not project:
        return group(*names)
    named = project.partition("[")[2].rstrip("]").split(",")
    return [*group(*names), *group("backend"), *runtime(*filter(None, named))]


def fill(folder: Path, project: str, *names: str, python: str | Path = sys.executable) -> Path:
    """Bring an environment up to date, made with ``python`` if there is none.

    Nothing is done where a stamp says that it holds what is wanted. What is pinned no more is
    taken out; other sources of the project are built and installed again. There is no stamp while
    an environment is filled, and one that was left half filled is made anew.
    """
    pins = pinned(requirements(project, *names), LOCK.read_text("utf-8"))
    content = json.dumps({name: _digest(data) for name, data in sources().items()})
    wanted = Filling(
        _digest(_COMMENT.sub("", pins).encode()),
        project,
        _digest(content.encode()) if project else "",
    )
    stamp = folder / _STAMP
    held = _held(stamp)
    if held == wanted:
        return python_of(folder)
    stamp.unlink(missing_ok=True)
    if held is None and not _is_bare(folder):
        make(folder, _base(folder, python))
    if held is None or held.pins != wanted.pins:
        print(f"{len(ENTRY.findall(pins))} packages into {folder}", flush=True)
        pinned_now = {entry["name"] for entry in ENTRY.finditer(pins)}
        remove(python_of(folder), installed(folder) - pinned_now - _BARE - {_OURS})
        install(python_of(folder), pins)
    if project:
        install(python_of(folder), "", *project.split())
    stamp.write_text(json.dumps(asdict(wanted), indent=1) + "\n", "utf-8")
    return python_of(folder)


def _is_bare(folder: Path) -> bool:
    """Whether an environment has been made, and nothing was installed since."""
    return bool(found := installed(folder)) and found <= _BARE


def _base(folder: Path, otherwise: str | Path) -> str | Path:
    """The interpreter that an environment was made from, which is not in it."""
    try:
        text = (folder / "pyvenv.cfg").read_text("utf-8")
    except FileNotFoundError:
        return otherwise
    found = re.search(r"^executable = (.+)$", text, re.MULTILINE)
    return found[1] if found else otherwise


def _held(stamp: Path) -> Filling | None:
    try:
        return Filling(**json.loads(stamp.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tasks.environments", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--project", default="")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("groups", nargs="*")
    options = parser.parse_intermixed_args()
    project, names = (".[*]", groups()) if options.all else (options.project, options.groups)
    try:
        fill(options.folder.resolve(), project.replace("*", ",".join(extras())), *names)
    except LockError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
