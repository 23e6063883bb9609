"""How a client asks through a cache: who asks Okta, who waits, and what is kept of the answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import partial
from hashlib import sha256
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx

from .._config import ORG, AuthServerId, checked_server_id
from .._errors import APIError, ConfigurationError, MalformedResponseError, OktaError
from .._http import Reply
from .._results import Introspection, introspection_of
from .._steps import Ask, Steps
from ._cache import IntrospectionCache, Question

if TYPE_CHECKING:
    from .._flow import Flow

_MOST_STATES: Final = 256
_HINTS: Final = (None, "access_token", "device_secret", "id_token", "refresh_token")


class About(NamedTuple):
    """What is asked about: a token, with which hint, and of which server."""

    token: str
    hint: str | None
    server: AuthServerId | None


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
        awaited = cache.shared is not None and iscoroutinefunction(cache.shared.load)
        if awaited and not asynchronous:
            raise ConfigurationError("OktaOIDC needs a plain tier: RedisIntrospectionTier")
        self._asynchronous: Final = asynchronous
        self._blocking: Final = asynchronous and not awaited
        self._states: Final[dict[tuple[object, str | None], Any]] = {}
        # What those who may wait for one another have in common: all threads, or one event loop.
        self._where: Callable[[], object] = lambda: threading
        self._event: Callable[[], Any] = threading.Event
        if asynchronous:
            from anyio import Event

            from .._wire.loops import PerLoop

            self._where, self._event = PerLoop(object).get, Event

    def kept(
        self, token: str, hint: str | None = None, server: AuthServerId | None = None
    ) -> Introspection | None:
        """The answer that is kept for ``token``, if it may be used now."""
        try:
            digest = self._states[server, hint].copy()
            digest.update(token.encode())
        except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
            # The first of its kind, or no token: what builds the request will say so.
            return None
        return self._find(digest.digest(), self._flow.runtime)

    def asking(
        self,
        run: Callable[[Steps[Introspection]], Any],
        steps: Steps[Introspection],
        about: About,
        *,
        fresh: bool,
    ) -> Steps[Introspection]:
        """Have one thread, or one task, ask by ``steps`` for all who want to know of this token.

        The task is nobody's: whoever started it may be cancelled, the others have their answer.
        ``run`` is the face's own way to drive steps.
        """
        key = self._key(about)
        if not fresh:
            self._cache.count("misses")
        while True:
            mine = Question(key, None if fresh else self._where(), self._event())
            question = self._cache.join(mine)
            if question is mine:
                asking = self._answer(mine, steps, about.token, fresh=fresh)
                yield Ask(self._begin if self._asynchronous else self._lead, mine, run, asking)
            yield Ask(question.done.wait)
            if question is mine and mine.raised is not None:
                raised, mine.raised = mine.raised, None
                raise raised
            if (answer := question.outcome()) is not None:
                return answer

    def _lead(self, question: Question, run: Callable[[Any], Any], asking: Any) -> None:
        try:
            question.answer = run(asking)
        except Exception as error:  # noqa: BLE001  # raised by all who wait
            question.failed(error)
        finally:
            self._cache.leave(question)

    async def _lead_task(self, question: Question, run: Callable[[Any], Any], asking: Any) -> None:
        try:
            question.answer = await run(asking)
        except Exception as error:  # noqa: BLE001  # raised by all who wait
            question.failed(error)
        finally:
            self._cache.leave(question)

    def _begin(self, question: Question, *args: Any) -> None:
        question.task = _started(partial(self._lead_task, question, *args))

    def _answer(
        self, question: Question, steps: Steps[Introspection], token: str, *, fresh: bool
    ) -> Steps[Introspection]:
        """Ask the shared tier, then Okta, and keep the answer."""
        key, cache, runtime = question.key, self._cache, self._flow.runtime
        if not fresh:
            info = cache.find(key, runtime, again=True) or (yield from self._shared(question))
            if info is not None:
                return info
        cache.count("calls")
        try:
            info = yield from steps
        except OktaError as error:
            old = None if fresh or not is_away(error) else cache.stand_in(key, runtime)
            if old is None:
                raise
            return old
        seconds = cache.keep(question, info, runtime)
        # One that quotes the token stays here.
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
            info = introspection_of(Reply(200, httpx.Headers(), json.dumps(members).encode()))
        except MalformedResponseError:
            return None
        self._cache.count("shared_hits")
        self._cache.keep(question, info, self._flow.runtime, left)
        return info

    def revoking(self, steps: Steps[None], token: str, server: AuthServerId | None) -> Steps[None]:
        """Revoke by ``steps``, and forget the token: one that fails may have been processed."""
        keys = [self._key(About(token, hint, server)) for hint in _HINTS]
        # Before it is sent, too: a cancelled task may not come back here until much later.
        self._cache.drop(keys)
        failure: Exception | None = None
        try:
            yield from steps
        except Exception as error:  # noqa: BLE001  # raised below
            failure = error
        self._cache.drop(keys)
        if self._tier:
            # Long enough for every answer on its way in another process to be refused.
            yield self._to_tier(self._tier.bar, keys, self._cache.ttl)
        if failure is not None:
            raise failure

    def _to_tier(self, function: Callable[..., Any], *args: object) -> Ask:
        return Ask(function, *args, blocking=self._blocking)

    def _key(self, about: About) -> bytes:
        state = self._states.get((about.server, about.hint))
        if state is None:
            server = self._flow.server
            named = checked_server_id(server.default if about.server is None else about.server)
            issuer = server.origin if named is ORG else f"{server.origin}/oauth2/{named}"
            state = sha256(f"{issuer}\0{self._flow.auth.client_id}\0{about.hint}\0".encode())
            # An id for each tenant must not fill the memory of a client that serves them all.
            if len(self._states) < _MOST_STATES:
                self._states[about.server, about.hint] = state
        digest = state.copy()
        digest.update(about.token.encode())
        return digest.digest()


def is_away(error: OktaError) -> bool:
    """Whether ``error`` means that Okta cannot answer now, and not that the question is wrong."""
    if isinstance(error, APIError):
        return error.retryable or error.status == 429 or error.status >= 500
    return not isinstance(error, ConfigurationError)


def _started(asked: Callable[[], Coroutine[Any, Any, None]]) -> object:
    """A task that outlives whoever started it."""
    from sniffio import current_async_library

    if current_async_library() == "trio":
        from trio.lowlevel import spawn_system_task

        return spawn_system_task(asked, context=copy_context())
    from asyncio import create_task

    return create_task(asked())
