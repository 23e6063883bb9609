"""What introspection answered, kept for a while in this process.

The wall clock is compared with a token's ``exp`` alone; every other time is monotonic.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections import OrderedDict
from copy import copy
from dataclasses import dataclass, replace
from sys import intern
from typing import Any, Final

from .._errors import ConfigurationError
from .._http import Headers, HttpInfo, Members
from .._results import Introspection
from .._retry import is_number
from .._runtime import Runtime
from ._tiers import AsyncIntrospectionTier, IntrospectionTier

_LOGGER: Final = logging.getLogger("okta_oidc")

_DAY: Final = 86_400
_MOST_ENTRIES: Final = 100_000_000

# With less than this share of a rate limit left, active answers are kept twice as long.
_RESERVE: Final = 0.1
_LONGEST_DOUBLED: Final = 120.0
_LOG_EVERY: Final = 60.0

# Members that many tokens have in common.
_ALIKE: Final = frozenset({"aud", "client_id", "iss", "scope", "token_type"})

# For how long an answer that stands in for a failed call is handed out before the next call.
_STALE_PAUSE: Final = 1.0


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
    misses: int
    shared_hits: int
    calls: int
    evictions: int
    stale: int


class _Kept:
    """One answer. The first three are points in monotonic time, ``exp`` is one in epoch seconds."""

    __slots__ = ("exp", "info", "last", "seen", "until")

    def __init__(self, info: Introspection, until: float, last: float, exp: float) -> None:
        self.info: Final = info
        self.until = until
        self.last: Final = last
        self.exp: Final = exp
        self.seen = False


class _Shelf:
    """Answers in the order they came, ``limit`` at most. Reading takes no lock.

    When there is no room, the oldest goes, unless it was read since it came or was last spared:
    then it is spared once more, and the next oldest is looked at ("second chance").
    """

    __slots__ = ("get", "limit", "pop", "rows")

    def __init__(self, limit: int) -> None:
        self.limit: Final = limit
        self.rows: Final[OrderedDict[bytes, _Kept]] = OrderedDict()
        self.get: Final = self.rows.get
        self.pop: Final = self.rows.pop

    def put(self, key: bytes, kept: _Kept, now: float) -> int:
        """Keep an answer; the number of others that had to go."""
        gone = 0
        rows = self.rows
        if key not in rows:
            while len(rows) >= self.limit:
                oldest, row = rows.popitem(last=False)
                if row.seen and row.last > now:
                    row.seen = False
                    rows[oldest] = row
                else:
                    gone += 1
        rows[key] = kept
        return gone


class Question:
    """One token that is being asked about.

    ``where`` is what those who may wait for its answer have in common: all threads, or one event
    loop; ``None`` if nobody may. A ``spoilt`` one was overtaken: by a revocation, or by a question
    put later and answered earlier. Nobody joins it, and an active answer to it is not kept.
    """

    __slots__ = ("answer", "done", "failure", "key", "raised", "spoilt", "task", "where")

    def __init__(self, key: bytes, where: object, done: Any) -> None:
        self.key: Final = key
        self.where: Final = where
        # An event of threads, or of the loop.
        self.done: Final = done
        self.spoilt = False
        self.answer: Introspection | None = None
        # What whoever asked raises, and what the others raise copies of.
        self.raised: Exception | None = None
        self.failure: Exception | None = None
        # The loop holds tasks weakly.
        self.task: object = None

    def outcome(self) -> Introspection | None:
        """The answer; ``None`` if whoever asked was torn away, or failed in a way of its own."""
        if self.failure is not None:
            # An exception of one's own: a raised one keeps the traceback of where it was raised.
            raise copy(self.failure)
        return self.answer


class IntrospectionCache:
    """Keeps what introspection answered: an argument of the clients, which do without unless given.

    A token that is revoked elsewhere keeps working for up to ``ttl`` seconds: how long that may be
    is the team's to decide. Clients may share one cache; each asks with its own client id, and
    none is told what another was.

    Args:
        ttl: seconds for which an active answer is used, never past the token's ``exp``. With less
            than a tenth of Okta's rate limit left it is doubled, at most to 120 s.
        negative_ttl: seconds for which an inactive answer is used; 0 keeps none.
        max_entries: active answers at most, about 2 kB each; and a quarter as many inactive ones,
            kept apart so that made-up tokens evict no good one.
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
        shared: IntrospectionTier | AsyncIntrospectionTier | None = None,
    ) -> None:
        self.ttl: Final = _seconds("ttl", ttl)
        if not self.ttl:
            raise ConfigurationError("ttl must be above 0: leave the cache out to keep nothing")
        self.negative_ttl: Final = _seconds("negative_ttl", negative_ttl)
        self.stale_if_error: Final = _seconds("stale_if_error", stale_if_error)
        if type(max_entries) is not int or not 1 <= max_entries <= _MOST_ENTRIES:
            raise ConfigurationError("max_entries must be a whole number of at least 1")
        asked = ("load", "store", "bar") if shared is not None else ()
        if not all(callable(getattr(shared, name, None)) for name in asked):
            raise ConfigurationError(
                f"shared must be a tier of okta_oidc.redis, not {type(shared).__name__}"
            )
        self.max_entries: Final = max_entries
        self.shared: Final = shared
        self._active: Final = _Shelf(max_entries)
        self._inactive: Final = _Shelf(max(1, max_entries // 4))
        self._find_active: Final = self._active.get
        self._hits = self._misses = self._shared_hits = 0
        self._calls = self._evictions = self._stale = 0
        self._next_log = -_LOG_EVERY
        self.after_fork()
        _CACHES.add(self)

    def after_fork(self) -> None:
        """Start anew: a thread that held the lock, or asked a question, is not there in a child."""
        self._lock = threading.Lock()
        self._on_way: dict[bytes, list[Question]] = {}

    def __repr__(self) -> str:
        return f"IntrospectionCache(ttl={self.ttl}, {len(self)} kept)"

    def __len__(self) -> int:
        """How many answers are held, used-up ones that nobody asked for again included."""
        return len(self._active.rows) + len(self._inactive.rows)

    def __bool__(self) -> bool:
        # Not by `__len__`: an empty one is a cache all the same.
        return True

    @property
    def stats(self) -> IntrospectionStats:
        """What the cache has done so far."""
        return IntrospectionStats(
            self._hits, self._misses, self._shared_hits, self._calls, self._evictions, self._stale
        )

    def clear(self) -> None:
        """Forget every answer of this process, and those on their way. The shared tier stays."""
        with self._lock:
            self._active.rows.clear()
            self._inactive.rows.clear()
            for questions in self._on_way.values():
                for question in questions:
                    question.spoilt = True

    # What the clients call

    def find(self, key: bytes, runtime: Runtime) -> Introspection | None:
        """A kept answer that may be used now. No lock: one atomic look into a dictionary."""
        kept = self._find_active(key) or self._inactive.get(key)
        if kept is None or kept.until <= runtime.monotonic() or kept.exp <= runtime.now():
            return None
        kept.seen = True
        self._hits += 1
        return kept.info

    def find_again(self, key: bytes, runtime: Runtime) -> Introspection | None:
        """:meth:`find` for one who has missed it once: no hit."""
        kept = self._find_active(key) or self._inactive.get(key)
        if kept is None or kept.until <= runtime.monotonic() or kept.exp <= runtime.now():
            return None
        return kept.info

    def join(self, question: Question) -> Question:
        """The question under way that ``question`` may wait for, or itself, now under way."""
        with self._lock:
            others = self._on_way.setdefault(question.key, [])
            if question.where is not None:
                for other in others:
                    if other.where is question.where and not other.spoilt:
                        return other
            others.append(question)
            return question

    def leave(self, question: Question) -> None:
        """Say that ``question`` is no longer under way."""
        with self._lock:
            others = self._on_way.get(question.key, [])
            if question in others:
                others.remove(question)
            if not others:
                self._on_way.pop(question.key, None)

    def count(self, *, misses: int = 0, calls: int = 0, shared_hits: int = 0) -> None:
        """Count what was done for a question."""
        with self._lock:
            self._misses += misses
            self._calls += calls
            self._shared_hits += shared_hits

    def keep(self, question: Question, info: Introspection, runtime: Runtime) -> float:
        """Keep Okta's answer; seconds for which others may keep it too, 0 for not at all."""
        seconds = self._lifetime(info, runtime) if info.active else self.negative_ttl
        return self._keep(question, info, seconds, runtime)

    def keep_shared(
        self, question: Question, info: Introspection, seconds: float, runtime: Runtime
    ) -> None:
        """Keep an answer of the shared tier, which is good for ``seconds`` more."""
        self.count(shared_hits=1)
        self._keep(question, info, seconds, runtime)

    def _keep(
        self, question: Question, info: Introspection, seconds: float, runtime: Runtime
    ) -> float:
        key = question.key
        local = seconds
        if info.active and self.shared is not None:
            # Another process may revoke the token, and can only tell the shared tier.
            local = min(seconds, self.shared.local_ttl)
        now = runtime.monotonic()
        exp = float("inf") if info.expires_at is None else info.expires_at.timestamp()
        left = exp - runtime.now()
        with self._lock:
            if question.spoilt and info.active:
                return 0.0
            # Those who asked earlier, and are answered later, know less.
            for other in self._on_way.get(key, ()):
                if other is question:
                    break
                other.spoilt = True
            if min(seconds, left) <= 0:
                self._drop(key)
                return 0.0
            shelf, other_shelf = self._active, self._inactive
            last = now + seconds + self.stale_if_error
            if not info.active:
                shelf, other_shelf, last = other_shelf, shelf, now
            kept = _Kept(_compact(info), now + min(local, left), last, exp)
            other_shelf.pop(key, None)
            self._evictions += shelf.put(key, kept, now)
        return min(seconds, left)

    def drop(self, keys: list[bytes]) -> None:
        """Forget these, and keep no active answer about them that is on its way."""
        with self._lock:
            for key in keys:
                self._drop(key)
                for question in self._on_way.get(key, ()):
                    question.spoilt = True

    def _drop(self, key: bytes) -> None:
        self._active.pop(key, None)
        self._inactive.pop(key, None)

    def stand_in(self, key: bytes, runtime: Runtime) -> Introspection | None:
        """An old answer, where Okta could not be asked and ``stale_if_error`` allows it."""
        kept = self._find_active(key)
        now = runtime.monotonic()
        if not self.stale_if_error or kept is None:
            return None
        if kept.last <= now or kept.exp <= runtime.now():
            return None
        with self._lock:
            self._stale += 1
            # Else each request would wait for a time-out of its own.
            kept.until = min(now + _STALE_PAUSE, kept.last)
        return kept.info

    def _lifetime(self, info: Introspection, runtime: Runtime) -> float:
        limit = info.http.rate_limit
        if limit is None or not limit.limit or limit.remaining >= _RESERVE * limit.limit:
            return self.ttl
        seconds = max(self.ttl, min(2 * self.ttl, _LONGEST_DOUBLED))
        now = runtime.monotonic()
        with self._lock:
            due = now >= self._next_log
            if due:
                self._next_log = now + _LOG_EVERY
        if due:
            _LOGGER.warning(
                "introspection: %d of %d requests left, active answers are kept for %g s",
                limit.remaining,
                limit.limit,
                seconds,
            )
        return seconds


def _compact(info: Introspection) -> Introspection:
    """The answer as it is kept: without its headers but one, and sharing texts with the others."""
    import httpx

    request_id = info.http.request_id
    headers = [] if request_id is None else [("x-okta-request-id", request_id)]
    members = {
        intern(name): intern(value) if name in _ALIKE and type(value) is str else value
        for name, value in info.raw.items()
    }
    return replace(
        info,
        scopes=tuple(map(intern, info.scopes)),
        aud=tuple(map(intern, info.aud)),
        client_id=members.get("client_id"),
        iss=members.get("iss"),
        token_type=members.get("token_type"),
        raw=Members(members),
        http=HttpInfo(info.http.status, Headers(httpx.Headers(headers))),
    )


def _seconds(name: str, value: float) -> float:
    if not is_number(value) or not 0 <= value <= _DAY:
        raise ConfigurationError(f"{name} must be a number of seconds, from 0 to a day")
    return float(value)


_CACHES: Final[weakref.WeakSet[IntrospectionCache]] = weakref.WeakSet()


def _renew_locks() -> None:
    for cache in tuple(_CACHES):
        cache.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_renew_locks)
