"""The public keys of one issuer: kept, renewed, and asked for once by all who need them.

A known key is used at once, and renewed when it is stale. An unknown key id is asked for once in a
cooldown, so that made-up key ids do not cause load on Okta.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from .._config import AuthServerId
from .._flights import AsyncFlights, Flights, copied
from .._http import Reply
from .._operations import Endpoint, Operation, Request
from .._refusals import malformed
from .._retry import NEVER
from .._steps import Ask, Steps

if TYPE_CHECKING:
    from .._senders import AsyncSender, Sender

KEYS: Final = Endpoint("keys", "org_keys", "custom_keys")

# Seconds. Keys are fresh for the answer's max-age within the first two, and usable for a day more
# while no newer ones can be had. A key id that is not known is asked for once in a cooldown; while
# there are no keys at all, after a failure's back-off, which is shorter at first.
_SHORTEST: Final = 300.0
_LONGEST: Final = 3600.0
_STALE: Final = 86_400.0
_COOLDOWN: Final = 30.0
_FIRST_BACKOFF: Final = 5.0
_LONGEST_BACKOFF: Final = 300.0
# The synchronous face has no thread to renew in: one caller waits, for this many seconds at most.
_INLINE: Final = 1.0
_MAX_AGE: Final = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d+)", re.IGNORECASE)
# What makes a key; other members (certificates, Okta's status) are neither used nor checked.
_MEMBERS: Final = ("kty", "n", "e", "kid", "use", "alg", "key_ops")
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_WEAKEST: Final = 2048  # bits (RFC 7518 §3.3)
# Base64url digits of a modulus, 8,400 bits. No key of Okta's is near it, and one might be slow.
_MOST_DIGITS: Final = 1400


@dataclass(frozen=True, slots=True)
class _Published:
    """One answer of the key endpoint."""

    keys: dict[str | None, RSAKey | None]
    """By key id, or ``None`` for a token that names none; ``None`` where no one key is meant."""
    fresh_until: float


class Keys:
    """The keys of ``server``, for threads or for tasks, of one event loop or of several."""

    def __init__(self, sender: Sender | AsyncSender, server: AuthServerId) -> None:
        from .._senders import Sender

        self._sender: Final = sender
        self._server: Final = server
        self._flights: Flights[None] | AsyncFlights[None] = AsyncFlights()
        self._limit: float | None = None
        if isinstance(sender, Sender):
            self._flights, self._limit = Flights(), _INLINE
        self._published = _Published({}, float("-inf"))
        self._failure: Exception | None = None
        self._failures = 0
        self._asked_at = float("-inf")
        self._again_at = float("-inf")

    def key(self, kid: str | None) -> Steps[RSAKey | None]:
        """The key of that name; without one, the only key there is; ``None`` if there is none.

        Raises:
            OktaError: the key is not known, and cannot be asked for.
        """
        now, published = self._now(), self._published
        is_usable = now < published.fresh_until + _STALE
        if is_usable and kid in published.keys:
            if now >= max(published.fresh_until, self._again_at):
                yield Ask(self._flights.start, lambda: self._sender.run(self._renewed_behind()))
            return published.keys[kid]
        due = self._asked_at + _COOLDOWN
        if now >= (due if is_usable else min(due, self._again_at)):
            yield Ask(self._flights.join, lambda: self._sender.run(self._renewed(None)))
        published = self._published
        if (failure := self._failure) is not None and not (is_usable and kid in published.keys):
            # A later answer, which might know the key, did not come.
            raise copied(failure)
        return published.keys.get(kid)

    @property
    def are_there(self) -> bool:
        """Whether there are keys, when they have been asked for."""
        return bool(self._published.keys)

    def _renewed_behind(self) -> Steps[None]:
        with suppress(Exception):  # nobody asked: the key at hand is good
            yield from self._renewed(self._limit)

    def _renewed(self, limit: float | None) -> Steps[None]:
        """Ask for the keys; ``limit`` is the seconds that one attempt, and no other, may take."""
        request = KEYS.request(self._server)
        request.seconds = limit
        retry = None if limit is None else NEVER
        try:
            # Run as a step of its own, so that exceptions of a caller's transport are caught, too.
            asking = self._sender.flow.steps(Operation(request, _read), retry=retry)
            keys, lifetime = yield Ask(self._sender.run, asking)
        except Exception as error:
            # A copy: the raised instance keeps a traceback whose frames hold what they passed.
            self._failure, now = copied(error), self._now()
            self._again_at = now + min(_FIRST_BACKOFF * 2.0**self._failures, _LONGEST_BACKOFF)
            self._failures = min(self._failures + 1, 10)
            # Last: whoever sees this, in another thread, sees the failure too.
            self._asked_at = now
            raise
        now = self._now()
        self._published = _Published(keys, now + lifetime)
        self._failure, self._failures = None, 0
        self._asked_at = now

    def _now(self) -> float:
        return self._sender.flow.runtime.monotonic()


def _read(reply: Reply, request: Request) -> tuple[dict[str | None, RSAKey | None], float]:
    """The published keys, and for how many seconds they are fresh."""
    found = _MAX_AGE.search(reply.headers.get("cache-control", ""))
    return _signing_keys(reply), min(max(float(found[1]) if found else 0.0, _SHORTEST), _LONGEST)


def _signing_keys(reply: Reply) -> dict[str | None, RSAKey | None]:
    """The keys that can have signed a token, one by one: one that cannot be read spoils no other.

    Raises:
        MalformedResponseError: it holds nothing that is a JWK (RFC 7517 §4).
    """
    members = reply.members() or {}
    published = members.get("keys")
    items = cast("list[object]", published) if isinstance(published, list) else []
    jwks = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
    # A set without usable keys is a valid answer, and retires the keys at hand.
    if not any(isinstance(jwk.get("kty"), str) for jwk in jwks):
        raise malformed(reply, "it holds no keys")
    found = [key for key in map(_signing_key, jwks) if key is not None]
    keys: dict[str | None, RSAKey | None] = {}
    for key in found:
        keys[None] = key if len(found) == 1 else None
        # Two of one name: nobody can tell which is meant.
        keys[key.kid] = None if key.kid in keys else key
    return keys


def _signing_key(members: dict[str, Any]) -> RSAKey | None:
    use, alg = members.get("use", "sig"), members.get("alg", "RS256")
    if members.get("kty") != "RSA" or use != "sig" or alg != "RS256" or _PRIVATE & members.keys():
        return None
    modulus, operations = members.get("n"), members.get("key_ops", ["verify"])
    if not isinstance(members.get("kid"), str):
        return None
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
