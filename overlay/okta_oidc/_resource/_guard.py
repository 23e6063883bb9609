"""The guard in front of an API's handlers, for threads and for tasks."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, Final, Generic, Protocol, TypeVar, cast, overload

from .._client import AsyncOktaOIDC, OktaOIDC
from .._config import check_kind
from .._errors import ConfigurationError, InvalidTokenError, OktaError, RateLimitError
from .._results import Introspection
from .._runtime import RUNTIME
from .._silence import silent
from ._questions import is_away
from ._refusals import Authorization, BearerRefusal, Challenges

_LOGGER: Final = logging.getLogger("okta_oidc")
_LOG_EVERY: Final = 60.0
_HINT: Final = "access_token"


class Granted(Protocol):
    """What is known of a token that holds: an ``Introspection``, or ``Claims``."""

    @property
    def aud(self) -> tuple[str, ...]:
        """The APIs it is for."""
        ...

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it allows."""
        ...

    @property
    def raw(self) -> Mapping[str, Any]:
        """Every member, as received."""
        ...


GrantedT = TypeVar("GrantedT", bound=Granted)
GrantedT_co = TypeVar("GrantedT_co", bound=Granted, covariant=True)


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


class _Guard:
    """What does not depend on how the authority is asked."""

    def __init__(
        self, authority: object, audience: str, realm: str | None, *, asynchronous: bool
    ) -> None:
        check_kind("audience", audience, str)
        check_kind("realm", realm, str, type(None))
        asks = getattr(authority, "verify", None) or getattr(authority, "introspect", None)
        if isinstance(authority, OktaOIDC | AsyncOktaOIDC):
            fits = isinstance(authority, AsyncOktaOIDC) is asynchronous
        else:
            fits = callable(asks) and iscoroutinefunction(asks) is asynchronous
        if not fits:
            wanted = "AsyncOktaOIDC" if asynchronous else "OktaOIDC"
            raise ConfigurationError(
                f"authority must be {wanted} or a verifier with a "
                f"{'coroutine' if asynchronous else 'plain'} function verify(), "
                f"not {type(authority).__name__}"
            )
        self._audience: Final = audience
        self._challenges: Final = Challenges(audience if realm is None else realm)
        self._verifies: Final = callable(getattr(authority, "verify", None))
        cached = getattr(authority, "_cached", None)
        self._kept: Final[Callable[[str, str], Introspection | None]] = (
            _nothing if cached is None else cached.kept
        )
        self._next_log = 0.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}(audience={self._audience!r})"

    def _judged(self, granted: Granted, scopes: tuple[str, ...]) -> None:
        # Each time: what is kept is an answer, never a decision.
        if self._audience not in granted.aud or not getattr(granted, "active", True):
            raise self._challenges.invalid()
        if "cnf" in granted.raw or getattr(granted, "token_type", None) == "DPoP":
            raise self._challenges.bound()
        for scope in scopes:
            if scope not in granted.scopes:
                raise self._challenges.insufficient(scopes)

    def _refused(self, error: OktaError, scopes: tuple[str, ...]) -> BearerRefusal:
        if isinstance(error, InvalidTokenError):
            if error.reason == "scope":
                return self._challenges.insufficient(scopes)
            return (
                self._challenges.bound() if error.reason == "bound" else self._challenges.invalid()
            )
        away = is_away(error)
        now = RUNTIME.monotonic()
        if now >= self._next_log:
            self._next_log = now + _LOG_EVERY
            level = logging.WARNING if away else logging.ERROR
            _LOGGER.log(level, "access tokens cannot be checked: %s", error)
        if not away:
            return BearerRefusal(500, {}, "server_error")
        headers: dict[str, str] = {}
        if isinstance(error, RateLimitError) and error.retry_after is not None:
            headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
        return BearerRefusal(503, headers, "temporarily_unavailable")


class BearerGuard(_Guard, Generic[GrantedT]):
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

    @overload
    def __init__(
        self: BearerGuard[Introspection],
        authority: OktaOIDC,
        *,
        audience: str,
        realm: str | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self, authority: Verifier[GrantedT], *, audience: str, realm: str | None = None
    ) -> None: ...

    def __init__(
        self, authority: OktaOIDC | Verifier[Any], *, audience: str, realm: str | None = None
    ) -> None:
        super().__init__(authority, audience, realm, asynchronous=False)
        self._authority: Final = authority

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
        if isinstance(authorization, str) and authorization.startswith("Bearer "):
            kept = self._kept(authorization[7:], _HINT)
            if kept is not None:
                self._judged(kept, scopes)
                return cast("GrantedT", kept)
        token = self._challenges.token_of(authorization)
        authority: Any = self._authority
        try:
            if self._verifies:
                granted: Any = authority.verify(token, *scopes)
            else:
                granted = authority.introspect(token, token_type_hint=_HINT)
        except OktaError as error:
            raise self._refused(error, scopes) from error
        self._judged(granted, scopes)
        return cast("GrantedT", granted)


class AsyncBearerGuard(_Guard, Generic[GrantedT]):
    """:class:`BearerGuard` for tasks: the same arguments, results and errors."""

    @overload
    def __init__(
        self: AsyncBearerGuard[Introspection],
        authority: AsyncOktaOIDC,
        *,
        audience: str,
        realm: str | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self, authority: AsyncVerifier[GrantedT], *, audience: str, realm: str | None = None
    ) -> None: ...

    def __init__(
        self,
        authority: AsyncOktaOIDC | AsyncVerifier[Any],
        *,
        audience: str,
        realm: str | None = None,
    ) -> None:
        super().__init__(authority, audience, realm, asynchronous=True)
        self._authority: Final = authority

    @silent
    async def check(self, authorization: Authorization, /, *scopes: str) -> GrantedT:
        """What is known of a request's token: see :meth:`BearerGuard.check`."""
        if isinstance(authorization, str) and authorization.startswith("Bearer "):
            kept = self._kept(authorization[7:], _HINT)
            if kept is not None:
                self._judged(kept, scopes)
                return cast("GrantedT", kept)
        token = self._challenges.token_of(authorization)
        authority: Any = self._authority
        asked: Awaitable[Any]
        try:
            if self._verifies:
                asked = authority.verify(token, *scopes)
            else:
                asked = authority.introspect(token, token_type_hint=_HINT)
            granted = await asked
        except OktaError as error:
            raise self._refused(error, scopes) from error
        self._judged(granted, scopes)
        return cast("GrantedT", granted)


def _nothing(token: str, hint: str) -> None:
    return None
