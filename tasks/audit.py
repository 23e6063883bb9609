"""Known vulnerabilities: ``python -m tasks.audit`` asks about everything in the lock."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from .environments import ENTRY
from .project import LOCK, python, run

_MARKER: Final = re.compile(r" ;[^\\\n]*")


def rounds(lock: str) -> list[dict[str, str]]:
    """The lock's entries by name, without markers, in as few lists as name no package twice.

    Whatever Python and platform an entry is for, it is asked about; one version of each package at
    a time is all that pip-audit takes.
    """
    found: list[dict[str, str]] = []
    for entry in ENTRY.finditer(lock):
        free = next((each for each in found if entry["name"] not in each), None)
        if free is None:
            found.append(free := {})
        free[entry["name"]] = _MARKER.sub("", entry[0])
    return found


def fault(reported: list[dict[str, Any]], asked: int) -> str:
    """What is wrong, by pip-audit's report and the number of packages that it was asked about."""
    # pip-audit succeeds when no service answers.
    unknown = sum("skip_reason" in package for package in reported)
    if unknown or len(reported) != asked:
        return (
            f"no audit: the advisory service reported nothing about {unknown} of {len(reported)} "
            f"packages, and {asked} are in the lock. Is it reachable from here?"
        )
    bad = [
        f"  {package['name']} {package['version']}: "
        + ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        for package in reported
        if package["vulns"]
    ]
    return "\n".join(["known vulnerabilities:", *bad]) if bad else ""


def _reported(entries: dict[str, str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        pins, report = Path(scratch, "pins.txt"), Path(scratch, "report.json")
        pins.write_text("".join(entries.values()), "utf-8")
        options = ("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json")
        # 1 is a finding, or no answer; of the first there is a report.
        run(*python("pip_audit", *options, f"--requirement={pins}", f"--output={report}"))
        if not report.exists():
            sys.exit("no audit: pip-audit wrote no report")
        packages: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["dependencies"]
        return packages


def main() -> None:
    asked = rounds(LOCK.read_text("utf-8"))
    reported = [package for entries in asked for package in _reported(entries)]
    if wrong := fault(reported, sum(map(len, asked))):
        sys.exit(wrong)
    print(f"no known vulnerability in {len(reported)} packages")


if __name__ == "__main__":
    main()
