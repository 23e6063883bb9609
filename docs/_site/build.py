"""Builds the documentation site: `python docs/_site/build.py FOLDER HTTP_PAGE`.

FOLDER is new; the site is left in FOLDER/site. HTTP_PAGE is the rendered OpenAPI document. Nothing
is written into the project's own folders.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Tools of the site, and what Python leaves behind, are no part of it.
_NO_PAGES = shutil.ignore_patterns("_site", "__pycache__")


def main() -> None:
    """Lay the pages out with what is made for them, then build, warnings being errors."""
    folder, http_page = map(Path, sys.argv[1:])
    lay_out(folder, http_page)
    if complaints := list(navigation_faults(folder)):
        sys.exit("\n".join(complaints))
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603  # its own arguments


def lay_out(folder: Path, http_page: Path) -> None:
    """Copy the sources to ``folder``, and put the rendered OpenAPI document among the pages."""
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=_NO_PAGES)
    shutil.copytree(ROOT / "docs" / "_site", folder / "docs_site")
    for package in ("overlay", "generated"):
        shutil.copytree(ROOT / package, folder / package, ignore=_NO_PAGES)
    shutil.copy(ROOT / "zensical.toml", folder)
    reference = folder / "docs" / "reference"
    shutil.copy(http_page, reference / "okta-oauth.html")
    shutil.copy(ROOT / "openapi" / "okta-oauth.yaml", reference)


def navigation_faults(folder: Path) -> Iterator[str]:
    """Where navigation and pages disagree, which Zensical passes over in silence."""
    config = tomllib.loads((folder / "zensical.toml").read_text("utf-8"))
    named = set(_pages(config["project"]["nav"]))
    docs = folder / "docs"
    written = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    for page in sorted(named - written):
        yield f"zensical.toml names a page that does not exist: {page}"
    for page in sorted(written - named):
        yield f"no entry of zensical.toml leads to {page}"


def _pages(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        for target in entry.values():
            if isinstance(target, str):
                yield target
            else:
                yield from _pages(target)


if __name__ == "__main__":
    main()
