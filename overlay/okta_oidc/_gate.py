"""What this process knows about rate limits that are used up.

Okta counts requests a minute and bucket: the token endpoint of the org server, that of all custom
servers together, and all else of each (Okta: "Rate limits overview"). A 429 says when a bucket is
full again; until then each further request would only be refused, and lengthen the queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ._config import ORG

if TYPE_CHECKING:
    from ._calls import Call
    from ._errors import RateLimitError

# Origin, client id, whether the org server, whether the token endpoint. The client counts: Okta
# gives one application a share of a bucket, and the others may have something left.
Bucket: TypeAlias = tuple[str, str, bool, bool]


class Gate:
    """The buckets that are empty, and until when by ``clock`` (seconds, monotonic)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._shut: dict[Bucket, tuple[float, RateLimitError]] = {}

    def shut(self, bucket: Bucket, seconds: float, reason: RateLimitError) -> None:
        """Hold back calls to ``bucket`` for ``seconds``."""
        now = self._clock()
        with self._lock:
            self._shut = {b: held for b, held in self._shut.items() if held[0] > now}
            self._shut[bucket] = (now + seconds, reason)

    def open(self, bucket: Bucket) -> None:
        """Hold nothing back: ``bucket`` has just been seen to have room."""
        if self._shut:
            with self._lock:
                self._shut.pop(bucket, None)

    def held(self, bucket: Bucket) -> tuple[float, RateLimitError] | None:
        """Seconds until ``bucket`` is full again, and the refusal that said so, or ``None``."""
        if not self._shut:
            return None
        with self._lock:
            held = self._shut.get(bucket)
        if held is None or held[0] <= self._clock():
            return None
        return held[0] - self._clock(), held[1]


def bucket_of(origin: str, client_id: str, call: Call[Any]) -> Bucket:
    """The bucket that ``call`` counts against."""
    return origin, client_id, call.server is ORG, call.endpoint == "token"


PROCESS: Final = Gate()
