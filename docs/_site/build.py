"""Builds the documentation site: `python docs/_site/build.py FOLDER HTTP_PAGE`.

FOLDER is new; the site is left in FOLDER/site. HTTP_PAGE is the rendered OpenAPI document. Nothing
is written into the project's own folders. Changelog, security and contributing are pages too, as
they stand at the top of the project, and so are the examples.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOP = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
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
    config = (ROOT / "zensical.toml").read_text("utf-8")
    (folder / "zensical.toml").write_text(config.replace("VERSION", version()), "utf-8")
    for name in TOP:
        page = moved((ROOT / name).read_text("utf-8"))
        (folder / "docs" / name.lower()).write_text(page, "utf-8")
    (folder / "docs" / "examples.md").write_text("\n".join(examples()), "utf-8")
    reference = folder / "docs" / "reference"
    shutil.copy(http_page, reference / "okta-oauth.html")
    shutil.copy(ROOT / "openapi" / "okta-oauth.yaml", reference)


def version() -> str:
    """The version of the package."""
    text = (ROOT / "overlay" / "okta_oidc" / "_version.py").read_text("utf-8")
    found = re.search(r'__version__ = "([^"]+)"', text)
    assert found is not None
    return found[1]


def moved(page: str) -> str:
    """A page of the project's top as one among the docs: what is no page is no link."""

    def link(found: re.Match[str]) -> str:
        text, target = found.groups()
        path, mark, anchor = target.partition("#")
        if path in TOP:
            return f"[{text}]({path.lower()}{mark}{anchor})"
        if path.startswith("docs/"):
            return f"[{text}]({target.removeprefix('docs/')})"
        return found[0] if not path or ":" in target else text

    return _LINK.sub(link, page)


def examples() -> Iterator[str]:
    """The page of the examples: what each is, by its own README, and its source."""
    yield "# Examples\n"
    yield "Each is a program of the repository, type-checked and tested with every commit.\n"
    for readme in sorted((ROOT / "examples").glob("*/README.md")):
        text = moved(readme.read_text("utf-8"))
        yield re.sub(r"^#", "##", text, flags=re.MULTILINE)
        for source in sorted(readme.parent.glob("*.py")):
            code = source.read_text("utf-8").strip()
            if source.stem != "__init__":
                yield from _folded(source.name, code)


def _folded(title: str, code: str) -> Iterator[str]:
    yield f'??? example "{title}"\n'
    for line in ("```python", *code.splitlines(), "```"):
        yield f"    {line}" if line else ""
    yield ""


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
                if "://" not in target:
                    yield target
            else:
                yield from _pages(target)


if __name__ == "__main__":
    main()
