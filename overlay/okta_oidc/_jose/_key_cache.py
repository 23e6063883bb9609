"""The public keys of one issuer: kept, renewed, and asked for once by all who need them.

A key that is known is used at once, and renewed behind that. One that is not known is asked for,
seldom enough that made-up key ids cannot turn an API into a load on Okta.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from .._flights import AsyncFlights, Flights, copied
from .._http import Reply
from .._refusals import malformed
from .._runtime import Runtime

_SHORTEST: Final = 300.0
_LONGEST: Final = 3600.0
_STALE: Final = 86_400.0
_COOLDOWN: Final = 30.0
_FIRST_BACKOFF: Final = 5.0
_LONGEST_BACKOFF: Final = 300.0
# The synchronous face has no thread to renew in: one caller pays, and no more than this.
_INLINE: Final = 1.0
_MAX_AGE: Final = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d+)", re.IGNORECASE)
# What makes a key; other members (certificates, Okta's status) are neither used nor checked.
_MEMBERS: Final = ("kty", "n", "e", "kid", "use", "alg", "key_ops")
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_WEAKEST: Final = 2048
# No RSA key that Okta could publish is near it, and what is may be slow to use.
_MOST_DIGITS: Final = 1400


class _Keys:
    """One answer of the key endpoint."""

    __slots__ = ("_by_kid", "_only", "fresh_until", "usable_until")

    def __init__(self, keys: list[RSAKey], fresh_until: float) -> None:
        self._by_kid: Final[dict[str, RSAKey | None]] = {}
        for key in keys:
            assert key.kid is not None
            # Two of one name: nobody can tell which is meant.
            self._by_kid[key.kid] = None if key.kid in self._by_kid else key
        self._only: Final = keys[0] if len(keys) == 1 else None
        self.fresh_until: Final = fresh_until
        self.usable_until: Final = fresh_until + _STALE

    def find(self, kid: str | None) -> tuple[RSAKey | None, bool]:
        """The key, and whether these keys answer the question. They may answer that none fits."""
        if kid is None:
            return self._only, True
        return self._by_kid.get(kid), kid in self._by_kid


class _KeyCache:
    """What does not depend on how keys are fetched."""

    def __init__(self, runtime: Callable[[], Runtime]) -> None:
        self._runtime: Final = runtime
        self._keys: _Keys | None = None
        self._failure: Exception | None = None
        self._failures = 0
        self._asked_at = float("-inf")
        self._again_at = float("-inf")

    def known(self, kid: str | None) -> RSAKey | None:
        """The key, if it is at hand and fresh."""
        keys = self._keys
        if keys is None or self._runtime().monotonic() >= keys.fresh_until:
            return None
        return keys.find(kid)[0]

    def _look(self, kid: str | None) -> tuple[RSAKey | None, bool, bool]:
        """The key; whether that is all there is to say; whether a renewal is due.

        Raises:
            OktaError: the key is not known, and Okta, asked a moment ago, did not say.
        """
        now = self._runtime().monotonic()
        keys = self._keys
        if keys is None or now >= keys.usable_until:
            return None, False, False
        key, answered = keys.find(kid)
        if answered:
            return key, True, now >= keys.fresh_until and now >= self._again_at
        if now >= self._asked_at + _COOLDOWN:
            return None, False, False
        return self._answer(kid), True, False

    def _answer(self, kid: str | None) -> RSAKey | None:
        """What the newest keys say.

        Raises:
            Exception: they do not know the key, and a later answer, which might, did not come.
        """
        key, answered = (None, False) if self._keys is None else self._keys.find(kid)
        if not answered and self._failure is not None:
            raise copied(self._failure)
        return key

    def _landed(self, reply: Reply) -> None:
        now = self._runtime().monotonic()
        keys = _Keys(_signing_keys(reply), now + _lifetime(reply))
        self._keys, self._failure, self._failures = keys, None, 0
        self._asked_at = now

    def _failed(self, error: Exception) -> None:
        self._asked_at = now = self._runtime().monotonic()
        self._again_at = now + min(_FIRST_BACKOFF * 2.0**self._failures, _LONGEST_BACKOFF)
        self._failures = min(self._failures + 1, 10)
        # A copy: the raised instance keeps a traceback whose frames hold what they passed.
        self._failure = copied(error)


class KeyCache(_KeyCache):
    """Keys for threads.

    ``fetch`` returns a 2xx ``Reply``, or raises; the seconds it is given, if any, are the most it
    may take.
    """

    def __init__(
        self,
        fetch: Callable[[float | None], Reply],
        runtime: Callable[[], Runtime],
    ) -> None:
        super().__init__(runtime)
        self._fetch: Final = fetch
        self._flights: Final[Flights[None]] = Flights()

    def key(self, kid: str | None) -> RSAKey | None:
        """The key of that name; without one, the only key there is; ``None`` if there is none.

        Raises:
            OktaError: the key is not known, and cannot be asked for.
        """
        key, answered, is_due = self._look(kid)
        if not answered:
            self._flights.join(partial(self._renew, None))
            return self._answer(kid)
        if is_due:
            self._flights.alone(self._renew_behind)
        return key

    def _renew(self, limit: float | None) -> None:
        try:
            self._landed(self._fetch(limit))
        except Exception as error:
            self._failed(error)
            raise

    def _renew_behind(self) -> None:
        with suppress(Exception):  # nobody asked: the key at hand is good
            self._renew(_INLINE)


class AsyncKeyCache(_KeyCache):
    """Keys for tasks, of one event loop or of several: see :class:`KeyCache`."""

    def __init__(
        self,
        fetch: Callable[[float | None], Awaitable[Reply]],
        runtime: Callable[[], Runtime],
    ) -> None:
        super().__init__(runtime)
        self._fetch: Final = fetch
        self._flights: Final[AsyncFlights[None]] = AsyncFlights()

    async def key(self, kid: str | None) -> RSAKey | None:
        key, answered, is_due = self._look(kid)
        if not answered:
            await self._flights.join(self._renew)
            return self._answer(kid)
        if is_due:
            self._flights.start(self._renew)
        return key

    async def _renew(self) -> None:
        try:
            self._landed(await self._fetch(None))
        except Exception as error:
            self._failed(error)
            raise


def _lifetime(reply: Reply) -> float:
    found = _MAX_AGE.search(reply.headers.get("cache-control", ""))
    return min(max(float(found[1]) if found else 0.0, _SHORTEST), _LONGEST)


def _signing_keys(reply: Reply) -> list[RSAKey]:
    """The keys that can have signed a token, one by one: one that cannot be read spoils no other.

    Raises:
        MalformedResponseError: it holds nothing that is a JWK (RFC 7517 §4).
    """
    members = reply.members() or {}
    published = members.get("keys")
    items = cast("list[object]", published) if isinstance(published, list) else []
    jwks = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
    # Keys that cannot have signed a token are an answer all the same: those at hand are retired.
    if not any(isinstance(jwk.get("kty"), str) for jwk in jwks):
        raise malformed(reply, "it holds no keys")
    return [key for key in map(_signing_key, jwks) if key is not None]


def _signing_key(members: dict[str, Any]) -> RSAKey | None:
    use, alg = members.get("use", "sig"), members.get("alg", "RS256")
    if members.get("kty") != "RSA" or use != "sig" or alg != "RS256" or _PRIVATE & members.keys():
        return None
    if not isinstance(members.get("kid"), str):
        return None
    modulus, operations = members.get("n"), members.get("key_ops", ["verify"])
    if not isinstance(modulus, str) or len(modulus) > _MOST_DIGITS:
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    public: dict[str, Any] = {name: members[name] for name in _MEMBERS if name in members}
    try:
        # joserfc's own import warns of a weak key, and takes it.
        native = RSAKey.binding.import_from_dict(public)
        key = RSAKey(native, public)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    return key if native.key_size >= _WEAKEST else None
