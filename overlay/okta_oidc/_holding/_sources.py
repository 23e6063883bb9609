"""The faces of what is held: for threads and for tasks, a service's tokens and a user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, ClassVar, Final, TypeAlias, cast

from .. import DPoP
from .._auth import Unpicklable
from .._config import check_kind
from .._errors import ConfigurationError
from .._flights import AsyncFlights, Flights
from .._models import GrantModel
from .._results import Tokens
from .._silence import silent
from .._steps import Ask, Steps
from ._renewal import Renewal
from ._rows import Era, HeldTokens

Grant: TypeAlias = GrantModel | Mapping[str, object]


class _Source(Unpicklable):
    """What the faces share. ``run`` drives the client's steps."""

    _kind: ClassVar[type[Flights[Any] | AsyncFlights[Any]]] = Flights

    def __init__(self, renewal: Renewal, run: Callable[..., Any]) -> None:
        self._renewal: Final = renewal
        self._run: Final = run
        self._flights: Final = self._kind()

    @property
    def dpop(self) -> DPoP | None:
        """The key that the tokens are bound to; ``None`` if they are not."""
        return self._renewal.flow.dpop

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _fresh(self, rejected: str | None) -> HeldTokens | None:
        """What can be handed out at once."""
        held = self._renewal.era.held
        if rejected is not None or held is None or self._renewal.now() >= held.look_at:
            return None
        return held.tokens

    def _course(self, rejected: str | None) -> Steps[HeldTokens]:
        """Good tokens: those at hand, looked after where it is time to, or what a look brings."""
        while True:
            era, held = self._renewal.era, self._renewal.good(rejected)
            look = partial(self._look, era, rejected)
            if held is not None:
                if self._renewal.now() >= held.look_at:
                    yield Ask(self._flights.start, look)
                return cast("HeldTokens", (self._renewal.good(rejected) or held).tokens)
            found: HeldTokens = yield Ask(self._flights.join, look)
            # A look that another caller began may be no answer to this one.
            if found.access_token != rejected or self._renewal.just_forced():
                return found

    def _look(self, era: Era, rejected: str | None) -> Any:
        return self._run(self._renewal.current(era, rejected))


class _SyncSource(_Source):
    """Tokens for threads."""

    def __init__(self, renewal: Renewal, run: Callable[..., Any]) -> None:
        super().__init__(renewal, run)
        if iscoroutinefunction(renewal.store.load):
            raise ConfigurationError("OktaOIDC needs a TokenStore, not an AsyncTokenStore")

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
        try:
            return (self._fresh(rejected) or self.tokens(rejected=rejected)).access_token
        except BaseException:
            rejected = None  # a traceback shows what is here
            raise

    @silent
    def tokens(self, *, rejected: str | None = None) -> HeldTokens:
        """The same with all there is to know of it: see :meth:`token`."""
        found: HeldTokens = self._fresh(rejected) or self._run(self._course(rejected))
        return found


class _AsyncSource(_Source):
    """Tokens for tasks."""

    _kind = AsyncFlights

    async def token(self, *, rejected: str | None = None) -> str:
        """See :meth:`TokenSource.token`. A task that is cancelled spoils nothing for the others."""
        try:
            return (self._fresh(rejected) or await self.tokens(rejected=rejected)).access_token
        except BaseException:
            rejected = None
            raise

    @silent
    async def tokens(self, *, rejected: str | None = None) -> HeldTokens:
        """The same with all there is to know of it: see :meth:`TokenSource.token`."""
        found: HeldTokens = self._fresh(rejected) or await self._run(self._course(rejected))
        return found

    async def _look(self, era: Era, rejected: str | None) -> Any:
        from anyio import CancelScope

        # Shielded: after a refresh token is presented, the new one has to be stored, and trio
        # cancels system tasks when its main task ends.
        with CancelScope(shield=True):
            return await super()._look(era, rejected)


class TokenSource(_SyncSource):
    """A service's own tokens, by a grant that can be repeated. Share one among all threads.

    Made by :meth:`OktaOIDC.token_source`.
    """


class AsyncTokenSource(_AsyncSource):
    """:class:`TokenSource` for asyncio and trio. Share one among all tasks."""


class UserTokens(_SyncSource):
    """One user's tokens, held in a store by all processes that have it and the key.

    Made by :meth:`OktaOIDC.user_tokens`, as often as it is needed: that does nothing yet.
    """

    @silent
    def save(self, tokens: Tokens) -> None:
        """Hold the tokens of a new sign-in, in place of whatever is held.

        Tokens without a refresh token are held until the access token's end.

        Raises:
            TokenStoreError: what is held cannot be read. It stays as it is.
            Exception: the store's own.
        """
        check_kind("tokens", tokens, Tokens)
        self._run(self._renewal.save(tokens))

    @silent
    def sign_out(self) -> None:
        """Hold nothing any more, and revoke at Okta what was held.

        Every process learns of it when it next looks at the store: when its access token, which
        Okta calls inactive from now on, is to be renewed, or an API refuses it. The client's own
        ``introspection_cache`` forgets both tokens.

        Raises:
            OktaError: the tokens are no longer held, but could not be revoked: call it again.
            TokenStoreError: what is held cannot be read. It stays as it is.
            Exception: the store's own. Nothing has changed.
        """
        self._run(self._renewal.sign_out())

    @silent
    def close(self) -> None:
        """Store what the store did not take when it was to.

        Raises:
            TokenStoreError: a rotated refresh token is in this process alone, and goes with it.
        """
        self._run(self._renewal.close())


class AsyncUserTokens(_AsyncSource):
    """:class:`UserTokens` for asyncio and trio."""

    @silent
    async def save(self, tokens: Tokens) -> None:
        """See :meth:`UserTokens.save`."""
        check_kind("tokens", tokens, Tokens)
        await self._run(self._renewal.save(tokens))

    @silent
    async def sign_out(self) -> None:
        """See :meth:`UserTokens.sign_out`."""
        await self._run(self._renewal.sign_out())

    @silent
    async def close(self) -> None:
        """See :meth:`UserTokens.close`."""
        await self._run(self._renewal.close())
