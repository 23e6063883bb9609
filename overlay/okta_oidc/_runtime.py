"""Time, waiting, chance and what is known of rate limits: what a test replaces, in one place."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from ._ratelimit import RateLimits

# Seeded by the operating system: forked workers draw different waits.
_CHANCE: Final = random.SystemRandom()


def _now() -> float:
    # Looked up at each call: tools that freeze the clock replace the attribute.
    return time.time()


def _monotonic() -> float:
    return time.monotonic()


async def _sleep_async(seconds: float) -> None:
    from anyio import sleep

    await sleep(seconds)


_PROCESS: Final = RateLimits()


@dataclass(slots=True, eq=False, repr=False)
class Runtime:
    """What a client takes from its surroundings.

    ``now`` is seconds since the epoch, ``monotonic`` seconds that never go back; ``limits`` are
    shared by all clients of the process, as clients of one application share its limits.
    """

    now: Callable[[], float] = _now
    monotonic: Callable[[], float] = _monotonic
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = _sleep_async
    uniform: Callable[[float, float], float] = _CHANCE.uniform
    limits: RateLimits = field(default=_PROCESS)


RUNTIME: Final = Runtime()
"""What clients use unless they are handed another."""
