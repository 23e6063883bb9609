"""What is to be reached, and how far a run got."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from . import _held, _protection, _series, _signatures, _tracing
from ._answers import ENDPOINTS, Operation
from ._contenders import CONTENDERS, OKTA_API
from ._results import FreshFigure, Results, Scenario, Spread
from ._run import ENTRY, FLEET, RENEWAL, THREADS

# What one run may differ from another on a machine that has other work to do.
MARGIN: Final = 1.15
# What is timed, and not counted, has noise.
_TIMED: Final = frozenset({"", "µs", "ms", "a second"})
_FLAT_KIB: Final = 1024
_IN_WORDS: Final[dict[Operation, str]] = {
    "refresh": "`token_for_refresh_token`",
    "code": "`token_for_code`",
    "grant": "`token`",
    "introspect": "`introspect`",
    "revoke": "`revoke`",
}
# What in memory has the nearer goal.
_TIGHT: Final[tuple[Operation, ...]] = ("code", "introspect")


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal beside what was measured. ``unit`` is empty for a ratio.

    ``bound`` is the most that may be measured, or with ``at_least`` the least.
    """

    what: str
    bound: float
    measured: Spread
    stretch: float | None = None
    unit: str = ""
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self._is_within(1)

    @property
    def is_near(self) -> bool:
        """Whether it is met but for noise. What is counted has none."""
        return self._is_within(MARGIN if self.unit in _TIMED else 1)

    def _is_within(self, margin: float) -> bool:
        if self.at_least:
            return self.measured.mid >= self.bound / margin
        return self.measured.mid <= self.bound * margin


def goals(results: Results) -> Iterator[Goal]:
    """Every goal, part by part."""
    for part in PARTS.values():
        yield from part(results)


def _calls(results: Results) -> Iterator[Goal]:
    for operation, name in _IN_WORDS.items():
        ratio = results.call(Scenario("sync", "socket", "okta", operation), "okta-oidc").cpu
        yield Goal(f"{name} over a socket, CPU", 0.65, ratio, 0.55)
    for operation, name in _IN_WORDS.items():
        ratio = results.call(Scenario("sync", "memory", "okta", operation), "okta-oidc").cpu
        bound, stretch = (0.24, 0.20) if operation in _TIGHT else (0.35, 0.28)
        yield Goal(f"{name} in memory, CPU", bound, ratio, stretch)
    for operation in CONTENDERS[f"sync:{OKTA_API}"].operations:
        ratio = results.call(Scenario("sync", "memory", "okta", operation), OKTA_API).cpu
        what = f"a generated function by `okta.api` in memory, {operation}, CPU"
        yield Goal(what, 0.65, ratio, 0.45)
    for operation in ENDPOINTS:
        if operation in ("code", "grant"):
            continue
        ratio = results.call(Scenario("async", "socket", "okta", operation), "okta-oidc").cpu
        yield Goal(f"await {_IN_WORDS[operation]}, one at a time, CPU", 0.85, ratio, 0.65)
    many = (("okta-oidc", 0.35, 0.30), ("okta-oidc[aiohttp]", 0.15, 0.12))
    for contender, bound, stretch in many:
        ratio = results.call(Scenario("async", "socket", "okta", "refresh", 50), contender).cpu
        what = f"1000 awaited calls, 50 at a time, `{contender}`, CPU"
        yield Goal(what, bound, ratio, stretch)
    yield from _call_peers(results)


def _call_peers(results: Results) -> Iterator[Goal]:
    """Ours against every peer in every setting."""
    peers = {c.name for c in CONTENDERS.values() if c.role == "peer"}
    yield from _closest(
        "a call",
        [
            (figure.contender, results.call(figure.scenario, "okta-oidc").cpu.mid / figure.cpu.mid)
            for figure in results.calls
            if figure.contender in peers
        ],
    )


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
            yield Goal(f"a further `{name}`, CPU", 1.0, _single(figure.cpu_ms), unit="ms")
            reads = _single(figure.store_reads)
            yield Goal("certificate stores read by a hundred more", 0, reads, unit="reads")


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


def _tokens(results: Results) -> Iterator[Goal]:
    for name, bound, stretch in ((_held.SOURCE, 0.5, 0.15), (_held.SOURCE_ASYNC, 0.7, 0.2)):
        us = results.time("held token", name).us
        yield Goal(f"{name} of a token that is good, CPU", bound, us, stretch, "µs")
    yield from _timed_peers(results, "held token")
    trips = _single(results.count(RENEWAL)["round trips"])
    yield Goal("a renewal across a fleet: waits for the store", 3, trips, unit="round trips")


def _protected(results: Results) -> Iterator[Goal]:
    rates = (
        (_protection.INTROSPECT, 500_000, 1_000_000),
        (_protection.INTROSPECT_ASYNC, 300_000, None),
        (_protection.GUARD, 250_000, 500_000),
        (_protection.GUARD_ASYNC, 250_000, 500_000),
    )
    for name, bound, stretch in rates:
        rate = results.time("kept answer", name).us.into(1e6)
        yield Goal(f"{name}, an answer that is kept", bound, rate, stretch, "a second", True)
    down = results.time("kept answer", _protection.REDIS_DOWN).ratio.into(1)
    what = "kept answers a second with Redis down, over those without Redis"
    yield Goal(what, 0.9, down, at_least=True)
    yield from _timed_peers(results, "kept answer")
    entry = _single(results.count(ENTRY)["bytes"])
    yield Goal("memory of a kept answer", 2500, entry, unit="bytes")
    shared = results.count(FLEET)
    ratio = _single(shared["calls"] / shared["least"])
    yield Goal(f"{FLEET}: calls to Okta over the least possible", 1.15, ratio, 1.05)


def _signed(results: Results) -> Iterator[Goal]:
    check = results.time("ID token", _signatures.OURS).ratio.into(1)
    what = "a bare RS256 verification, over the check of an ID token, CPU"
    yield Goal(what, 0.40, check, 0.50, at_least=True)
    yield from _timed_peers(results, "ID token")
    for alg, bound, stretch in (("RS256", 1.25, None), ("ES256", 3.0, 2.2)):
        key = f"{alg} assertion"
        ratio = results.time(key, _signatures.OURS).ratio
        what = f"a `private_key_jwt` assertion by {alg}, over a bare signature, CPU"
        yield Goal(what, bound, ratio, stretch)
        yield from _timed_peers(results, key)


def _traced(results: Results) -> Iterator[Goal]:
    # In memory, where a hundredth of a call over a socket is no noise.
    stubs, off = (
        results.time("traced call in memory", name).us.mid
        for name in (_tracing.STUBS, _tracing.OFF)
    )
    share = (stubs - off) / results.time("traced call", _tracing.OFF).us.mid
    what = "what this package adds to a call that is traced, over a call over a socket, CPU"
    yield Goal(what, 0.03, _single(share))


def _timed_peers(results: Results, key: str) -> Iterator[Goal]:
    """Ours against every peer in this series."""
    series = _series.series(key)
    ours = results.time(key, series.ours).us.mid
    yield from _closest(
        key,
        [
            (figure.name, ours / figure.us.mid)
            for figure in results.timed
            if figure.series == key and series.roles[figure.name] == "peer"
        ],
    )


def _closest(what: str, ratios: list[tuple[str, float]]) -> Iterator[Goal]:
    """One goal for all: no peer costs less. A short run has no peers."""
    if ratios:
        name, ratio = max(ratios, key=lambda each: each[1])
        told = f"{what}: ours over whichever peer comes closest ({name}), CPU"
        yield Goal(told, 1.0, _single(ratio))


def _single(value: float) -> Spread:
    return Spread(value, value, value)


def _named(figures: list[FreshFigure], name: str) -> FreshFigure:
    return next(figure for figure in figures if figure.program == name)


# By the name of their table.
PARTS: Final[dict[str, Callable[[Results], Iterator[Goal]]]] = {
    "calls": _calls,
    "starting": _starting,
    "lasting": _lasting,
    "tokens": _tokens,
    "protected": _protected,
    "signed": _signed,
    "traced": _traced,
}
