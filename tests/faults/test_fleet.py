"""The short form of :mod:`tests.faults.fleet`: a fleet of each kind, struck some times."""

from __future__ import annotations

import pytest

from .fleet import KILLS, LIFETIME, STOPS, STORE, USERS, Fleet, Scenario, run

_SCENARIOS = [
    (Scenario("redis", "sync", 0, (*KILLS, *STOPS, *STORE)), 10),
    (Scenario("redis", "async", 5, (*KILLS, *STOPS, "flush")), 6),
    (Scenario("postgres", "sync", 5, (*KILLS, *STOPS, "restart", "cut")), 6),
]


@pytest.mark.parametrize(
    ("scenario", "times"), _SCENARIOS, ids=[str(each) for each, _ in _SCENARIOS]
)
def test_no_family_is_ended(scenario: Scenario, times: int) -> None:
    figures = run(scenario, times)
    assert figures.families_ended == 0
    assert sum(figures.disturbances.values()) == times


def test_within_the_grace_nothing_is_lost() -> None:
    """Whoever presents is killed when Okta has rotated, and the next presents again."""
    # On a busy machine the next one comes late.
    scenario = Scenario("redis", "sync", 30, ("kill after",), is_apart=True)
    figures = run(scenario, 3)
    assert figures.families_ended == 0
    assert figures.sign_ins["lost"] == 0
    assert figures.disturbances == {"kill after": 3}


def test_a_fleet_renews_no_more_than_is_due() -> None:
    """Each user's tokens once in a lifetime, less the fifth that is left for the unforeseen."""
    # On a busy machine an answer comes late, and without a grace a lost one costs the sign-in.
    fleet = Fleet(Scenario("redis", "sync", 0, (), timeout=20.0), 1)
    with fleet.running():
        fleet.watch(4.0)
    due = USERS * (fleet.figures.seconds / (LIFETIME * 0.8) + 1)
    assert USERS <= fleet.figures.renewals <= due
    assert fleet.figures.families_ended == 0
    assert not fleet.figures.sign_ins
