"""How a client asks through a cache: who asks Okta, who waits, and what is kept of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from inspect import iscoroutinefunction
from typing import Any, Final, TypeAlias

import httpx

from .._config import AuthServerId
from .._errors import APIError, ConfigurationError, MalformedResponseError, OktaError
from .._flights import AsyncFlights, Flights
from .._flow import Flow
from .._http import Reply
from .._introspection import Introspection, read_introspection
from .._steps import Ask, Steps
from ._cache import IntrospectionCache, Question

Asking: TypeAlias = Steps[Introspection]
Questioning: TypeAlias = Callable[[], Asking]
Run: TypeAlias = Callable[[Asking], Any]

_MOST_STATES: Final = 256


class CachedIntrospection:
    """A cache as one client sees it.

    Raises:
        ConfigurationError: the client cannot await what the cache's shared tier does.
    """

    def __init__(self, cache: IntrospectionCache, flow: Flow, *, asynchronous: bool) -> None:
        self._cache: Final = cache
        self._find: Final = cache.find
        self._flow: Final = flow
        self._tier: Final = cache.shared
        awaited = iscoroutinefunction(getattr(cache.shared, "load", None))
        if awaited and not asynchronous:
            raise ConfigurationError("OktaOIDC needs a plain tier: RedisIntrospectionTier")
        self._flights: Final[type[Flights[Any] | AsyncFlights[Any]]] = (
            AsyncFlights if asynchronous else Flights
        )
        self._blocking: Final = asynchronous and not awaited
        self._states: Final[dict[AuthServerId | None, Any]] = {}

    def kept(self, token: str, server: AuthServerId | None = None) -> Introspection | None:
        """The answer that is kept for ``token``, if it may be used now."""
        try:
            digest = self._states[server].copy()
            digest.update(token.encode())
        except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
            # The server's first, or no token: what builds the request will say so.
            return None
        return self._find(digest.digest(), self._flow.runtime)

    def asking(
        self, run: Run, ask: Questioning, token: str, server: AuthServerId | None, *, fresh: bool
    ) -> Asking:
        """Have one thread, or one task, ask for all who want to know of this token.

        The task belongs to no caller: the one who started it may be cancelled, and the others
        still have their answer.
        ``ask`` makes the steps that ask Okta, ``run`` is the face's own way to drive steps.
        """
        key = self._key(token, server)
        if fresh:
            return (yield from self._answer(key, ask, token, fresh=True))
        self._cache.missed()
        flights = self._cache.flights(key, self._flights)
        work = lambda: run(self._answer(key, ask, token, fresh=False))  # noqa: E731
        answer: Introspection = yield Ask(flights.join, work)
        return answer

    def _answer(self, key: bytes, ask: Questioning, token: str, *, fresh: bool) -> Asking:
        """Ask the shared tier, then Okta, and keep the answer."""
        question = self._cache.begin(key)
        try:
            return (yield from self._answered(question, ask, token, fresh=fresh))
        finally:
            self._cache.leave(question)

    def _answered(self, question: Question, ask: Questioning, token: str, *, fresh: bool) -> Asking:
        key, cache, runtime = question.key, self._cache, self._flow.runtime
        if not fresh:
            if (info := cache.find(key, runtime, again=True)) is None:
                info = yield from self._shared(question)
            if info is not None:
                return info
        cache.count("calls")
        try:
            info = yield from ask()
        except OktaError as error:
            if fresh or not is_away(error) or (old := cache.stand_in(key, runtime)) is None:
                raise
            return old
        seconds = cache.keep(question, info, runtime)
        # An answer that quotes the token is not shared.
        if seconds and self._tier and token not in str(members := dict(info.raw)):
            yield self._to_tier(self._tier.store, key, members, seconds, not info.active)
        return info

    def _shared(self, question: Question) -> Steps[Introspection | None]:
        found: Any = self._tier and (yield self._to_tier(self._tier.load, question.key))
        if not found:
            return None
        members, left = found
        if not members:
            # Revoked by another process: an old answer must not stand in either.
            self._cache.drop([question.key])
            return None
        try:
            info = read_introspection(Reply(200, httpx.Headers(), json.dumps(members).encode()))
        except MalformedResponseError:
            return None
        self._cache.count("shared_hits")
        self._cache.keep(question, info, self._flow.runtime, left)
        return info

    def revoking(
        self, steps: Steps[None], tokens: tuple[str, ...], server: AuthServerId | None
    ) -> Steps[None]:
        """Revoke by ``steps``, and forget the tokens, as even a failure may have been processed."""
        keys = [self._key(token, server) for token in tokens]
        # Before it is sent, too: a cancelled task may not come back here until much later.
        self._cache.drop(keys)
        if self._tier:
            # Longer than any call: an answer that is on its way to another process must not be
            # stored after this.
            yield self._to_tier(self._tier.bar, keys, self._cache.ttl + 60.0)
        try:
            yield from steps
        finally:
            self._cache.drop(keys)

    def _to_tier(self, function: Callable[..., Any], *args: object) -> Ask:
        return Ask(function, *args, blocking=self._blocking)

    def _key(self, token: str, server_id: AuthServerId | None) -> bytes:
        state = self._states.get(server_id)
        if state is None:
            server = self._flow.server
            issuer = server.issuer(server.named(server_id))
            state = sha256(f"{issuer}\0{self._flow.auth.client_id}\0".encode())
            # An id for each tenant must not fill the memory of a client that serves them all.
            if len(self._states) < _MOST_STATES:
                self._states[server_id] = state
        digest = state.copy()
        digest.update(token.encode())
        return digest.digest()


def is_away(error: OktaError) -> bool:
    """Whether ``error`` means that Okta cannot answer now, and not that the question is wrong."""
    if isinstance(error, APIError):
        return error.retryable or error.status == 429 or error.status >= 500
    return not isinstance(error, ConfigurationError)
