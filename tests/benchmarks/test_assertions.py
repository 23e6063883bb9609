"""The figures of assertions are only worth what each contender really makes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from . import _assertions
from ._assertions import BARE, BOUNDS, CLIENT_ID, OURS, URL, AssertionFigure
from ._results import Spread


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("alg", BOUNDS)
def test_everyone_makes_an_assertion_that_holds(alg: str) -> None:
    key = _assertions.new_key(alg)
    kind: Any = ECKey if alg == "ES256" else RSAKey
    public = kind.import_key(key.public_key())
    everyone = _assertions.makers(alg, key)
    assert list(everyone)[:2] == [BARE, OURS]
    for name, make in everyone.items():
        if name == BARE:
            continue
        jtis: set[str] = set()
        for _ in range(2):
            read = jws.deserialize_compact(
                _assertions.assertion_of(make()), public, algorithms=[alg]
            )
            claims = json.loads(read.payload)
            assert read.headers()["kid"] == "kid"
            assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT_ID, CLIENT_ID, URL), (
                name
            )
            jtis.add(claims["jti"])
        assert len(jtis) == 2


def figure(name: str, ratio: float, alg: str = "RS256") -> AssertionFigure:
    return AssertionFigure(alg, name, 300 * ratio, Spread(ratio, ratio, ratio))


def test_the_goals_tell_what_is_missed() -> None:
    figures = [
        figure(BARE, 1),
        figure(OURS, 1.3),
        figure("a slow one", 100),
        figure("a quick one", 1.2),
        figure(BARE, 1, "ES256"),
        figure(OURS, 2.9, "ES256"),
    ]
    verdicts = {goal.what: goal.is_met for goal in _assertions.assertion_goals(figures)}
    assert list(verdicts.values()) == [False, True, False, True]


@pytest.mark.filterwarnings("ignore")
def test_a_short_run_measures_everyone() -> None:
    figures = _assertions.measure(rounds=1)
    assert {each.alg for each in figures} == set(BOUNDS)
    assert all(each.cpu_us > 0 for each in figures)
    assert [each.ratio.mid for each in figures if each.name == BARE] == [1.0, 1.0]
    written = _assertions.table(figures)
    assert all(f"| {each.alg} | {each.name} |" in written for each in figures)
