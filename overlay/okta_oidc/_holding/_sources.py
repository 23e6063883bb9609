"""The faces of what is held: for threads and for tasks, for a service's tokens and a user's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, NoReturn, TypeAlias, cast

from .._config import AuthServerId, check_kind
from .._errors import ConfigurationError
from .._flights import AsyncFlights, Flights
from .._operations import GrantModel
from .._results import Tokens
from .._retry import is_number
from .._silence import silent
from ._engine import Engine
from ._renewal import GrantRenewal, RefreshRenewal, Renewal
from ._rows import Era, Held, HeldTokens
from ._stores import AsyncMemoryTokenStore, AsyncTokenStore, MemoryTokenStore, TokenStore

Grant: TypeAlias = GrantModel | Mapping[str, object]

# Seconds between renewals that an API's refusals ask for: one that refuses every token must not
# turn each of its requests into one at Okta.
FORCED_EVERY: Final = 10.0
# Okta's longest grace period for a rotated refresh token, in seconds.
_MOST_GRACE: Final = 60.0


class _Source:
    """What the faces share."""

    def __init__(self, renewal: Renewal) -> None:
        self._renewal: Final = renewal
        self._runtime: Final = renewal.engine.runtime
        # Replaced whole: a renewal that was under way does not bring back what has ended.
        self._era = Era()
        self._forced_at = float("-inf")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds tokens and cannot be pickled")

    @property
    def dpop(self) -> Any:
        """The :class:`DPoP` that the tokens are bound to; ``None`` if they are not."""
        return self._renewal.engine.dpop

    def _fresh(self, rejected: str | None) -> HeldTokens | None:
        """What can be handed out at once."""
        held = self._era.held
        if held is None or rejected is not None:
            return None
        look_at, runtime = held.look_at, self._runtime
        # Either clock: one stands still while the machine sleeps, the other may be set back.
        if runtime.monotonic() >= look_at.monotonic or runtime.now() >= look_at.wall:
            return None
        return held.tokens

    def _found(self, era: Era, rejected: str | None) -> Held | None:
        """What another caller has found meanwhile, so that there is no need to look."""
        held, now = era.held, self._renewal.now()
        if held is None or not held.is_good(now, None):
            return None
        if not held.is_good(now, rejected):
            if self._was_just_forced():
                return held
            self._forced_at = now.monotonic
            return None
        return None if rejected is None and held.look_at.has_come(now) else held

    def _is_answer(self, held: Held, rejected: str | None) -> bool:
        """Whether a look that another caller began is an answer to this one, too."""
        return rejected is None or _tokens(held).access_token != rejected or self._was_just_forced()

    def _was_just_forced(self) -> bool:
        return self._runtime.monotonic() < self._forced_at + FORCED_EVERY


class _SyncSource(_Source):
    """Tokens for threads."""

    def __init__(self, renewal: Renewal) -> None:
        super().__init__(renewal)
        self._flights: Final[Flights[Held]] = Flights()

    def token(self, *, rejected: str | None = None) -> str:
        """An access token that is good now, and for some seconds to come.

        It is renewed before its end: by one caller of all who share it, while the others go on
        with the old one. Without one that is good, they wait.

        Args:
            rejected: the access token that an API answered 401 to. It is not returned again,
                unless one was renewed for that reason within 10 seconds.

        Raises:
            SignInRequiredError: there is none, and none can be had.
            OktaError: it could not be renewed, and the old one is good no more.
            Exception: the store's own.
        """
        fresh = self._fresh(rejected)
        return (self.tokens(rejected=rejected) if fresh is None else fresh).access_token

    @silent
    def tokens(self, *, rejected: str | None = None) -> HeldTokens:
        """The same with all there is to know of it: see :meth:`token`."""
        while True:
            era = self._era
            held, now = era.held, self._renewal.now()
            look = partial(self._look, era, rejected)
            if held is not None and held.is_good(now, rejected):
                if held.look_at.has_come(now):
                    self._flights.alone(look)
                return _tokens(era.held or held)
            found = self._flights.join(look)
            if self._is_answer(found, rejected):
                return _tokens(found)

    def _look(self, era: Era, rejected: str | None) -> Held:
        found = self._found(era, rejected)
        if found is not None:
            return found
        held: Held = self._renewal.engine.run(self._renewal.current(era.held, rejected))
        era.held = held
        return held


class _AsyncSource(_Source):
    """Tokens for tasks."""

    def __init__(self, renewal: Renewal) -> None:
        super().__init__(renewal)
        self._flights: Final[AsyncFlights[Held]] = AsyncFlights()
        self._is_led = False

    async def token(self, *, rejected: str | None = None) -> str:
        """See :meth:`TokenSource.token`. A task that is cancelled spoils nothing for the others."""
        fresh = self._fresh(rejected)
        return (await self.tokens(rejected=rejected) if fresh is None else fresh).access_token

    @silent
    async def tokens(self, *, rejected: str | None = None) -> HeldTokens:
        """The same with all there is to know of it: see :meth:`TokenSource.token`."""
        while True:
            era = self._era
            held, now = era.held, self._renewal.now()
            look = partial(self._look, era, rejected)
            if held is not None and held.is_good(now, rejected):
                if held.look_at.has_come(now):
                    self._flights.start(look)
                return _tokens(held)
            found = await self._joined(look)
            if self._is_answer(found, rejected):
                return _tokens(found)

    async def _look(self, era: Era, rejected: str | None) -> Held:
        from anyio import CancelScope

        found = self._found(era, rejected)
        if found is not None:
            return found
        steps = self._renewal.current(era.held, rejected)
        # Trio cancels what its main task leaves behind.
        with CancelScope(shield=True):
            era.held = await self._renewal.engine.run(steps)
        return cast("Held", era.held)

    async def _joined(self, look: Callable[[], Awaitable[Held]]) -> Held:
        from anyio import CancelScope, get_cancelled_exc_class
        from sniffio import current_async_library

        if current_async_library() != "trio" or self._is_led:
            return await self._flights.join(look)
        self._is_led = True
        try:
            return await self._flights.join(look)
        except get_cancelled_exc_class():
            if self._renewal.is_presenting:
                # What was presented is stored before the task that began it goes.
                with CancelScope(shield=True), suppress(Exception):
                    await self._flights.join(look)
            raise
        finally:
            self._is_led = False


class TokenSource(_SyncSource):
    """A service's own tokens, by a grant that can be repeated. Share one among all threads.

    Made by :meth:`OktaOIDC.token_source`.
    """

    def __init__(
        self,
        engine: Engine,
        grant: Grant | Callable[[], Grant],
        *,
        store: TokenStore | None,
        key: str | None,
        early: float,
        leeway: float,
        auth_server_id: AuthServerId | None,
    ) -> None:
        if store is None:
            store, key = MemoryTokenStore(clock=engine.runtime.monotonic), "own"
        check_settings(store, key, early=early, leeway=leeway)
        server = engine.server(auth_server_id)
        super().__init__(GrantRenewal(engine, store, str(key), server, early, leeway, grant))


class AsyncTokenSource(_AsyncSource):
    """:class:`TokenSource` for asyncio and trio. Share one among all tasks."""

    def __init__(
        self,
        engine: Engine,
        grant: Grant | Callable[[], Grant | Awaitable[Grant]],
        *,
        store: AsyncTokenStore | None,
        key: str | None,
        early: float,
        leeway: float,
        auth_server_id: AuthServerId | None,
    ) -> None:
        if store is None:
            store, key = AsyncMemoryTokenStore(clock=engine.runtime.monotonic), "own"
        check_settings(store, key, early=early, leeway=leeway)
        server = engine.server(auth_server_id)
        super().__init__(GrantRenewal(engine, store, str(key), server, early, leeway, grant))


class UserTokens(_SyncSource):
    """One user's tokens, held in a store by all processes that have it and the key.

    Made by :meth:`OktaOIDC.user_tokens`, as often as it is needed: that does nothing yet.
    """

    def __init__(
        self,
        engine: Engine,
        key: str,
        store: TokenStore,
        *,
        rotation_grace: float,
        scope: str | None,
        early: float,
        leeway: float,
        max_wait: float,
        auth_server_id: AuthServerId | None,
    ) -> None:
        self._user: Final = user_renewal(
            engine, key, store, rotation_grace, scope, early, leeway, max_wait, auth_server_id
        )
        self._unrevoked: str | None = None
        super().__init__(self._user)

    @silent
    def save(self, tokens: Tokens) -> None:
        """Hold the tokens of a new sign-in, in place of whatever is held.

        Tokens without a refresh token are held until the access token's end.

        Raises:
            TokenStoreError: what is held cannot be read. It stays as it is.
            Exception: the store's own.
        """
        check_kind("tokens", tokens, Tokens)
        held: Held = self._user.engine.run(self._user.save(tokens))
        self._era = Era(held)

    @silent
    def sign_out(self) -> None:
        """Hold nothing any more, and revoke at Okta what was held.

        Every process learns of it when it next looks at the store: when its access token, which
        Okta calls inactive from now on, is to be renewed, or an API refuses it.

        Raises:
            OktaError: the tokens are no longer held, but could not be revoked: call it again.
            TokenStoreError: what is held cannot be read. It stays as it is.
            Exception: the store's own. Nothing has changed.
        """
        run = self._renewal.engine.run
        self._unrevoked = run(self._user.sign_out(self._era.held)) or self._unrevoked
        self._era = Era()
        if self._unrevoked is not None:
            run(self._user.revoked(self._unrevoked))
            self._unrevoked = None

    @silent
    def close(self) -> None:
        """Store what the store did not take when it was to.

        Raises:
            TokenStoreError: a rotated refresh token is in this process alone, and goes with it.
        """
        held = self._era.held
        if held is not None and not held.is_saved:
            self._renewal.engine.run(self._user.flush(held))
            self._era = Era()


class AsyncUserTokens(_AsyncSource):
    """:class:`UserTokens` for asyncio and trio."""

    def __init__(
        self,
        engine: Engine,
        key: str,
        store: AsyncTokenStore,
        *,
        rotation_grace: float,
        scope: str | None,
        early: float,
        leeway: float,
        max_wait: float,
        auth_server_id: AuthServerId | None,
    ) -> None:
        self._user: Final = user_renewal(
            engine, key, store, rotation_grace, scope, early, leeway, max_wait, auth_server_id
        )
        self._unrevoked: str | None = None
        super().__init__(self._user)

    @silent
    async def save(self, tokens: Tokens) -> None:
        """See :meth:`UserTokens.save`."""
        check_kind("tokens", tokens, Tokens)
        held: Held = await self._user.engine.run(self._user.save(tokens))
        self._era = Era(held)

    @silent
    async def sign_out(self) -> None:
        """See :meth:`UserTokens.sign_out`."""
        run = self._renewal.engine.run
        self._unrevoked = await run(self._user.sign_out(self._era.held)) or self._unrevoked
        self._era = Era()
        if self._unrevoked is not None:
            await run(self._user.revoked(self._unrevoked))
            self._unrevoked = None

    @silent
    async def close(self) -> None:
        """See :meth:`UserTokens.close`."""
        held = self._era.held
        if held is not None and not held.is_saved:
            await self._renewal.engine.run(self._user.flush(held))
            self._era = Era()


def _tokens(held: Held) -> HeldTokens:
    # Whatever a look returns has some, and so has what was saved.
    return cast("HeldTokens", held.tokens)


def user_renewal(
    engine: Engine,
    key: str,
    store: TokenStore | AsyncTokenStore,
    rotation_grace: float,
    scope: str | None,
    early: float,
    leeway: float,
    max_wait: float,
    auth_server_id: AuthServerId | None,
) -> RefreshRenewal:
    """How the tokens of one user are renewed.

    Raises:
        ConfigurationError: a setting cannot be right.
    """
    check_settings(
        store, key, early=early, leeway=leeway, max_wait=max_wait, rotation_grace=rotation_grace
    )
    if rotation_grace > _MOST_GRACE:
        raise ConfigurationError("rotation_grace must be the application's setting: 60 at most")
    server = engine.server(auth_server_id)
    return RefreshRenewal(
        engine, store, key, server, early, leeway, max_wait, rotation_grace, scope
    )


def check_settings(store: object, key: object, **seconds: object) -> None:
    """Tell what cannot be right before anything is stored.

    Raises:
        ConfigurationError: it cannot.
    """
    if not all(callable(getattr(store, name, None)) for name in ("load", "replace")):
        raise ConfigurationError(f"store must have load and replace: {type(store).__name__}")
    if not isinstance(key, str) or not key:
        raise ConfigurationError("key must be a string that is not empty: who shares the tokens")
    for name, value in seconds.items():
        if not is_number(value) or cast("float", value) < 0:
            raise ConfigurationError(f"{name} must be a number of seconds, 0 or more")
