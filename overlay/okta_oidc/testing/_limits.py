"""Rate limits counted on the fake's clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the ``X-Rate-Limit-*`` headers say; ``reset`` in epoch seconds."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool = False


@dataclass(slots=True)
class _Window:
    reset: int
    used: int = 0


class BucketLimiter:
    """``limit`` requests a bucket in each window of ``seconds``; ``None`` counts nothing.

    A window opens with the first request after the last one closed. Its end is a whole second
    because that is all the header can say: a client that waits until then must be let in.
    """

    def __init__(self, limit: int | None, *, seconds: int = 60) -> None:
        self.limit = limit
        self._seconds = seconds
        self._windows: dict[Hashable, _Window] = {}

    def peek(self, bucket: Hashable, now: float) -> Allowance | None:
        """The allowance without using any of it."""
        if self.limit is None:
            return None
        window = self._window(bucket, now)
        return Allowance(self.limit, self.limit - window.used, window.reset)

    def take(self, bucket: Hashable, now: float) -> Allowance | None:
        """Use one request; ``exceeded`` if none was left."""
        if self.limit is None:
            return None
        window = self._window(bucket, now)
        if window.used >= self.limit:
            return Allowance(self.limit, 0, window.reset, exceeded=True)
        window.used += 1
        return Allowance(self.limit, self.limit - window.used, window.reset)

    def _window(self, bucket: Hashable, now: float) -> _Window:
        window = self._windows.get(bucket)
        if window is None or now >= window.reset:
            window = self._windows[bucket] = _Window(reset=int(now) + self._seconds)
        return window


class UserLimiter:
    """At most ``limit`` sign-ins a second for one username; ``None`` counts nothing."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._recent: dict[str, deque[float]] = {}

    def take(self, username: str, now: float) -> bool:
        """Whether this one is still allowed."""
        if self._limit is None:
            return True
        recent = self._recent.setdefault(username, deque())
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= self._limit:
            return False
        recent.append(now)
        return True
