"""Clients that live on a fake's clock: what they wait for takes no time."""

from __future__ import annotations

from typing import Any

from okta_oidc import AsyncOktaOIDC, OktaOIDC
from okta_oidc._gate import Gate
from okta_oidc._runtime import Runtime

from ._clock import FakeClock


class ClockedOktaOIDC(OktaOIDC):
    """An ``OktaOIDC`` whose waits move ``clock``, and whose limits are known to ``gate``."""

    def __init__(self, url: str, clock: FakeClock, gate: Gate, **options: Any) -> None:
        super().__init__(url, **options)
        self._core.gate = gate
        self._sender.now = clock.now
        self._sleep = clock.advance
        self._core.runtime = _runtime_of(clock)


class AsyncClockedOktaOIDC(AsyncOktaOIDC):
    """The same for ``AsyncOktaOIDC``."""

    def __init__(self, url: str, clock: FakeClock, gate: Gate, **options: Any) -> None:
        super().__init__(url, **options)

        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        self._core.gate = gate
        self._sender.now = clock.now
        self._sleep = advance
        self._core.runtime = _runtime_of(clock)


def _runtime_of(clock: FakeClock) -> Runtime:
    runtime = Runtime()
    runtime.now = runtime.monotonic = clock.now
    return runtime
