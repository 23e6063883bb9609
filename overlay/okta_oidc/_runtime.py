"""Time, chance and what this process knows of rate limits: what a test replaces, in one place."""

from __future__ import annotations

import random
import time
from typing import Final


class Runtime:
    """The clocks of this machine, and its random numbers where they need not be secret."""

    def now(self) -> float:
        """Seconds since the epoch, by the wall clock."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment, by a clock that nobody sets."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def async_sleep(self, seconds: float) -> None:
        from anyio import sleep

        await sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        return random.uniform(low, high)


RUNTIME: Final = Runtime()
