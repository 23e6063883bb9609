"""Instructions that a call takes, as callgrind counts them: within a thousandth, on every run.

``python -m tests.benchmarks instructions`` starts :func:`main` here under valgrind.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, cast

from . import _machine
from ._answers import EXPECTED
from ._contenders import CONTENDERS
from ._processes import ROOT, environment
from ._targets import Target

KEPT: Final = Path(__file__).with_name("instructions.json")
# What is left after starting, warming up and ending cancels out between a short run and a long one.
_SHORT: Final = 100
_LONG: Final = 1100
_CONTENDERS: Final = ("sync:httpx", "sync:okta-oidc")
_COMMAND: Final = (
    "env PYTHONHASHSEED=0 valgrind --tool=callgrind --callgrind-out-file=OUT "
    "python -m tests.benchmarks._instructions {contender} {calls}"
)


def count() -> dict[str, Any]:
    """Count anew, for ours and for httpx."""
    found: dict[str, dict[str, int]] = {}
    for key in _CONTENDERS:
        short, long = (_total(key, calls) for calls in (_SHORT, _LONG))
        found[CONTENDERS[key].name] = {
            "instructions_per_call": round((long - short) / (_LONG - _SHORT)),
            f"instructions_of_{_SHORT}": short,
            f"instructions_of_{_LONG}": long,
        }
    versions = _machine.versions()
    return {
        "what": "token_for_refresh_token and its like by hand, in memory, Okta-like headers",
        "command": _COMMAND.format(contender="CONTENDER", calls=f"{_SHORT} and {_LONG}"),
        "python": _machine.description()["python"],
        "valgrind": _valgrind_version(),
        "versions": {name: versions[name] for name in ("okta-oidc", "httpx")},
        "contenders": found,
    }


def per_call(counted: dict[str, Any]) -> dict[str, int]:
    """The figure of each contender."""
    contenders = cast("dict[str, dict[str, int]]", counted["contenders"])
    return {name: figure["instructions_per_call"] for name, figure in contenders.items()}


def kept() -> dict[str, Any] | None:
    """What was last kept."""
    if not KEPT.exists():
        return None
    return cast("dict[str, Any]", json.loads(KEPT.read_text("utf-8")))


def keep(counted: dict[str, Any]) -> None:
    KEPT.write_text(json.dumps(counted, indent=1) + "\n", "utf-8")


def table() -> str:
    """What is kept, for the page."""
    counted = kept()
    if counted is None:
        return "Not counted yet."
    figures = per_call(counted)
    rows = "\n".join(
        f"| {name} | {figure:,} | {figure / figures['httpx']:.3f} |"
        for name, figure in figures.items()
    )
    return (
        f"| | instructions a call | against httpx |\n| --- | --- | --- |\n{rows}\n\n"
        f"{counted['python']}, {counted['valgrind']}:\n\n```\n{counted['command']}\n```"
    )


def _total(contender: str, calls: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind.out")
        subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={out}",
                sys.executable,
                "-m",
                "tests.benchmarks._instructions",
                contender,
                str(calls),
            ],
            cwd=ROOT,
            env=environment(PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1"),
            check=True,
            capture_output=True,
        )
        found = re.search(r"^totals: (\d+)", out.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise RuntimeError("callgrind has not told a total")
    return int(found[1])


def _valgrind_version() -> str:
    done = subprocess.run(["valgrind", "--version"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main() -> None:
    """Make calls, and nothing else, in this process."""
    contender, calls = sys.argv[1], int(sys.argv[2])
    target = Target("https://dev-000000.okta.com", in_memory=True)
    refresh = CONTENDERS[contender].make(target)["refresh"]
    for _ in range(20):
        if refresh() != EXPECTED["refresh"]:
            raise AssertionError("the answer was made something else of")
    # A collection of all that was ever imported would fall into one of the two runs, or neither.
    gc.collect()
    gc.freeze()
    for _ in range(calls):
        refresh()


if __name__ == "__main__":
    main()
