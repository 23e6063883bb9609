"""The three levels, one after the other."""

from __future__ import annotations

from pathlib import Path

from . import _models, _surface, _types
from ._snapshots import Snapshot
from ._verdict import Finding, Step


def findings(before: Snapshot, after: Snapshot, cache: Path) -> list[Finding]:
    """Every change of what users rely on, the gravest first. ``cache`` is the type checker's."""
    found = [
        *_surface.compare(before, after),
        *_models.compare(before, after),
        *_types.compare(before, after, cache),
    ]
    return sorted(found, key=lambda finding: -finding.step)


def step_of(before: Snapshot, after: Snapshot, found: list[Finding]) -> Step:
    """The step that the changes take; what no level sees is a patch."""
    unseen = Step.PATCH if before.files() != after.files() else Step.NONE
    return max((finding.step for finding in found), default=unseen)
