"""Tables and charts of a run, written into ``docs/``: none of their figures is typed by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from . import _charts, _held, _protection, _series, _tracing
from ._contenders import CONTENDERS
from ._goals import PARTS, Goal, goals
from ._instructions import table as instructions_table
from ._processes import ROOT
from ._results import FreshFigure, Results, Scenario, Spread
from ._run import ENTRY, FLEET, RENEWAL, THREADS, WIDTHS

DOCS: Final = ROOT / "docs"
PAGE: Final = DOCS / "performance.md"
_BLOCK: Final = re.compile(r"(<!-- from the benchmark: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write(results: Results) -> None:
    """Put this run into the page and the charts."""
    for path, text in rendered(results).items():
        path.write_text(text, "utf-8")


def rendered(results: Results) -> dict[Path, str]:
    """What the files in ``docs/`` are to hold."""

    def block(match: re.Match[str]) -> str:
        return f"{match[1]}\n{BLOCKS[match[2]](results)}\n\n{match[3]}"

    return {
        PAGE: _BLOCK.sub(block, PAGE.read_text("utf-8")),
        DOCS / "performance.svg": ratios_chart(results),
        DOCS / "performance-growth.svg": growth_chart(results),
    }


def goals_table(found: Iterable[Goal]) -> str:
    return _table(
        ("goal", "", "stretch", "measured", "quartiles", ""),
        [
            (
                goal.what,
                f"{'≥' if goal.at_least else '≤'} {_value(goal, goal.bound)}",
                "" if goal.stretch is None else _value(goal, goal.stretch),
                f"**{_value(goal, goal.measured.mid)}**",
                _quartiles(goal),
                "met" if goal.is_met else "**not met**",
            )
            for goal in found
        ],
    )


def _goals_of(part: str, results: Results) -> str:
    return goals_table(PARTS[part](results))


def summary(results: Results) -> str:
    everything = list(goals(results))
    missed = [goal for goal in everything if not goal.is_met]
    met = f"{len(everything) - len(missed)} of {len(everything)} goals are met."
    if not missed:
        return met
    told = [
        f"- {goal.what}: {_value(goal, goal.measured.mid)}, not {_value(goal, goal.bound)}"
        for goal in missed
    ]
    return "\n".join([f"{met} Not met:", "", *told])


def run_note(results: Results) -> str:
    pinned = (
        "server and contenders on a core each" if results.pinned else "processes not kept on cores"
    )
    installed = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return (
        f"Taken {results.taken} on {results.machine['processor']}, {results.machine['system']}, "
        f"{results.machine['python']}; {results.rounds} rounds, {pinned}. {installed}."
    )


def calls_table(results: Results) -> str:
    chosen = {
        "`refresh`": Scenario("sync", "socket", "okta", "refresh"),
        "`introspect`": Scenario("sync", "socket", "okta", "introspect"),
        "`revoke`": Scenario("sync", "socket", "okta", "revoke"),
        "`refresh`, lean headers": Scenario("sync", "socket", "lean", "refresh"),
        f"`refresh`, {THREADS} threads": Scenario("sync", "socket", "okta", "refresh", THREADS),
        "`refresh` in memory": Scenario("sync", "memory", "okta", "refresh"),
        "lean, in memory": Scenario("sync", "memory", "lean", "refresh"),
    }
    return _ratios(results, chosen)


def awaited_table(results: Results) -> str:
    chosen = {
        "`refresh`": Scenario("async", "socket", "okta", "refresh"),
        "`introspect`": Scenario("async", "socket", "okta", "introspect"),
        "`revoke`": Scenario("async", "socket", "okta", "revoke"),
        "50 at a time": Scenario("async", "socket", "okta", "refresh", 50),
        "50, lean headers": Scenario("async", "socket", "lean", "refresh", 50),
        "200 at a time": Scenario("async", "socket", "okta", "refresh", 200),
        "`refresh` in memory": Scenario("async", "memory", "okta", "refresh"),
    }
    return _ratios(results, chosen)


def imports_table(results: Results) -> str:
    return _fresh(results.imports)


def first_tokens_table(results: Results) -> str:
    return _fresh(results.first_tokens)


def constructions_table(results: Results) -> str:
    return _table(
        ("", "CPU, ms", "certificate stores read by 100"),
        [(f.contender, f"{f.cpu_ms:.2f}", str(f.store_reads)) for f in results.constructions],
    )


def widths_table(results: Results) -> str:
    names = ("httpx", "okta-oidc", "okta-oidc[aiohttp]")
    scenarios = [Scenario("async", "socket", "okta", "refresh", width) for width in WIDTHS]
    return _table(
        ("at a time", *(f"{name}, µs" for name in names)),
        [
            (
                f"{scenario.width:,}",
                *(f"{results.call(scenario, name).cpu_us:,.0f}" for name in names),
            )
            for scenario in scenarios
        ],
    )


def crowds_table(results: Results) -> str:
    return _table(
        ("", "clients", "CPU of a call, µs", "of making one, ms", "memory of one, KiB"),
        [
            (
                figure.contender,
                f"{figure.clients:,}",
                f"{figure.cpu_us:,.0f}",
                f"{figure.construction_ms:.2f}",
                f"{figure.memory_kib:,.0f}",
            )
            for figure in results.crowds
        ],
    )


def soaks_table(results: Results) -> str:
    return _table(
        ("", "at a time", "calls", "memory, KiB, from a fifth on", "descriptors", "connections"),
        [
            (
                figure.contender,
                str(figure.width),
                f"{figure.calls[-1]:,}",
                f"{figure.memory_kib[-1] - figure.growth_kib:,} to {figure.memory_kib[-1]:,}",
                f"{figure.descriptors[0]} to {figure.descriptors[-1]}",
                f"at most {figure.most_connections}",
            )
            for figure in results.soaks
        ],
    )


def profiles_table(results: Results) -> str:
    names = sorted(
        {name for figure in results.profiles for name in figure.shares},
        key=lambda name: -max(figure.shares.get(name, 0) for figure in results.profiles),
    )
    heads = [
        f"{figure.contender}, {'in memory' if figure.place == 'memory' else figure.width}"
        for figure in results.profiles
    ]
    return _table(
        ("", *heads),
        [
            (name, *(_percent(figure.shares.get(name)) for figure in results.profiles))
            for name in names
        ],
    )


def instructions_block(results: Results) -> str:
    return instructions_table()


def tokens_table(results: Results) -> str:
    return _timed_table(results, f"over {_held.SOURCE}", ("held token",))


def tokens_counts(results: Results) -> str:
    trips = results.count(RENEWAL)["round trips"]
    return f"In {RENEWAL}, the process waits for it {trips:,.0f} times."


def protected_table(results: Results) -> str:
    return _timed_table(results, f"over {_protection.INTROSPECT}", ("kept answer",))


def protected_counts(results: Results) -> str:
    shared, entry = results.count(FLEET), results.count(ENTRY)
    return (
        f"In {FLEET}: {shared['answers']:,.0f} answers by {shared['calls']:,.0f} calls to Okta, "
        f"where {shared['least']:,.0f} are the least possible. Memory of {ENTRY}: "
        f"{entry['bytes']:,.0f} bytes."
    )


def checks_table(results: Results) -> str:
    return _timed_table(results, "over the bare verification", ("ID token",))


def assertions_table(results: Results) -> str:
    return _timed_table(results, "over the bare signature", ("RS256 assertion", "ES256 assertion"))


def traced_table(results: Results) -> str:
    return _timed_table(results, f"over {_tracing.OFF}", ("traced call", "traced call in memory"))


BLOCKS: Final[dict[str, Callable[[Results], str]]] = {
    "run": run_note,
    "summary": summary,
    "calls": calls_table,
    "awaited": awaited_table,
    "imports": imports_table,
    "first_tokens": first_tokens_table,
    "constructions": constructions_table,
    "widths": widths_table,
    "crowds": crowds_table,
    "soaks": soaks_table,
    "profiles": profiles_table,
    "instructions": instructions_block,
    "tokens": tokens_table,
    "tokens_counts": tokens_counts,
    "protected": protected_table,
    "protected_counts": protected_counts,
    "checks": checks_table,
    "assertions": assertions_table,
    "traced": traced_table,
    **{f"goals_{name}": partial(_goals_of, name) for name in PARTS},
}


def ratios_chart(results: Results) -> str:
    chosen = {
        "synchronous, over a socket": Scenario("sync", "socket", "okta", "refresh"),
        "synchronous, in memory": Scenario("sync", "memory", "okta", "refresh"),
        "asynchronous, one at a time": Scenario("async", "socket", "okta", "refresh"),
        "asynchronous, 50 at a time": Scenario("async", "socket", "okta", "refresh", 50),
        "asynchronous, 200 at a time": Scenario("async", "socket", "okta", "refresh", 200),
    }
    groups = {
        name: [
            _charts.Bar(
                figure.contender,
                CONTENDERS[f"{scenario.style}:{figure.contender}"].role,
                figure.cpu.low,
                figure.cpu.mid,
                figure.cpu.high,
            )
            for figure in results.of(scenario)
        ]
        for name, scenario in chosen.items()
    }
    return _charts.bars("CPU of a refresh, as a ratio to httpx in the same round", groups)


def growth_chart(results: Results) -> str:
    scenarios = [Scenario("async", "socket", "okta", "refresh", width) for width in WIDTHS]
    counts = sorted({figure.clients for figure in results.crowds})
    crowds = {
        name: [figure for figure in results.crowds if figure.contender == name]
        for name in ("httpx", "okta-oidc")
    }
    return _charts.lines(
        "What grows, and what does not",
        [
            _charts.Panel(
                "CPU of an awaited call",
                "calls at a time",
                WIDTHS,
                {
                    name: [results.call(scenario, name).cpu_us for scenario in scenarios]
                    for name in ("httpx", "okta-oidc", "okta-oidc[aiohttp]")
                },
                "µs",
            ),
            _charts.Panel(
                "CPU of a call",
                "clients in one process",
                counts,
                {name: [f.cpu_us for f in figures] for name, figures in crowds.items()},
                "µs",
            ),
            _charts.Panel(
                "memory of one client",
                "clients in one process",
                counts,
                {name: [f.memory_kib for f in figures] for name, figures in crowds.items()},
                "KiB",
            ),
        ],
    )


def _ratios(results: Results, columns: dict[str, Scenario]) -> str:
    found = {
        head: {figure.contender: figure for figure in results.of(scenario)}
        for head, scenario in columns.items()
    }
    first = next(iter(found.values()))

    def cell(head: str, name: str) -> str:
        figure = found[head].get(name)
        return "" if figure is None else _ratio(figure.cpu)

    body = [(_emphasised(name), *(cell(head, name) for head in columns)) for name in first]
    baseline = ("httpx: CPU, µs", *(f"{found[head]['httpx'].cpu_us:,.0f}" for head in columns))
    wall = ("httpx: wall, µs", *(f"{found[head]['httpx'].wall_us:,.0f}" for head in columns))
    return _table(("", *columns), [*body, baseline, wall])


def _timed_table(results: Results, over: str, keys: Sequence[str]) -> str:
    """One series or several, each from its cheapest on; ``over`` is what ratios are to."""
    rows: list[tuple[str, ...]] = []
    for key in keys:
        roles = _series.series(key).roles
        found = [figure for figure in results.timed if figure.series == key]
        for figure in sorted(found, key=lambda figure: figure.us.mid):
            us = figure.us.mid
            rows.append(
                (
                    key,
                    f"**{figure.name}**" if roles[figure.name] == "ours" else figure.name,
                    f"{us:.2f}" if us < 10 else f"{us:,.0f}",
                    f"{1e6 / us:,.0f}",
                    _ratio(figure.ratio),
                )
            )
    return _table(("", "", "CPU, µs", "a second, one core", over), rows)


def _fresh(figures: Sequence[FreshFigure]) -> str:
    return _table(
        ("", "CPU, ms", "CPU", "wall", "memory, KiB", "memory"),
        [
            (
                _emphasised(figure.program),
                f"{figure.cpu_ms:.1f}",
                _ratio(figure.cpu),
                _ratio(figure.wall),
                f"{figure.memory_kib:,.0f}",
                f"{figure.memory.mid:.2f}",
            )
            for figure in figures
        ],
    )


def _emphasised(name: str) -> str:
    return f"**{name}**" if name.startswith(("okta-oidc", "okta_oidc")) else name


def _value(goal: Goal, value: float) -> str:
    return f"{_number(goal, value)} {goal.unit}".rstrip()


def _number(goal: Goal, value: float) -> str:
    return f"{value:.2f}" if goal.unit in ("", "ms", "µs") else f"{value:,.0f}"


def _quartiles(goal: Goal) -> str:
    spread = goal.measured
    if spread.low == spread.high:
        return ""
    return f"{_number(goal, spread.low)}–{_number(goal, spread.high)}"


def _ratio(spread: Spread) -> str:
    if spread.low == spread.high:
        return f"{spread.mid:.2f}"
    return f"{spread.mid:.2f} ({spread.low:.2f}–{spread.high:.2f})"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
