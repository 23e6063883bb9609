"""The faces of what is held: for threads and for tasks, a service's tokens and a user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, TypeAlias, cast

from .. import DPoP
from .._config import check_kind
from .._errors import ConfigurationError
from .._flights import AsyncFlights, Flights
from .._models import GrantModel
from .._results import Tokens
from .._silence import silent
from ._renewal import Renewal
from ._rows import Era, HeldTokens
from ._stores import Unpickled

Grant: TypeAlias = GrantModel | Mapping[str, object]


@dataclass(eq=False, repr=False)
class _Source(Unpickled):
    """What the faces share. ``run`` drives the client's steps."""

    _renewal: Renewal
    _run: Callable[..., Any]

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

    def _is_answer(self, found: HeldTokens, rejected: str | None) -> bool:
        """Whether a look that another caller began is an answer to this one, too."""
        return rejected is None or found.access_token != rejected or self._renewal.just_forced()


@dataclass(eq=False, repr=False)
class _SyncSource(_Source):
    """Tokens for threads."""

    _flights: Flights[HeldTokens] = field(default_factory=Flights[HeldTokens], init=False)

    def __post_init__(self) -> None:
        if iscoroutinefunction(self._renewal.store.load):
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
        while True:
            era, held = self._renewal.era, self._renewal.good(rejected)
            look = partial(self._look, era, rejected)
            if held is not None:
                if self._renewal.now() >= held.look_at:
                    self._flights.start(look)
                return cast("HeldTokens", (self._renewal.good(rejected) or held).tokens)
            found = self._flights.join(look)
            if self._is_answer(found, rejected):
                return found

    def _look(self, era: Era, rejected: str | None) -> HeldTokens:
        found: HeldTokens = self._run(self._renewal.current(era, rejected))
        return found


@dataclass(eq=False, repr=False)
class _AsyncSource(_Source):
    """Tokens for tasks."""

    _flights: AsyncFlights[HeldTokens] = field(default_factory=AsyncFlights[HeldTokens], init=False)

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
        while True:
            era, held = self._renewal.era, self._renewal.good(rejected)
            look = partial(self._look, era, rejected)
            if held is not None:
                if self._renewal.now() >= held.look_at:
                    self._flights.start(look)
                return cast("HeldTokens", held.tokens)
            found = await self._flights.join(look)
            if self._is_answer(found, rejected):
                return found

    async def _look(self, era: Era, rejected: str | None) -> HeldTokens:
        from anyio import CancelScope

        # What has been presented has to be stored. Trio cancels what its main task leaves behind.
        with CancelScope(shield=True):
            return cast("HeldTokens", await self._run(self._renewal.current(era, rejected)))
        raise AssertionError  # nothing is swallowed


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
        Okta calls inactive from now on, is to be renewed, or an API refuses it.

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
