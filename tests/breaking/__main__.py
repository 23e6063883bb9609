"""``python -m tests.breaking [--release TAG]``: what has changed since the last release."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from ._compare import findings
from ._report import faults, report
from ._snapshots import NoReleaseError, last_release, today


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.breaking", description=__doc__)
    parser.add_argument("--release", default="", metavar="TAG", help="the tag to be released")
    options = parser.parse_args()
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
