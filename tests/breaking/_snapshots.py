"""States of the project: the last release, and today."""

from __future__ import annotations

import ast
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
# The commit that stands for the last release until there is a tag.
BASELINE: Final = "06dd51529fc2f5f66f1c299971ada1b2685e1050"
#: Everything that a version promises something about.
PROMISED: Final = ("openapi/okta-oauth.yaml", "generated", "overlay", "tests/typing")


class NoReleaseError(Exception):
    """There is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder that holds the files of ``PROMISED``. ``tag`` is empty for what is no release."""

    name: str
    folder: Path
    tag: str = ""

    @property
    def document(self) -> Path:
        return self.folder / "openapi" / "okta-oauth.yaml"

    @property
    def packages(self) -> tuple[Path, Path]:
        """Where Python finds the two packages."""
        return self.folder / "overlay", self.folder / "generated"

    @property
    def typing(self) -> list[Path]:
        """The files that use the whole surface, to be type-checked."""
        return sorted((self.folder / "tests" / "typing").glob("[a-z]*.py"))

    @property
    def version(self) -> str:
        module = self.folder / "overlay" / "okta_oidc" / "_version.py"
        for statement in ast.parse(module.read_text("utf-8")).body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
                return str(statement.value.value)
        raise ValueError(f"no version in {module}")

    def files(self) -> dict[str, bytes]:
        """The promised files, by their paths."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for promised in PROMISED
            for path in (self.folder / promised, *(self.folder / promised).rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }


def today(root: Path = ROOT) -> Snapshot:
    """The working tree."""
    return Snapshot("the working tree", root)


def last_release(
    scratch: Path, *, but: str = "", root: Path = ROOT, baseline: str = BASELINE
) -> Snapshot:
    """The last release before ``HEAD``, unpacked below ``scratch``; ``but`` is a tag to pass over.

    Without one it is the commit ``baseline``.

    Raises:
        NoReleaseError: there is neither, with the reason and what to do.
    """
    if _asked(root, "rev-parse", "--git-dir") is None:
        raise NoReleaseError(f"{root} is no git repository: clone it, with its tags and history")
    options = ("--tags", "--abbrev=0", "--match=v[0-9]*", *([f"--exclude={but}"] if but else []))
    tag = _asked(root, "describe", *options) or ""
    if not tag and _asked(root, "cat-file", "-e", f"{baseline}^{{commit}}") is None:
        missing = f"there is no tag v* before HEAD, and the baseline {baseline} is not here"
        if _asked(root, "rev-parse", "--is-shallow-repository") == "true":
            raise NoReleaseError(f"{missing}, as this clone is shallow: `git fetch --unshallow`")
        raise NoReleaseError(f"{missing}: fetch it, or name another in {Path(__file__).name}")
    archive, folder = scratch / "last-release.zip", scratch / "last-release"
    command = ("archive", "--format=zip", f"--output={archive}", tag or baseline, "--", *PROMISED)
    subprocess.run(["git", *command], cwd=root, check=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return Snapshot(tag or f"the baseline {baseline[:12]}", folder, tag)


def _asked(root: Path, *arguments: str) -> str | None:
    """What git answers; nothing if it fails."""
    found = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else None
