"""Tables and charts of a run, written into ``docs/``: none of their figures is typed by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from . import _charts
from ._contenders import CONTENDERS
from ._goals import Goal, goals
from ._instructions import table as instructions_table
from ._processes import ROOT
from ._results import FreshFigure, Results, Scenario, Spread
from ._run import THREADS, WIDTHS

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


def goals_table(results: Results) -> str:
    return _table(
        ("goal", "at most", "stretch", "measured", "quartiles", ""),
        [
            (
                goal.what,
                _value(goal, goal.bound),
                "" if goal.stretch is None else _value(goal, goal.stretch),
                f"**{_value(goal, goal.measured.mid)}**",
                _quartiles(goal.measured),
                "met" if goal.is_met else "**not met**",
            )
            for goal in goals(results)
        ],
    )


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


BLOCKS: Final[dict[str, Callable[[Results], str]]] = {
    "run": run_note,
    "goals": goals_table,
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
    if goal.unit == "ms":
        return f"{value:.2f} ms"
    return f"{value:,.0f} {goal.unit}" if goal.unit else f"{value:.2f}"


def _ratio(spread: Spread) -> str:
    quartiles = _quartiles(spread)
    return f"{spread.mid:.2f} ({quartiles})" if quartiles else f"{spread.mid:.2f}"


def _quartiles(spread: Spread) -> str:
    return "" if spread.low == spread.high else f"{spread.low:.2f}–{spread.high:.2f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
