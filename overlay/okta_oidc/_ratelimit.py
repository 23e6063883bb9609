"""What this process knows about rate limits that are used up.

Okta counts requests a minute and bucket: the token endpoint of the org server, that of all custom
servers together, and all else of each (Okta: "Rate limits overview"). A 429 says when a bucket is
full again; until then each further request would only be refused, and lengthen the queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeAlias

# Origin, client id, whether the org server, and which of its limits. The client counts: Okta gives
# one application a share of a bucket, and the others may have something left.
Bucket: TypeAlias = tuple[str, str, bool, str]


class RateLimits:
    """The buckets that are empty, and until when by ``clock`` (seconds, monotonic).

    No lock: each change is one assignment, and a forked child must not wait for its parent's.
    """

    __slots__ = ("_clock", "_until")

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock: Final = clock or time.monotonic
        self._until: dict[Bucket, float] = {}

    def used_up(self, bucket: Bucket, seconds: float) -> None:
        """Hold back calls to ``bucket`` for ``seconds``."""
        now = self._clock()
        # A copy: another thread may be changing the original.
        until = {b: end for b, end in self._until.copy().items() if end > now}
        self._until = {**until, bucket: now + seconds}

    def has_room(self, bucket: Bucket) -> None:
        """Hold nothing back: ``bucket`` has just been seen to have room."""
        if self._until:
            self._until.pop(bucket, None)

    def forget(self) -> None:
        """Know of nothing, as in a process that has just begun."""
        self._until = {}

    def held_back(self, bucket: Bucket) -> float | None:
        """Seconds until ``bucket`` is full again; ``None`` if it is not known to be empty."""
        end = self._until.get(bucket)
        if end is None:
            return None
        left = end - self._clock()
        return left if left > 0 else None
