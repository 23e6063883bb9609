"""The HTTP side of an answer, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._screens import Row
from ._words import duration, moment, printable

if TYPE_CHECKING:
    from okta_oidc import HttpInfo


def http_rows(http: HttpInfo, now: float) -> tuple[Row, ...]:
    """The request id, and what is left of the rate limit."""
    rows: list[Row] = []
    if http.request_id:
        rows.append(Row("request id", printable(http.request_id), "faint"))
    if http.rate_limit is not None:
        rows.append(Row("rate limit", budget_text(http, now), "faint"))
    return tuple(rows)


def budget_text(http: HttpInfo, now: float) -> str:
    """What is left of the rate limit, and until when."""
    budget = http.rate_limit
    if budget is None:
        return "not reported"
    left = max(0.0, budget.reset_at.timestamp() - now)
    return (
        f"{budget.remaining} of {budget.limit} left until {moment(budget.reset_at)}, "
        f"in {duration(left)}"
    )


def http_document(http: HttpInfo) -> dict[str, Any]:
    """The same as JSON members; times are seconds since the epoch."""
    budget = http.rate_limit
    return {
        "status": http.status,
        "request_id": http.request_id,
        "rate_limit": None
        if budget is None
        else {
            "limit": budget.limit,
            "remaining": budget.remaining,
            "reset": int(budget.reset_at.timestamp()),
        },
    }
