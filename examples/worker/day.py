"""A day of the worker's in a second: an Okta and an API of our own, and a clock that we move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
from okta_oidc import IntrospectionCache
from okta_oidc.testing import FakeClock, FakeOkta

from .worker import work

SCOPE = "reports:read"
MINUTE = 60
# More than can be asked for in one.
_ALL = 100_000


@dataclass
class Day:
    """One round a minute, from midnight on. Okta is away in the minutes of ``outage``."""

    outage: range
    fake: FakeOkta = field(
        default_factory=lambda: FakeOkta(clock=FakeClock(0.0), scopes=(SCOPE,), rate_limit=None)
    )

    def lived(self) -> list[str]:
        """What the worker had to show, minute by minute."""
        with self.fake.client() as okta, self._api() as api:
            return list(work(okta, api, SCOPE, self._minutes()))

    @property
    def tokens(self) -> int:
        """How many times the worker asked for a token, in vain or not."""
        return Counter(request.endpoint for request in self.fake.requests)["token"]

    def _minutes(self) -> Iterator[int]:
        for minute in range(24 * 60):
            # Where calls waited in vain, the minute has begun already.
            self.fake.clock.advance(max(0.0, minute * MINUTE - self.fake.clock.now()))
            if minute == self.outage.start:
                self.fake.faults.html(503, endpoint="token", times=_ALL)
            if minute == self.outage.stop:
                self.fake.faults.clear()
            yield minute

    def _api(self) -> httpx.Client:
        """An API that asks Okta about each token, and works on while Okta's ``/token`` does not."""
        okta = self.fake.client(introspection_cache=IntrospectionCache(ttl=3600))

        def answer(request: httpx.Request) -> httpx.Response:
            token = request.headers["authorization"].removeprefix("Bearer ")
            if not okta.introspect(token):
                return httpx.Response(401, headers={"WWW-Authenticate": "Bearer"})
            return httpx.Response(200, text="reports")

        transport = httpx.MockTransport(answer)
        return httpx.Client(base_url="https://api.example", transport=transport)


def main() -> None:
    """Tell of two days. A token lives for an hour, and is renewed some minutes before its end."""
    noon = 12 * 60
    for minutes in (3, 120):
        day = Day(range(noon, noon + minutes))
        failed = [said for said in day.lived() if said != "reports"]
        print(f"Okta is away for {minutes} minutes: of {24 * 60} calls {len(failed)} fail", end="")
        print(f", and {day.tokens} tokens are asked for.")
        print(*failed[:1], end="\n" * bool(failed))
