"""The figures of a protected API are only worth what each contender really answers."""

from __future__ import annotations

import asyncio
from inspect import iscoroutinefunction
from typing import Any

import pytest

from . import _protection
from ._protection import (
    BOUNDS,
    FASTMCP,
    GUARD,
    GUARD_ASYNC,
    INTROSPECT,
    REDIS_AWAY,
    FleetFigure,
    HitFigure,
)
from ._results import Spread


@pytest.mark.filterwarnings("ignore")
def test_everyone_knows_the_token_and_keeps_the_answer() -> None:
    everyone = _protection.hits()
    assert list(everyone)[:4] == list(BOUNDS)
    with asyncio.Runner() as runner:
        for name, hit in everyone.items():
            answers: list[Any] = [
                runner.run(hit()) if iscoroutinefunction(hit) else hit() for _ in range(2)
            ]
            assert answers[0].client_id == answers[1].client_id == "0oa1f9kq2xNbcAAAA0h8", name
            assert "orders:read" in answers[1].scopes, name


def figure(name: str, cpu_us: float) -> HitFigure:
    return HitFigure(name, Spread(cpu_us, cpu_us, cpu_us))


def test_the_goals_tell_what_is_missed() -> None:
    figures = [figure(name, 1.5) for name in BOUNDS]
    figures += [figure(REDIS_AWAY, 1.8), figure(FASTMCP, 50)]
    goals = list(_protection.protection_goals(figures, 2600, FleetFigure(10_000, 2100, 2000)))
    verdicts = [goal.is_met for goal in goals]
    assert verdicts == [True, True, True, True, False, False, True, True]
    slow = [figure(INTROSPECT, 2.1), *figures[1:]]
    first = next(_protection.protection_goals(slow, 2000, None))
    assert not first.is_met


@pytest.mark.filterwarnings("ignore")
def test_a_short_run_measures_everyone() -> None:
    figures = _protection.measure(rounds=1)
    assert {each.name for each in figures} >= {INTROSPECT, GUARD, GUARD_ASYNC}
    written = _protection.table(figures)
    assert all(f"| {each.name} |" in written for each in figures)
    assert 500 < _protection.entry_bytes() < 10_000
