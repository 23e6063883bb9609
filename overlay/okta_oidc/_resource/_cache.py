"""What introspection answered, kept for a while in this process.

The wall clock is compared with a token's ``exp`` alone; every other time is monotonic.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from sys import intern
from typing import Any, Final, Protocol, TypeVar

from .._errors import ConfigurationError
from .._http import Headers, HttpInfo, Members
from .._introspection import Introspection
from .._otel import count_lookup
from .._retry import DAY, checked_seconds
from .._runtime import Runtime

FlightsT = TypeVar("FlightsT")

_LOGGER: Final = logging.getLogger("okta_oidc")
# With less than this share of a rate limit left, active answers are kept twice as long.
_RESERVE: Final = 0.1


class IntrospectionTier(Protocol):
    """Answers shared by processes: :mod:`okta_oidc.redis`. Methods return results, or awaitables.

    A tier never raises; on failure it returns ``None``. ``local_ttl`` is how many seconds a process
    uses its own copy of an active answer. A key is a digest.
    """

    local_ttl: float

    def load(self, key: bytes, /) -> Any:
        """Members and their remaining seconds; no members if revoked; ``None`` if unknown."""

    def store(self, key: bytes, members: dict[str, Any], seconds: float, replace: bool, /) -> Any:
        """Keep ``members`` for ``seconds``: only if nothing is there, unless ``replace``."""

    def bar(self, keys: list[bytes], seconds: float, /) -> Any:
        """Mark these as revoked for ``seconds``: members are stored there only by ``replace``."""


@dataclass(frozen=True, slots=True)
class IntrospectionStats:
    """What a cache has done since it was made.

    ``hits`` were answered from this process's memory, ``misses`` were not; ``shared_hits`` are
    misses that the shared tier answered, ``calls`` the questions put to Okta, ``fresh=True``
    included. ``evictions`` counts answers given up for want of room, ``stale`` failed calls that
    an old answer stood in for. On a build of Python without its global lock, ``hits`` may be a
    little short.
    """

    hits: int
    misses: int = 0
    shared_hits: int = 0
    calls: int = 0
    evictions: int = 0
    stale: int = 0


@dataclass(slots=True, eq=False)
class _Kept:
    """One answer. ``until`` and ``last`` are monotonic, ``exp`` is in epoch seconds."""

    info: Introspection
    until: float
    last: float
    exp: float
    seen: bool = False


class _Shelf(OrderedDict[bytes, _Kept]):
    """Answers in the order they came, ``limit`` at most. Reading takes no lock.

    When there is no room, the oldest goes, unless it was read since it came or was last spared:
    then it is spared once more, and the next oldest is looked at ("second chance").
    """

    limit: int

    def put(self, key: bytes, kept: _Kept, now: float) -> int:
        """Keep an answer; the number of others that had to go."""
        gone = 0
        while len(self) >= self.limit:
            oldest, row = self.popitem(last=False)
            if row.seen and row.last > now:
                row.seen = False
                self[oldest] = row
            else:
                gone += 1
        self[key] = kept
        return gone


@dataclass(slots=True, eq=False)
class Question:
    """A question in progress.

    ``spoilt``: a revocation, or a newer answer, came first. Callers from then on ask again, and an
    active answer is not kept.
    """

    key: bytes
    spoilt: bool = False


class IntrospectionCache:
    """Keeps introspection answers: an argument of the clients, which keep none by default.

    A token that is revoked elsewhere keeps working for up to ``ttl`` seconds: how long that may be
    is the team's to decide. Clients may share one cache; each asks with its own client id, and
    gets no answer of another's.

    Args:
        ttl: seconds for which an active answer is used, never past the token's ``exp``. With less
            than a tenth of Okta's rate limit left it is doubled, at most to 120 s.
        negative_ttl: seconds for which an inactive answer is used; 0 keeps none.
        max_entries: active answers at most, about 2.3 kB each; and a quarter as many inactive
            ones, kept apart so that made-up tokens evict no good one.
        stale_if_error: seconds beyond ``ttl`` for which an active answer stands in where Okta
            cannot be asked (RFC 5861 §4), never past ``exp``.
        shared: answers shared by many processes: :class:`okta_oidc.redis.RedisIntrospectionTier`
            or its asynchronous twin.

    Raises:
        ConfigurationError: a number is out of range, or ``shared`` is no tier.
    """

    def __init__(
        self,
        ttl: float = 30.0,
        *,
        negative_ttl: float = 10.0,
        max_entries: int = 10_000,
        stale_if_error: float = 0.0,
        shared: IntrospectionTier | None = None,
    ) -> None:
        self.ttl: Final = checked_seconds("ttl", ttl, DAY)
        self.negative_ttl: Final = checked_seconds("negative_ttl", negative_ttl, DAY)
        self.stale_if_error: Final = checked_seconds("stale_if_error", stale_if_error, DAY)
        if not self.ttl or type(max_entries) is not int or max_entries < 1:
            raise ConfigurationError("ttl must be above 0, and max_entries a whole number above 0")
        if shared is not None and not callable(getattr(shared, "load", None)):
            raise ConfigurationError("shared must be a tier of okta_oidc.redis")
        self.shared: Final = shared
        self._active, self._inactive = _Shelf(), _Shelf()
        self._active.limit, self._inactive.limit = max_entries, max(1, max_entries // 4)
        self._find_active: Final = self._active.get
        self._hits = self._reported = 0
        self._counts: Final[Counter[str]] = Counter()
        self._next_log = -60.0
        self.after_fork()
        _CACHES.add(self)

    def after_fork(self) -> None:
        """Reset: threads that held the lock, or asked a question, do not exist in a child."""
        self._lock = threading.Lock()
        self._on_way: dict[bytes, list[Question]] = {}
        self._flights: dict[bytes, dict[type[Any], Any]] = {}

    @property
    def stats(self) -> IntrospectionStats:
        """What the cache has done so far."""
        return IntrospectionStats(self._hits, **self._counts)

    def clear(self) -> None:
        """Forget every answer of this process, and those on their way. The shared tier stays."""
        with self._lock:
            keys = [*self._active, *self._inactive, *self._on_way]
        self.drop(keys)

    # What the clients call

    def find(self, key: bytes, runtime: Runtime, *, again: bool = False) -> Introspection | None:
        """A kept answer that may be used now. No lock: one atomic look into a dictionary.

        ``again`` marks a second look after a miss, which does not count as a hit.
        """
        kept = self._find_active(key) or self._inactive.get(key)
        if kept is None or kept.until <= runtime.monotonic() or kept.exp <= runtime.now():
            return None
        if not again:
            kept.seen = True
            self._hits += 1
        return kept.info

    def flights(self, key: bytes, kind: type[FlightsT]) -> FlightsT:
        """The flights of ``key``, by which threads or tasks share one call."""
        flights: FlightsT = self._flights.setdefault(key, {}).setdefault(kind, kind())
        return flights

    def begin(self, key: bytes) -> Question:
        """A question, now under way."""
        question = Question(key)
        with self._lock:
            self._on_way.setdefault(key, []).append(question)
        return question

    def leave(self, question: Question) -> None:
        """``question`` is no longer under way."""
        with self._lock:
            others = [q for q in self._on_way.pop(question.key, ()) if q is not question]
            if others:
                self._on_way[question.key] = others
            else:
                self._flights.pop(question.key, None)

    def count(self, what: str) -> None:
        """Count one of the statistics up."""
        with self._lock:
            self._counts[what] += 1

    def missed(self) -> None:
        """Count a miss, and report it to metrics with the number of hits since the last one."""
        self.count("misses")
        hits, self._reported = self._hits - self._reported, self._hits
        count_lookup(hit=False)
        count_lookup(hit=True, times=hits)

    def keep(
        self, question: Question, info: Introspection, runtime: Runtime, left: float | None = None
    ) -> float:
        """Keep an answer; seconds for which others may keep it too, 0 for not at all.

        ``left`` is how many seconds an answer of the shared tier is good for.
        """
        seconds = self._lifetime(info, runtime) if left is None else left
        now = runtime.monotonic()
        exp = float("inf") if info.expires_at is None else info.expires_at.timestamp()
        shared = min(seconds, exp - runtime.now())
        # A revocation by another process reaches only the shared tier.
        local = min(shared, self.shared.local_ttl) if info.active and self.shared else shared
        with self._lock:
            if question.spoilt and info.active:
                return 0.0
            # Questions asked earlier and still open will bring older answers.
            for other in self._on_way.get(question.key, ()):
                if other is question:
                    break
                other.spoilt = True
                self._flights.pop(question.key, None)
            self._active.pop(question.key, None)
            self._inactive.pop(question.key, None)
            if shared <= 0:
                return 0.0
            shelf = self._active if info.active else self._inactive
            kept = _Kept(_compact(info), now + local, now + seconds + self.stale_if_error, exp)
            self._counts["evictions"] += shelf.put(question.key, kept, now)
        return shared

    def drop(self, keys: list[bytes]) -> None:
        """Forget these, and keep no active answer about them that is on its way."""
        with self._lock:
            for key in keys:
                self._active.pop(key, None)
                self._inactive.pop(key, None)
                self._flights.pop(key, None)
                for question in self._on_way.get(key, ()):
                    question.spoilt = True

    def stand_in(self, key: bytes, runtime: Runtime) -> Introspection | None:
        """An old answer, where Okta could not be asked and ``stale_if_error`` allows it."""
        kept, now, wall = self._find_active(key), runtime.monotonic(), runtime.now()
        if kept is None or not self.stale_if_error or min(kept.last - now, kept.exp - wall) <= 0:
            return None
        # For a second: else each request would wait for a time-out of its own.
        kept.until = min(now + 1.0, kept.last)
        self.count("stale")
        return kept.info

    def _lifetime(self, info: Introspection, runtime: Runtime) -> float:
        limit = info.http.rate_limit
        if not info.active:
            return self.negative_ttl
        if limit is None or limit.remaining >= _RESERVE * limit.limit:
            return self.ttl
        seconds = max(self.ttl, min(2 * self.ttl, 120.0))
        if runtime.monotonic() >= self._next_log:
            self._next_log = runtime.monotonic() + 60.0
            text = "introspection: %d of %d requests left, active answers are kept for %g s"
            _LOGGER.warning(text, limit.remaining, limit.limit, seconds)
        return seconds


def _compact(info: Introspection) -> Introspection:
    """The answer as it is kept: without its headers, and sharing texts with the others."""
    members = {intern(name): value for name, value in info.raw.items()}
    scopes, aud = (tuple(map(intern, each)) for each in (info.scopes, info.aud))
    http = HttpInfo(info.http.status, Headers())
    return replace(info, scopes=scopes, aud=aud, raw=Members(members), http=http)


_CACHES: Final[weakref.WeakSet[IntrospectionCache]] = weakref.WeakSet()


def _after_fork() -> None:
    for cache in tuple(_CACHES):
        cache.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_after_fork)
