"""Time and chance, in the one place that a test replaces."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from typing import Final


async def _async_sleep(seconds: float) -> None:
    from anyio import sleep

    await sleep(seconds)


class Runtime:
    """What a process is given by the machine it runs on.

    ``now`` is seconds since the epoch by the wall clock, which may jump; ``monotonic`` is seconds
    since some moment, which never run backwards.
    """

    __slots__ = ("async_sleep", "monotonic", "now", "sleep", "uniform")

    def __init__(self) -> None:
        self.now: Callable[[], float] = time.time
        self.monotonic: Callable[[], float] = time.monotonic
        self.sleep: Callable[[float], None] = time.sleep
        self.async_sleep: Callable[[float], Awaitable[None]] = _async_sleep
        self.uniform: Callable[[float, float], float] = random.uniform


RUNTIME: Final = Runtime()
