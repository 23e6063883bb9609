"""The built site: every link leads somewhere, and nothing is fetched from another host."""

from __future__ import annotations

import re
from pathlib import Path

from ._html import Page, is_elsewhere, read, resolve

# Not ours to fix, and it makes its links as it runs.
RENDERED = "okta-oauth.html"


def test_every_link_leads_somewhere(site: Path) -> None:
    pages = read_all(site)
    assert len(pages) > 20
    assert not dead_ends(site, pages)


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    strangers = [
        f"{path.relative_to(site)}: {wanted}"
        for path, page in read_all(site).items()
        for wanted in page.loads
        if is_elsewhere(wanted)
    ]
    for sheet in site.rglob("*.css"):
        wanted = re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", sheet.read_text("utf-8"))
        strangers += [f"{sheet.relative_to(site)}: {url}" for url in wanted if is_elsewhere(url)]
    assert not strangers


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    import okta_oidc
    import okta_oidc.testing
    from okta_oidc_api import models

    documented = set[str]().union(*(page.anchors for page in read_all(site).values()))
    wanted = {
        *(f"okta_oidc.{name}" for name in okta_oidc.__all__ if name != "__version__"),
        *(f"okta_oidc.testing.{name}" for name in okta_oidc.testing.__all__),
        # Those that are no classes are sets of strings, and shown where they are used.
        *(
            f"okta_oidc_api.models.{name}"
            for name in models.__all__
            if isinstance(getattr(models, name), type)
        ),
    }
    assert not wanted - documented


def test_no_sphinx_role_is_left(site: Path) -> None:
    left = [
        f"{path.relative_to(site)}: {role}"
        for path in (site / "reference").rglob("*.html")
        for role in re.findall(r":(?:class|meth|func|attr|data|exc|mod):", path.read_text("utf-8"))
    ]
    assert not left


def test_a_dead_end_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "index.html").write_text('<h1 id="top">There</h1>', "utf-8")
    here = tmp_path / "index.html"
    here.write_text(
        '<a href="there/">1</a> <a href="there/#top">2</a> <a href="there/#gone">3</a>'
        '<a href="gone/">4</a> <a href="https://elsewhere.example/">5</a>',
        "utf-8",
    )
    assert dead_ends(tmp_path, read_all(tmp_path)) == [
        "index.html: there/#gone",
        "index.html: gone/",
    ]


def read_all(site: Path) -> dict[Path, Page]:
    """The pages of the site, by file."""
    return {path: read(path) for path in sorted(site.rglob("*.html")) if path.name != RENDERED}


def dead_ends(site: Path, pages: dict[Path, Page]) -> list[str]:
    """Links within the site to a file or an anchor that is not there."""
    dead: list[str] = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            if is_elsewhere(link) or link.startswith(("javascript:", "mailto:", "data:")):
                continue
            found, anchor = resolve(site, path, link)
            missing = not found.is_file()
            lost = bool(anchor) and found in pages and anchor not in pages[found].anchors
            if missing or lost:
                dead.append(f"{path.relative_to(site)}: {link}")
    return dead
