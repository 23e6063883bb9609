"""Clients that live on a fake's clock: what they wait for takes no time."""

from __future__ import annotations

from typing import Any

from okta_oidc import AsyncOktaOIDC, OktaOIDC
from okta_oidc._ratelimit import RateLimits
from okta_oidc._runtime import Runtime

from ._clock import FakeClock


class ClockedOktaOIDC(OktaOIDC):
    """An ``OktaOIDC`` whose waits move ``clock``, and which knows of the limits in ``limits``."""

    def __init__(self, url: str, clock: FakeClock, limits: RateLimits, **options: Any) -> None:
        super().__init__(url, **options)
        self._flow.runtime = runtime_of(clock, limits)


class AsyncClockedOktaOIDC(AsyncOktaOIDC):
    """The same for ``AsyncOktaOIDC``."""

    def __init__(self, url: str, clock: FakeClock, limits: RateLimits, **options: Any) -> None:
        super().__init__(url, **options)
        self._flow.runtime = runtime_of(clock, limits)


def runtime_of(clock: FakeClock, limits: RateLimits) -> Runtime:
    """Time as ``clock`` tells it, which waiting moves."""

    async def advance(seconds: float) -> None:
        clock.advance(seconds)

    return Runtime(
        now=clock.now,
        monotonic=clock.now,
        sleep=clock.advance,
        sleep_async=advance,
        limits=limits,
    )
