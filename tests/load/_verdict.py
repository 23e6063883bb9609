"""What a run has shown: wrong answers, how soon revocations were seen, how long answers took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from ._callers import Seen

# What a machine with more to do than cores may add to a moment.
MARGIN: Final = 1.0


@dataclass(frozen=True)
class Course:
    """What happened when, in monotonic seconds.

    Tokens up to ``revoked`` were revoked between ``revoking_from`` and ``revoked_at``. Okta was
    away from ``away_from`` to ``away_to``; ``ttl`` and ``timeout`` are the API's.
    """

    began: float
    revoked: int
    revoking_from: float
    revoked_at: float
    away_from: float
    away_to: float
    ttl: float
    timeout: float


@dataclass(frozen=True)
class Verdict:
    """The figures of a run. Times are seconds, latencies milliseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float
    p999: float
    p99_while_away: float
    statuses: dict[str, int]
    revocation_seen_after: float
    unavailable_without_cause: int
    wrong: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)


def judge(seen: list[Seen], course: Course) -> Verdict:
    """Look at every answer."""
    wrong: Counter[str] = Counter()
    calm: list[float] = []
    away: list[float] = []
    last_good = 0.0
    unavailable = 0
    for each in seen:
        # The outage is felt until the last call that it struck has run into its time limit.
        is_away = course.away_from <= each.answered and each.asked <= (
            course.away_to + course.timeout + MARGIN
        )
        (away if is_away else calm).append(each.answered - each.asked)
        unavailable += each.status == 503 and not is_away
        revoked = 0 <= each.token < course.revoked
        if revoked and each.status == 200:
            last_good = max(last_good, each.asked - course.revoked_at)
        fault = _fault(each, course, revoked=revoked)
        if fault is not None:
            wrong[fault] += 1
    spent = max(each.answered for each in seen) - course.began
    return Verdict(
        requests=len(seen),
        per_second=round(len(seen) / spent, 1),
        p50=_percentile(calm, 0.5),
        p99=_percentile(calm, 0.99),
        p999=_percentile(calm, 0.999),
        p99_while_away=_percentile(away, 0.99),
        statuses={str(key): count for key, count in sorted(_statuses(seen).items())},
        revocation_seen_after=round(last_good, 2),
        unavailable_without_cause=unavailable,
        wrong=tuple(f"{count} x {fault}" for fault, count in wrong.items()),
    )


def _fault(each: Seen, course: Course, *, revoked: bool) -> str | None:
    if each.status == 503:
        # No answer is no wrong one; how many came while Okta was there is told apart.
        return None
    if each.token < 0:
        return None if each.status == 401 else f"{each.status} for a token that was made up"
    if not revoked:
        return None if each.status == 200 else f"{each.status} for a good token"
    if each.status == 401:
        return None if each.answered > course.revoking_from else "401 before it was revoked"
    if each.status != 200:
        return f"{each.status} for a revoked token"
    late = each.asked > course.revoked_at + course.ttl
    return "200 for a token revoked longer ago than the TTL" if late else None


def _statuses(seen: Iterable[Seen]) -> Counter[int]:
    return Counter(each.status for each in seen)


def _percentile(seconds: list[float], share: float) -> float:
    if not seconds:
        return 0.0
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
