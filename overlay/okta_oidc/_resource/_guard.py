"""The guard in front of an API's handlers, for threads and for tasks."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast

from .._client import AsyncOktaOIDC, OktaOIDC
from .._config import check_kind
from .._errors import ConfigurationError, InvalidTokenError, OktaError, RateLimitError
from .._results import Introspection
from .._runtime import RUNTIME
from .._silence import silent
from ._questions import is_away
from ._refusals import Authorization, BearerRefusal, Challenges

_LOGGER: Final = logging.getLogger("okta_oidc")
_HINT: Final = {"token_type_hint": "access_token"}


if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    # What a guard gives is what its authority gives: a client, which is not generic, introspects.
    GrantedT = DefaultTypeVar("GrantedT", default=Introspection)
else:
    GrantedT = TypeVar("GrantedT")
GrantedT_co = TypeVar("GrantedT_co", covariant=True)


class Verifier(Protocol[GrantedT_co]):
    """Checks signatures: ``AccessTokenVerifier``, or a stand-in of a test's own."""

    def verify(self, token: str, /, *scopes: str) -> GrantedT_co:
        """What ``token`` says; ``InvalidTokenError`` if it does not hold."""
        ...


class AsyncVerifier(Protocol[GrantedT_co]):
    """:class:`Verifier`, awaited: ``AsyncAccessTokenVerifier``."""

    async def verify(self, token: str, /, *scopes: str) -> GrantedT_co:
        """See :meth:`Verifier.verify`."""
        ...


class _Guard(Generic[GrantedT]):
    """What does not depend on how the authority is asked."""

    def __init__(self, authority: Any, audience: str, realm: str | None, own: type) -> None:
        check_kind("audience", audience, str)
        check_kind("realm", realm, str, type(None))
        self._audience: Final = audience
        self._challenges: Final = Challenges(audience if realm is None else realm)
        # A client, or a stand-in for one, is asked to introspect.
        self._verifies: Final = hasattr(authority, "verify")
        self._ask: Final[Any] = getattr(
            authority, "verify" if self._verifies else "introspect", None
        )
        if iscoroutinefunction(self._ask) is not (own is AsyncOktaOIDC) or self._ask is None:
            wrong = type(authority).__name__
            raise ConfigurationError(f"authority must be {own.__name__}, or a verifier: {wrong}")
        cached = getattr(authority, "_cached", None)
        self._kept: Final[Callable[..., Any]] = getattr(cached, "kept", _nothing)
        self._next_log = 0.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}(audience={self._audience!r})"

    def _asked(self, token: str, scopes: tuple[str, ...]) -> Any:
        return self._ask(token, *scopes) if self._verifies else self._ask(token, **_HINT)

    def _known(self, authorization: Authorization, scopes: tuple[str, ...]) -> GrantedT | None:
        if not isinstance(authorization, str) or not authorization.startswith("Bearer "):
            return None
        kept = self._kept(authorization[7:], "access_token")
        return None if kept is None else self._judged(kept, scopes)

    def _judged(self, granted: Any, scopes: tuple[str, ...]) -> GrantedT:
        # Each time: what is kept is an answer, never a decision.
        if self._audience not in granted.aud or not getattr(granted, "active", True):
            raise self._challenges.refusal(401, "invalid_token")
        if "cnf" in granted.raw or getattr(granted, "token_type", None) == "DPoP":
            raise self._challenges.bound()
        for scope in scopes:
            if scope not in granted.scopes:
                raise self._challenges.insufficient(scopes)
        return cast("GrantedT", granted)

    def _refused(self, error: OktaError, scopes: tuple[str, ...]) -> BearerRefusal:
        if isinstance(error, InvalidTokenError):
            if error.reason == "scope":
                return self._challenges.insufficient(scopes)
            if error.reason == "bound":
                return self._challenges.bound()
            return self._challenges.refusal(401, "invalid_token")
        away = is_away(error)
        if RUNTIME.monotonic() >= self._next_log:
            self._next_log = RUNTIME.monotonic() + 60.0
            level = logging.WARNING if away else logging.ERROR
            _LOGGER.log(level, "access tokens cannot be checked: %s", error)
        if not away:
            return BearerRefusal(500, {}, "server_error")
        seconds = error.retry_after if isinstance(error, RateLimitError) else None
        headers = {} if seconds is None else {"Retry-After": str(max(1, math.ceil(seconds)))}
        return BearerRefusal(503, headers, "temporarily_unavailable")


class BearerGuard(_Guard[GrantedT]):
    """Lets requests through that bring a sound access token with the right scopes.

    Args:
        authority: a client, which asks Okta (and keeps answers if it has a cache), or an
            access-token verifier, which checks the signature and learns of no revocation.
        audience: the API's own name, as configured at its authorization server. Without that
            check, any token of the server would open any API of it, and ID tokens would too.
        realm: the name of what is protected, for ``WWW-Authenticate``; ``None``: the audience.

    Raises:
        ConfigurationError: an argument cannot be right, an asynchronous authority say.
    """

    def __init__(
        self, authority: OktaOIDC | Verifier[GrantedT], *, audience: str, realm: str | None = None
    ) -> None:
        super().__init__(authority, audience, realm, OktaOIDC)

    @silent
    def check(self, authorization: Authorization, /, *scopes: str) -> GrantedT:
        """What is known of a request's token, which is good here and has all of ``scopes``.

        Args:
            authorization: the ``Authorization`` header as the framework gives it: text, bytes, a
                list of either, or ``None`` if there was none.

        Raises:
            BearerRefusal: the request may not pass; how to answer it is in there.
            ConfigurationError: a missing scope is no scope at all.
        """
        if (known := self._known(authorization, scopes)) is not None:
            return known
        token = self._challenges.token_of(authorization)
        try:
            granted = self._asked(token, scopes)
        except OktaError as error:
            raise self._refused(error, scopes) from error
        return self._judged(granted, scopes)


class AsyncBearerGuard(_Guard[GrantedT]):
    """:class:`BearerGuard` for tasks: the same arguments, results and errors."""

    def __init__(
        self,
        authority: AsyncOktaOIDC | AsyncVerifier[GrantedT],
        *,
        audience: str,
        realm: str | None = None,
    ) -> None:
        super().__init__(authority, audience, realm, AsyncOktaOIDC)

    @silent
    async def check(self, authorization: Authorization, /, *scopes: str) -> GrantedT:
        """What is known of a request's token: see :meth:`BearerGuard.check`."""
        if (known := self._known(authorization, scopes)) is not None:
            return known
        token = self._challenges.token_of(authorization)
        try:
            granted = await self._asked(token, scopes)
        except OktaError as error:
            raise self._refused(error, scopes) from error
        return self._judged(granted, scopes)


def _nothing(token: str, hint: str) -> None:
    return None
