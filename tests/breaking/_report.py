"""What is said of the changes, and what is wrong with the version."""

from __future__ import annotations

from itertools import groupby

from ._compare import step_of
from ._snapshots import ROOT, Snapshot
from ._verdict import MEANINGS, Finding, is_enough, next_version


def report(before: Snapshot, after: Snapshot, found: list[Finding]) -> str:
    """The changes by what they mean, and the version that they ask for."""
    lines = [f"From {before.name} ({before.version}) to {after.name} ({after.version}):"]
    for step, group in groupby(found, key=lambda finding: finding.step):
        lines += ["", f"{step.name}: {MEANINGS[step]}", *(f"  {finding}" for finding in group)]
    step = step_of(before, after, found)
    if not found:
        lines += ["", MEANINGS[step]]
    proposal = f"the next version is {next_version(before.version, step)} or more"
    if not before.tag:
        proposal = f"nothing is released yet, so {before.version} may still be the first"
    lines += ["", f"Step: {step.name.lower()}; {proposal}."]
    return "\n".join(lines)


def faults(before: Snapshot, after: Snapshot, found: list[Finding], release: str) -> list[str]:
    """What forbids today's version; ``release`` is the tag that it is to get, if any."""
    wrong: list[str] = []
    version, released = after.version, before.version
    lowest = next_version(released, step_of(before, after, found)) if before.tag else released
    # A version that has not moved yet is work under way.
    if (release or version != released) and not is_enough(version, lowest):
        wrong.append(f"version {version} is too small a step from {released}: {lowest} or more")
    if release and release != f"v{version}":
        wrong.append(f"the tag is {release}, and the version {version}")
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    if release and f"## [{version}]" not in changelog:
        wrong.append(f"CHANGELOG.md has no section [{version}]")
    return wrong
