"""Run each server for a while and tell what it did; fail if any answer was wrong."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Final

from ._apps import TIMEOUT, TTL
from ._callers import Callers
from ._servers import SERVERS, Server, api, okta
from ._verdict import Course, Verdict, judge

RESULTS: Final = Path(__file__).parent / "results.json"

TOKENS: Final = 500
REVOKED: Final = 50
AWAY_SECONDS: Final = 3.0


def run(server: Server, *, seconds: float, rate: float, workers: int) -> Verdict:
    """One server under load."""
    with okta(TOKENS) as authority, api(server, workers, authority.environment) as port:
        began = time.monotonic()
        revoking_from = revoked_at = began
        callers = Callers(port, authority.tokens, rate, connections=64, until=began + seconds)

        def revoke() -> None:
            nonlocal revoking_from, revoked_at
            revoking_from = time.monotonic()
            authority.revoke(REVOKED)
            revoked_at = time.monotonic()

        # The revocations are to be seen before the outage, which lets everything run out.
        revocation = began + seconds * 0.15
        away_from = max(began + seconds * 0.5, revocation + TTL + 2)
        away_to = away_from + TTL + AWAY_SECONDS
        asyncio.run(
            callers.run(
                [(revocation, revoke), (away_from, authority.pause), (away_to, authority.resume)]
            )
        )
        course = Course(began, REVOKED, revoking_from, revoked_at, away_from, away_to, TTL, TIMEOUT)
    if callers.broken:
        print(f"{server}: {len(callers.broken)} connections broke: {set(callers.broken)}")
    return judge(callers.seen, course)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--server", choices=SERVERS, action="append")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each server")
    parser.add_argument("--rate", type=float, default=2000.0, help="requests a second, at most")
    parser.add_argument("--workers", type=int, default=max(2, (os.cpu_count() or 2) // 2))
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name}")
    asked = parser.parse_args()
    results: dict[str, object] = {
        "asked": {
            "tokens": TOKENS,
            "requests_per_second": asked.rate,
            "seconds": asked.seconds,
            "workers": asked.workers,
            "cores": os.cpu_count(),
            "ttl": TTL,
        }
    }
    failed = False
    for server in asked.server or SERVERS:
        verdict = run(server, seconds=asked.seconds, rate=asked.rate, workers=asked.workers)
        results[server] = verdict.to_dict()
        failed = failed or bool(verdict.wrong)
        print(f"{server}, {asked.workers} workers:")
        print(json.dumps(verdict.to_dict(), indent=2))
    if asked.keep and not failed:
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
