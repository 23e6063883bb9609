"""The clock every lifetime and rate limit of the fake is measured on."""

from __future__ import annotations

import threading
import time


class FakeClock:
    """Seconds since the Unix epoch, moved by hand.

    ``start`` is the first reading (epoch seconds, default: the real time now, so that a client
    that works with its own clock agrees with the fake). With ``ticking=True`` real time passes
    as well, for a fake that a browser or a long-running process talks to.
    """

    def __init__(self, start: float | None = None, *, ticking: bool = False) -> None:
        self._lock = threading.Lock()
        self._reading = time.time() if start is None else float(start)
        self._since = time.monotonic() if ticking else None

    def now(self) -> float:
        """The present reading in epoch seconds."""
        with self._lock:
            if self._since is None:
                return self._reading
            return self._reading + (time.monotonic() - self._since)

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds``; ``ValueError`` if negative, since no server's time runs
        backwards."""
        if seconds < 0:
            raise ValueError("a clock only moves forward")
        with self._lock:
            self._reading += seconds

    def __repr__(self) -> str:
        return f"FakeClock({self.now():.3f})"
