"""How a client asks through a cache: who asks Okta, who waits, and what is kept of the answer."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from copy import copy
from functools import partial
from hashlib import sha256
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Protocol

from .._config import ORG, AuthServerId, checked_server_id
from .._errors import (
    APIError,
    ConfigurationError,
    MalformedResponseError,
    OktaError,
    RateLimitError,
    ServerError,
    TransportError,
)
from .._steps import Ask, Steps
from ._cache import IntrospectionCache, Question
from ._tiers import read, written

if TYPE_CHECKING:
    from .._flow import Flow
    from .._results import Introspection

_MOST_STATES: Final = 256
_HINTS: Final = (None, "access_token", "device_secret", "id_token", "refresh_token")


class Run(Protocol):
    """A face's way to drive steps."""

    def __call__(self, steps: Steps[Introspection], /) -> Introspection: ...


class AsyncRun(Protocol):
    """An asynchronous face's way to drive steps."""

    def __call__(self, steps: Steps[Introspection], /) -> Awaitable[Introspection]: ...


_THREADS: Final = object()


class CachedIntrospection:
    """A cache as one client sees it.

    Args:
        asynchronous: whether the client is.

    Raises:
        ConfigurationError: the client cannot await what the cache's shared tier does.
    """

    def __init__(
        self,
        cache: IntrospectionCache,
        flow: Flow,
        *,
        asynchronous: bool,
    ) -> None:
        self._cache: Final = cache
        self._find: Final = cache.find
        self._flow: Final = flow
        self._tier: Final[Any] = cache.shared
        awaited = cache.shared is not None and iscoroutinefunction(cache.shared.load)
        if awaited and not asynchronous:
            raise ConfigurationError("OktaOIDC needs a synchronous tier: RedisIntrospectionTier")
        self._blocking: Final = asynchronous and not awaited
        self._states: Final[dict[tuple[object, str | None], Any]] = {}

    def kept(
        self, token: str, hint: str | None = None, auth_server_id: AuthServerId | None = None
    ) -> Introspection | None:
        """The answer that is kept for ``token``, if it may be used now."""
        try:
            digest = self._states[auth_server_id, hint].copy()
            digest.update(token.encode())
        except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
            # The first of its kind, or no token: what builds the request will say so.
            return None
        return self._find(digest.digest(), self._flow.runtime)

    def ask(
        self,
        run: Run,
        steps: Steps[Introspection],
        token: str,
        hint: str | None,
        auth_server_id: AuthServerId | None,
        *,
        fresh: bool,
    ) -> Introspection:
        """Have one thread ask for all who want to know of this token."""
        key = self._key(token, hint, auth_server_id)
        self._cache.count(misses=not fresh)
        while True:
            mine = Question(key, None if fresh else _THREADS, threading.Event())
            question = self._cache.join(mine)
            if question is mine:
                try:
                    mine.answer = run(self._asking(mine, steps, token, fresh=fresh))
                except Exception as error:
                    mine.failure = _without_traceback(error)
                    raise
                finally:
                    self._cache.leave(mine)
                    mine.done.set()
                return mine.answer
            question.done.wait()
            if (answer := question.outcome()) is not None:
                return answer

    async def ask_async(
        self,
        run: AsyncRun,
        steps: Steps[Introspection],
        token: str,
        hint: str | None,
        auth_server_id: AuthServerId | None,
        *,
        fresh: bool,
    ) -> Introspection:
        """Have one task ask for all who want to know of this token.

        It is nobody's: whoever started it may be cancelled, the others have their answer.
        """
        from asyncio import create_task, get_running_loop

        from anyio import Event
        from sniffio import current_async_library

        key = self._key(token, hint, auth_server_id)
        trio = current_async_library() == "trio"
        self._cache.count(misses=not fresh)
        loop = _trio_run() if trio else get_running_loop()
        while True:
            mine = Question(key, None if fresh else loop, Event())
            question = self._cache.join(mine)
            if question is mine:
                asking = self._asking(mine, steps, token, fresh=fresh)
                if fresh:
                    try:
                        return await run(asking)
                    finally:
                        self._cache.leave(mine)
                asked = partial(self._asked, mine, run, asking)
                mine.task = _spawn_in_trio(asked) if trio else create_task(asked())
            await question.done.wait()
            if question is mine and mine.raised is not None:
                raised, mine.raised = mine.raised, None
                raise raised
            if (answer := question.outcome()) is not None:
                return answer

    async def _asked(self, question: Question, run: AsyncRun, steps: Steps[Introspection]) -> None:
        try:
            question.answer = await run(steps)
        except Exception as error:  # noqa: BLE001  # raised by all who wait
            question.raised = error
            question.failure = _without_traceback(error)
        finally:
            self._cache.leave(question)
            question.done.set()

    def _asking(
        self, question: Question, steps: Steps[Introspection], token: str, *, fresh: bool
    ) -> Steps[Introspection]:
        """Ask the shared tier, then Okta, and keep the answer."""
        key = question.key
        cache = self._cache
        if not fresh:
            if (kept := cache.find_again(key, self._flow.runtime)) is not None:
                return kept
            if (info := (yield from self._shared(question))) is not None:
                return info
        cache.count(calls=1)
        try:
            info = yield from steps
        except OktaError as error:
            old = None if fresh or not is_away(error) else cache.stand_in(key, self._flow.runtime)
            if old is None:
                raise
            return old
        seconds = cache.keep(question, info, self._flow.runtime)
        if seconds and self._tier and (document := written(key, token, info)) is not None:
            replaces = not info.active
            yield self._to_tier(self._tier.store, key, document, seconds, replaces)
        return info

    def _shared(self, question: Question) -> Steps[Introspection | None]:
        if self._tier is None:
            return None
        found = yield self._to_tier(self._tier.load, question.key)
        if found is None:
            return None
        document, seconds = found
        if not document:
            # Revoked by another process: an old answer must not stand in either.
            self._cache.drop([question.key])
            return None
        info = read(question.key, document)
        if info is not None:
            self._cache.keep_shared(question, info, seconds, self._flow.runtime)
        return info

    def revoking(
        self, steps: Steps[None], token: str, auth_server_id: AuthServerId | None
    ) -> Steps[None]:
        """Revoke by ``steps``, and forget the token: one that fails may have been processed."""
        keys = [self._key(token, hint, auth_server_id) for hint in _HINTS]
        # Before it is sent, too: a cancelled task may not come back here until much later.
        self._cache.drop(keys)
        try:
            yield from steps
        except Exception:
            yield from self._forget(keys)
            raise
        except BaseException:
            self._cache.drop(keys)
            raise
        yield from self._forget(keys)

    def _forget(self, keys: list[bytes]) -> Steps[None]:
        self._cache.drop(keys)
        if self._tier:
            # Long enough for every answer on its way in another process to be refused.
            yield self._to_tier(self._tier.bar, keys, self._cache.ttl)

    def _to_tier(self, function: Callable[..., Any], *args: object) -> Ask:
        return Ask(function, *args, blocking=self._blocking)

    def _key(self, token: str, hint: str | None, auth_server_id: AuthServerId | None) -> bytes:
        state = self._states.get((auth_server_id, hint))
        if state is None:
            server = self._flow.server
            path = checked_server_id(server.default if auth_server_id is None else auth_server_id)
            issuer = server.origin if path is ORG else f"{server.origin}/oauth2/{path}"
            names = (issuer, self._flow.auth.client_id, hint or "", "")
            state = sha256("\0".join(names).encode())
            # An id for each tenant must not fill the memory of a client that serves them all.
            if len(self._states) < _MOST_STATES:
                self._states[auth_server_id, hint] = state
        digest = state.copy()
        digest.update(token.encode())
        return digest.digest()


def is_away(error: OktaError) -> bool:
    """Whether ``error`` means that Okta cannot answer now, and not that the question is wrong."""
    match error:
        case TransportError() | MalformedResponseError() | RateLimitError() | ServerError():
            return True
        case APIError():
            return error.retryable
        case _:
            return False


def _without_traceback(error: Exception) -> Exception | None:
    """A copy for others to raise; of one that cannot be copied ``None``: they ask, too."""
    try:
        return copy(error)
    except Exception:  # noqa: BLE001  # a class of the caller's own, with a constructor of its own
        return None


def _trio_run() -> object:
    import trio

    return trio.lowlevel.current_trio_token()


def _spawn_in_trio(asked: Callable[[], Awaitable[None]]) -> object:
    import trio

    return trio.lowlevel.spawn_system_task(asked, context=copy_context())
