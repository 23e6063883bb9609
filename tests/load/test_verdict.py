"""What a run is judged by: each kind of wrong answer is found, and no right one is."""

from __future__ import annotations

import pytest

from ._callers import Seen
from ._verdict import Course, judge

COURSE = Course(
    began=100.0,
    revoked=2,
    revoking_from=110.0,
    revoked_at=111.0,
    away_from=120.0,
    away_to=127.0,
    ttl=4.0,
    timeout=2.0,
)
GOOD, REVOKED, MADE_UP = 5, 1, -1


@pytest.mark.parametrize(
    ("token", "at", "status"),
    [
        (GOOD, 105, 200),
        (GOOD, 125, 503),
        (MADE_UP, 105, 401),
        (REVOKED, 105, 200),
        (REVOKED, 110.5, 200),
        (REVOKED, 110.5, 401),
        (REVOKED, 114.9, 200),
        (REVOKED, 116, 401),
        (REVOKED, 125, 503),
    ],
)
def test_right_answers(token: int, at: float, status: int) -> None:
    verdict = judge([Seen(token, at, at + 0.01, status)], COURSE)
    assert verdict.wrong == ()
    assert verdict.unavailable_without_cause == 0


@pytest.mark.parametrize(
    ("token", "at", "status"),
    [
        (GOOD, 105, 401),
        (GOOD, 125, 401),
        (GOOD, 105, 500),
        (MADE_UP, 105, 200),
        (MADE_UP, 125, 200),
        (REVOKED, 105, 401),
        (REVOKED, 115.1, 200),
        (REVOKED, 116, 500),
    ],
)
def test_wrong_answers(token: int, at: float, status: int) -> None:
    assert len(judge([Seen(token, at, at + 0.01, status)], COURSE).wrong) == 1


def test_no_answer_while_okta_was_there_is_told_apart() -> None:
    verdict = judge([Seen(GOOD, 105, 105.01, 503)], COURSE)
    assert (verdict.wrong, verdict.unavailable_without_cause) == ((), 1)


def test_figures() -> None:
    calm = [Seen(GOOD, 101, 101.5 if n >= 97 else 101.01, 200) for n in range(100)]
    away = [Seen(GOOD, 125, 127, 503)]
    late = [Seen(REVOKED, 113, 113.01, 200)]
    verdict = judge(calm + away + late, COURSE)
    assert (verdict.requests, verdict.per_second) == (102, round(102 / 27, 1))
    assert (verdict.p50, verdict.p99, verdict.p99_while_away) == (10.0, 500.0, 2000.0)
    assert verdict.statuses == {"200": 101, "503": 1}
    assert verdict.revocation_seen_after == 2.0
