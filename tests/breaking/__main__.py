"""``python -m tests.breaking [--release TAG]``, or ``keep`` to store today as the baseline."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from ._compare import findings
from ._report import faults, report
from ._snapshots import BASELINE, PROMISED, ROOT, NoReleaseError, last_release, today


def keep() -> None:
    """Store what is committed as the baseline, for as long as there is no release."""
    subprocess.run(
        ["git", "archive", "--format=zip", f"--output={BASELINE}", "HEAD", "--", *PROMISED],
        cwd=ROOT,
        check=True,
    )
    print(f"kept in {BASELINE.relative_to(ROOT)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.breaking", description=__doc__)
    parser.add_argument("command", choices=("compare", "keep"), nargs="?", default="compare")
    parser.add_argument("--release", default="", metavar="TAG", help="the tag to be released")
    options = parser.parse_args()
    if options.command == "keep":
        keep()
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        try:
            before, after = last_release(Path(scratch), but=options.release), today()
        except NoReleaseError as error:
            parser.error(str(error))
        found = findings(before, after, Path(scratch, "cache"))
        print(report(before, after, found))
        wrong = faults(before, after, found, options.release)
    for fault in wrong:
        print(fault, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
