"""What is to be reached, and how far a run got."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ._answers import ENDPOINTS, Operation
from ._contenders import CONTENDERS
from ._results import FreshFigure, Place, Results, Scenario, Spread
from ._run import THREADS

# What one run may differ from another on a machine that has other work to do.
MARGIN: Final = 1.15
_FLAT_KIB: Final = 1024
_IN_WORDS: Final[dict[Operation, str]] = {
    "refresh": "`token_for_refresh_token`",
    "code": "`token_for_code`",
    "grant": "`token`",
    "introspect": "`introspect`",
    "revoke": "`revoke`",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal beside what was measured. ``unit`` is empty for a ratio to httpx."""

    what: str
    bound: float
    measured: Spread
    stretch: float | None = None
    unit: str = ""

    @property
    def is_met(self) -> bool:
        return self.measured.mid <= self.bound

    @property
    def is_near(self) -> bool:
        """Whether it is met but for noise. What is counted, and not timed, has none."""
        return self.measured.mid <= self.bound * (1 if self.unit else MARGIN)


def goals(results: Results) -> Iterator[Goal]:
    """Every goal, in the order of a call's life."""
    yield from _calls(results)
    yield from _starting(results)
    yield from _lasting(results)
    yield from _peers(results)


def _calls(results: Results) -> Iterator[Goal]:
    limits: tuple[tuple[Place, float, float], ...] = (
        ("socket", 0.65, 0.55),
        ("memory", 0.35, 0.28),
    )
    for place, bound, stretch in limits:
        for operation, name in _IN_WORDS.items():
            scenario = Scenario("sync", place, "okta", operation)
            ratio = results.call(scenario, "okta-oidc").cpu
            where = "over a socket" if place == "socket" else "in memory"
            yield Goal(f"{name} {where}, CPU", bound, ratio, stretch)
    for operation in ENDPOINTS:
        if operation in ("code", "grant"):
            continue
        ratio = results.call(Scenario("async", "socket", "okta", operation), "okta-oidc").cpu
        yield Goal(f"await {_IN_WORDS[operation]}, one at a time, CPU", 0.85, ratio, 0.65)
    many = (("okta-oidc", 0.35, 0.30), ("okta-oidc[aiohttp]", 0.15, 0.12))
    for contender, bound, stretch in many:
        ratio = results.call(Scenario("async", "socket", "okta", "refresh", 50), contender).cpu
        yield Goal(f"1000 awaited calls, 50 at a time, `{contender}`, CPU", bound, ratio, stretch)


def _starting(results: Results) -> Iterator[Goal]:
    imports = {figure.program: figure for figure in results.imports}
    whole = imports["okta_oidc: client and authentication"]
    yield Goal("`import okta_oidc`, CPU", 0.10, imports["okta_oidc"].cpu)
    yield Goal("`from okta_oidc import` client and authentication, CPU", 1.30, whole.cpu)
    yield Goal("the same, memory", 1.10, whole.memory)
    first = _named(results.first_tokens, "okta-oidc")
    yield Goal("first token of a fresh process over TLS, CPU", 1.20, first.cpu, 1.05)
    yield Goal("the same, wall time", 1.20, first.wall, 1.05)
    for figure in results.constructions:
        if figure.contender.startswith("okta-oidc"):
            name = "AsyncOktaOIDC" if figure.contender.endswith("asyncio") else "OktaOIDC"
            yield Goal(f"a further `{name}`", 1.0, _single(figure.cpu_ms), unit="ms")
            yield Goal(
                "certificate stores read by a hundred more",
                0,
                _single(figure.store_reads),
                unit="reads",
            )


def _lasting(results: Results) -> Iterator[Goal]:
    for figure in results.soaks:
        manner = f"{figure.width} threads" if figure.width == THREADS else f"{figure.width} tasks"
        calls = f"{figure.calls[-1]:,} calls of `{figure.contender}`, {manner}"
        descriptors = figure.descriptors[-1] - figure.descriptors[0]
        yield Goal(
            f"{calls}: memory added on the way", _FLAT_KIB, _single(figure.growth_kib), unit="KiB"
        )
        yield Goal("the same: descriptors added", 0, _single(descriptors), unit="descriptors")
        yield Goal(
            "the same: most connections at once",
            figure.width,
            _single(figure.most_connections),
            unit="connections",
        )


def _peers(results: Results) -> Iterator[Goal]:
    """Ours against every peer in every setting: the largest ratio. A short run has no peers."""
    peers = {c.name for c in CONTENDERS.values() if c.role == "peer"}
    ratios = [
        results.call(figure.scenario, "okta-oidc").cpu.mid / figure.cpu.mid
        for figure in results.calls
        if figure.contender in peers
    ]
    if ratios:
        what = "ours against whichever peer comes closest anywhere, CPU"
        yield Goal(what, 1.0, _single(max(ratios)))


def _single(value: float) -> Spread:
    return Spread(value, value, value)


def _named(figures: list[FreshFigure], name: str) -> FreshFigure:
    return next(figure for figure in figures if figure.program == name)
