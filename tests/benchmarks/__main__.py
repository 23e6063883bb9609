"""The benchmark: ``python -m tests.benchmarks`` with one of ``COMMANDS``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import _instructions, _report
from ._goals import MARGIN, goals
from ._processes import ROOT
from ._results import Results
from ._run import FULL, QUICK, run


def measure() -> int:
    """Measure, keep what was found, write it into ``docs/``."""
    run(FULL).save()
    # As they are kept: rounded.
    results = Results.load()
    _report.write(results)
    print(_report.run_note(results), _report.goals_table(goals(results)), sep="\n\n")
    return 0


def check() -> int:
    """Measure what the goals are about, in short; fail by ratios that are missed by far."""
    faults = stale()
    results = run(QUICK)
    print(_report.run_note(results), _report.goals_table(goals(results)), sep="\n\n")
    faults += [
        f"missed by more than {MARGIN - 1:.0%}: {goal.what}: "
        f"{goal.measured.mid:.3g}, not {goal.bound:g} {goal.unit}".rstrip()
        for goal in goals(results)
        if not goal.is_near
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def render() -> int:
    """Write the results that are kept into ``docs/`` again."""
    _report.write(Results.load())
    return 0


def instructions() -> int:
    """Count instructions, keep them, say what changed."""
    before = _instructions.kept()
    counted = _instructions.count()
    _instructions.keep(counted)
    for name, figure in _instructions.per_call(counted).items():
        old = None if before is None else _instructions.per_call(before).get(name)
        change = "" if old is None else f" ({figure / old - 1:+.2%} from {old:,})"
        print(f"{name}: {figure:,} instructions a call{change}")
    _report.write(Results.load())
    return 0


def stale() -> list[str]:
    """Which files of ``docs/`` are not what the kept results give."""

    def name(path: Path) -> str:
        return path.relative_to(ROOT).as_posix()

    return [
        f"not of the kept results: {name(path)}: `python -m tests.benchmarks render`"
        for path, text in _report.rendered(Results.load()).items()
        if not path.exists() or path.read_text("utf-8") != text
    ]


COMMANDS = {
    "run": measure,
    "check": check,
    "render": render,
    "instructions": instructions,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("command", choices=COMMANDS)
    sys.exit(COMMANDS[parser.parse_args().command]())
