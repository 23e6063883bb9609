"""What Python code can import and call: griffe reads both packages, and compares."""

from __future__ import annotations

from collections.abc import Iterator

import griffe

from ._snapshots import Snapshot
from ._verdict import Finding, Step

MODULES = ("okta_oidc", "okta_oidc.testing", "okta_oidc_api")
# The command line promises its options and exit codes, not its functions; a version is to change.
_NOT_PROMISED = frozenset({"okta_oidc.cli", "okta_oidc.__version__"})
_LONGEST = 60


def compare(
    before: Snapshot, after: Snapshot, modules: tuple[str, ...] = MODULES
) -> Iterator[Finding]:
    """What has gone, what asks for more or gives less, and what is new."""
    for module in modules:
        old, new = _load(before, module), _load(after, module)
        old_names, new_names = _names(old), _names(new)
        for name in sorted(old_names.keys() - new_names.keys()):
            yield Finding("surface", Step.MAJOR, name, "is gone")
        homes = {home: name for name, home in old_names.items()}
        for breakage in griffe.find_breaking_changes(old, new):
            public = homes.get(breakage.obj.path)
            # What is gone has been told, by the name that it was public by.
            if public and breakage.kind is not griffe.BreakageKind.OBJECT_REMOVED:
                yield Finding("surface", Step.MAJOR, public, _told(breakage))
        for name in sorted(new_names.keys() - old_names.keys()):
            yield Finding("surface", Step.MINOR, name, "is new")


def _load(snapshot: Snapshot, module: str) -> griffe.Object | griffe.Alias:
    # From their text alone: the packages of the last release are not installed.
    loader = griffe.GriffeLoader(
        search_paths=[str(path) for path in snapshot.packages], allow_inspection=False
    )
    # One hands on names of the other; what is generated is compared by itself, too.
    for name in ("okta_oidc_api", "okta_oidc"):
        if any((path / name).is_dir() for path in snapshot.packages):
            loader.load(name)
    loader.resolve_aliases(external=False)
    found: griffe.Object | griffe.Alias = loader.modules_collection[module]
    return found


def _told(breakage: griffe.Breakage) -> str:
    details = f" ({breakage.details})" if breakage.details else ""
    old, new = _short(breakage.old_value), _short(breakage.new_value)
    return f"{breakage.kind.value}{details}: {old} → {new}"


def _short(value: object) -> str:
    text = str(getattr(value, "name", value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _names(
    obj: griffe.Object | griffe.Alias, name: str = "", *, within: bool = False
) -> dict[str, str]:
    """The names of everything public below ``obj``, each with where it is defined."""
    found: dict[str, str] = {}
    for member in (obj.all_members if within else obj.members).values():
        path = f"{name or obj.path}.{member.name}"
        # A member of a class needs no export; whatever begins with an underscore is nobody's.
        is_public = not member.is_private if within else member.is_public
        if not is_public or path in _NOT_PROMISED:
            continue
        target = member.final_target if isinstance(member, griffe.Alias) else member
        found[path] = target.path
        if target.is_class:
            found |= _names(target, path, within=True)
        elif member.is_module and not member.is_alias:
            found |= _names(member)
    return found
