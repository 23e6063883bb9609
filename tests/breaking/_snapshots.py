"""States of the project: the last release, and today."""

from __future__ import annotations

import ast
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
# What stands for the last release until there is a tag.
BASELINE: Final = Path(__file__).with_name("baseline.zip")
#: Everything that a version promises something about.
PROMISED: Final = ("openapi/okta-oauth.yaml", "generated", "overlay", "tests/typing/api.py")


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
    def typing(self) -> Path:
        """The file that uses the whole surface, to be type-checked."""
        return self.folder / "tests" / "typing" / "api.py"

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


def last_release(scratch: Path, *, but: str = "", root: Path = ROOT) -> Snapshot:
    """The last release before ``HEAD``, unpacked below ``scratch``; ``but`` is a tag to pass over.

    Raises:
        NoReleaseError: there is no tag of a version, and no stored baseline either.
    """
    archive, tag = BASELINE, _last_tag(root, but)
    if tag:
        archive = scratch / f"{tag}.zip"
        _git(root, "archive", "--format=zip", f"--output={archive}", tag, "--", *PROMISED)
    elif not archive.exists():
        raise NoReleaseError("there is no tag v*: fetch the tags (`git fetch --tags`)")
    folder = scratch / "last-release"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return Snapshot(tag or "the stored baseline", folder, tag)


def _last_tag(root: Path, but: str) -> str:
    options = ("--tags", "--abbrev=0", "--match=v[0-9]*", *([f"--exclude={but}"] if but else []))
    found = subprocess.run(
        ["git", "describe", *options], cwd=root, capture_output=True, text=True, check=False
    )
    # It fails where there is no tag, and where there is no repository.
    return found.stdout.strip() if found.returncode == 0 else ""


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True)
