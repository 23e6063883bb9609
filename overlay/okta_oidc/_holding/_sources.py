"""The faces of what is held: for threads and for tasks, a service's tokens and a user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, ClassVar, Final, TypeAlias, cast

from .._auth import Unpicklable
from .._errors import ConfigurationError
from .._flights import AsyncFlights, Flights
from .._models import GrantModel
from .._results import Tokens
from .._silence import silent_methods
from .._steps import Ask, Steps
from ._renewal import Renewal
from ._rows import HeldTokens

Grant: TypeAlias = GrantModel | Mapping[str, object]


class _Source(Unpicklable):
    """What the faces share. ``run`` drives the client's steps."""

    _kind: ClassVar[type[Flights[Any] | AsyncFlights[Any]]] = Flights

    def __init_subclass__(cls) -> None:
        silent_methods(cls)

    def __init__(self, renewal: Renewal, run: Callable[..., Any]) -> None:
        self._renewal: Final = renewal
        self._run: Final = run
        self._flights: Final = self._kind()
        self.dpop: Final = renewal.flow.dpop
        """The key that the tokens are bound to; ``None`` if they are not."""
        if isinstance(self._flights, Flights) and iscoroutinefunction(renewal.store.load):
            raise ConfigurationError("OktaOIDC needs a TokenStore, not an AsyncTokenStore")

    def _fresh(self, rejected: str | None) -> HeldTokens | None:
        """What can be handed out at once."""
        held = self._renewal.era.held
        return held.tokens if rejected is None and self._renewal.now() < held.look_at else None

    def _course(self, rejected: str | None) -> Steps[HeldTokens]:
        """Good tokens: those at hand, looked after where it is time to, or what a look brings."""
        look = partial(self._look, rejected)
        while (held := self._renewal.good(rejected)) is None:
            found: HeldTokens = yield Ask(self._flights.join, look)
            # A look that another caller began may be no answer to this one.
            if found.access_token != rejected:
                return found
        if self._renewal.now() >= held.look_at:
            yield Ask(self._flights.start, look)
        return cast("HeldTokens", (self._renewal.good(rejected) or held).tokens)

    def _look(self, rejected: str | None) -> Any:
        return self._run(self._renewal.current(rejected))


class _SyncSource(_Source):
    """Tokens for threads."""

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
        return (self._fresh(rejected) or self._run(self._course(rejected))).access_token

    def tokens(self, *, rejected: str | None = None) -> HeldTokens:
        """The same with all there is to know of it: see :meth:`token`."""
        return self._fresh(rejected) or self._run(self._course(rejected))


class _AsyncSource(_Source):
    """Tokens for tasks."""

    _kind = AsyncFlights

    async def token(self, *, rejected: str | None = None) -> str:
        """See :meth:`TokenSource.token`. A task that is cancelled spoils nothing for the others."""
        return (self._fresh(rejected) or await self._run(self._course(rejected))).access_token

    async def tokens(self, *, rejected: str | None = None) -> HeldTokens:
        """The same with all there is to know of it: see :meth:`TokenSource.token`."""
        return self._fresh(rejected) or await self._run(self._course(rejected))

    async def _look(self, rejected: str | None) -> Any:
        from anyio import CancelScope

        # Shielded: after a refresh token is presented, the new one has to be stored, and trio
        # cancels system tasks when its main task ends.
        with CancelScope(shield=True):
            return await super()._look(rejected)


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

    def save(self, tokens: Tokens) -> None:
        """Hold the tokens of a new sign-in, in place of whatever is held.

        Tokens without a refresh token are held until the access token's end.

        Raises:
            TokenStoreError: what is held cannot be read. It stays as it is.
            Exception: the store's own.
        """
        self._run(self._renewal.save(tokens))

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

    def close(self) -> None:
        """Store what the store did not take when it was to.

        Raises:
            TokenStoreError: a rotated refresh token is in this process alone, and goes with it.
        """
        self._run(self._renewal.close())


class AsyncUserTokens(_AsyncSource):
    """:class:`UserTokens` for asyncio and trio."""

    async def save(self, tokens: Tokens) -> None:
        """See :meth:`UserTokens.save`."""
        await self._run(self._renewal.save(tokens))

    async def sign_out(self) -> None:
        """See :meth:`UserTokens.sign_out`."""
        await self._run(self._renewal.sign_out())

    async def close(self) -> None:
        """See :meth:`UserTokens.close`."""
        await self._run(self._renewal.close())
