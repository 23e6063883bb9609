"""Reads the Sphinx roles of our docstrings, for a site that is written in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import griffe

# ":class:`Retry`" and its kin. "~" before a name hides all but its last part.
_ROLE: Final = re.compile(r":(?:class|meth|func|attr|data|exc|mod|obj):`(~?)([\w.]+)`")
# What the reference documents, and so what can be linked to.
_DOCUMENTED: Final = ("okta_oidc.testing", "okta_oidc")


class SphinxRoles(griffe.Extension):
    """Turns each role into a link, or into code where the reference has no such entry."""

    def on_package(self, *, pkg: griffe.Module, loader: griffe.GriffeLoader, **_: Any) -> None:
        """Rewrite every docstring of a package, once it is loaded."""
        for found in _objects(pkg):
            if found.docstring is not None:
                link = partial(_link, owner=found, package=pkg)
                found.docstring.value = _ROLE.sub(link, found.docstring.value)


def _link(role: re.Match[str], owner: griffe.Object, package: griffe.Module) -> str:
    hidden, name = role.groups()
    shown = name.rpartition(".")[2] if hidden else name
    inside = [owner.name, *(parent.name for parent in _classes_around(owner))]
    candidates = [
        *(f"{home}.{around}.{name}" for home in _DOCUMENTED for around in inside),
        *(f"{home}.{name}" for home in _DOCUMENTED),
        name,
    ]
    for path in candidates:
        if _is_documented(path, package):
            return f"[`{shown}`][{path}]"
    return f"`{shown}`"


def _is_documented(path: str, package: griffe.Module) -> bool:
    root, _, rest = path.partition(".")
    if root != package.name or any(part.startswith("_") for part in rest.split(".")):
        return False
    try:
        # What has no docstring has no entry.
        return bool(package[rest].docstring)
    except (KeyError, griffe.GriffeError):
        return False


def _classes_around(owner: griffe.Object) -> Iterator[griffe.Object]:
    around = owner.parent
    while around is not None and around.is_class:
        yield around
        around = around.parent


def _objects(start: griffe.Object) -> Iterator[griffe.Object]:
    yield start
    for member in start.members.values():
        if isinstance(member, griffe.Object):
            yield from _objects(member)
