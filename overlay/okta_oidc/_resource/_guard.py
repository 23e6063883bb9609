"""The guard in front of an API's handlers (RFC 6750 §3, RFC 9449 §7), for threads and tasks."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Awaitable, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeAlias, TypeVar, cast

from .._client import AsyncOktaOIDC, OktaOIDC
from .._config import check_kind
from .._errors import ConfigurationError, InvalidTokenError, OktaError, RateLimitError
from .._introspection import Introspection
from .._runtime import RUNTIME
from .._silence import silent
from ._questions import is_away

_LOGGER: Final = logging.getLogger("okta_oidc")
_HINT: Final = {"token_type_hint": "access_token"}

# As frameworks hand it over: a header that came several times is a list, or one text with commas.
Authorization: TypeAlias = str | bytes | Sequence[str | bytes] | None

_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
# RFC 6749 §3.3, scope-token; and what a quoted string may hold (RFC 9110 §5.6.4), escaped.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]+")
_ESCAPED: Final = re.compile(r'(["\\])')

# What Okta's authorization servers take in a proof.
_DPOP: Final = ', DPoP algs="RS256 RS384 RS512 ES256 ES384 ES512"'

_REFUSALS: Final = {
    None: (401, "An access token is needed."),
    "invalid_request": (400, "The Authorization header is malformed."),
    "invalid_token": (401, "The access token is not valid here."),
    "insufficient_scope": (403, "The access token lacks a scope."),
}
_NO_ANSWER: Final = 503, "Access tokens cannot be checked now."


class BearerRefusal(OktaError):  # noqa: N818  # the name is fixed
    """A request that may not pass, and how to answer it. ``str()`` is text that may be shown.

    ======  ===========================  ==========================================================
    status  ``error``
    ======  ===========================  ==========================================================
    401     ``None``                     no token
    400     ``invalid_request``          a header that is malformed, or came twice
    401     ``invalid_token``            inactive, for another audience, or bound to a key
    403     ``insufficient_scope``       a scope is missing
    503     ``temporarily_unavailable``  Okta cannot be asked; ``Retry-After`` where Okta said when
    500     ``server_error``             Okta refuses the API's own credentials
    ======  ===========================  ==========================================================

    ``headers`` belong in the answer: ``WWW-Authenticate`` (RFC 6750 §3), ``Retry-After``.
    """

    def __init__(
        self, status: int, headers: Mapping[str, str], error: str | None, message: str = ""
    ) -> None:
        super().__init__(message or _REFUSALS.get(error, _NO_ANSWER)[1])
        self.status = status
        self.headers: Mapping[str, str] = dict(headers)
        self.error = error

    @property
    def body(self) -> dict[str, str]:
        """A body for the answer: ``error``, where there is one, and ``error_description``."""
        description = {"error_description": str(self)}
        return description if self.error is None else {"error": self.error, **description}


def checked_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """``scopes``, each one scope (RFC 6749 §3.3).

    Raises:
        ConfigurationError: one is none, or several in one text.
    """
    if not all(isinstance(s, str) and _SCOPE.fullmatch(s) for s in cast("list[object]", scopes)):
        raise ConfigurationError("not a scope: pass each as a text of its own, without spaces")
    return scopes


if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    # What a guard gives is what its authority gives: a client, which is not generic, introspects.
    T_co = DefaultTypeVar("T_co", default=Introspection, covariant=True)
else:
    T_co = TypeVar("T_co", covariant=True)


class Verifier(Protocol[T_co]):
    """Checks signatures: ``AccessTokenVerifier``, its twin, or a stand-in of a test's own."""

    def verify(self, token: str, /, *scopes: str) -> T_co:
        """What ``token`` says, or a promise of it; ``InvalidTokenError`` if it does not hold."""
        ...


AsyncAuthority: TypeAlias = AsyncOktaOIDC | Verifier[Awaitable[T_co]]


class _Guard(Generic[T_co]):
    """What does not depend on how the authority is asked."""

    def __init__(self, authority: Any, audience: str, realm: str | None, own: type) -> None:
        realm = audience if realm is None else realm
        for text in cast("tuple[object, ...]", (audience, realm)):
            if not isinstance(text, str) or not _PRINTABLE.fullmatch(text):
                raise ConfigurationError("realm and audience must be printable ASCII, not empty")
        self._audience: Final = audience
        self._realm: Final = _ESCAPED.sub(r"\\\1", realm)
        # A client, or a stand-in for one, is asked to introspect.
        self._verifies: Final = hasattr(authority, "verify")
        name = "verify" if self._verifies else "introspect"
        self._ask: Final[Any] = getattr(authority, name, None)
        if iscoroutinefunction(self._ask) is not (own is AsyncOktaOIDC) or self._ask is None:
            raise ConfigurationError(f"authority must be {own.__name__}, or a verifier of its kind")
        self._kept: Final[Any] = getattr(getattr(authority, "_cached", None), "kept", None)
        self._next_log = 0.0

    def _refusal(self, error: str | None = None, text: str = "", more: str = "") -> BearerRefusal:
        """A refusal that says what would be let through."""
        status, description = _REFUSALS[error]
        text = text or description
        # No error code for someone who may not know that a token is needed (RFC 6750 §3.1).
        named = "" if error is None else f', error="{error}", error_description="{text}"'
        challenge = f'Bearer realm="{self._realm}"{named}{more}'
        return BearerRefusal(status, {"WWW-Authenticate": challenge}, error, text)

    def _invalid(self) -> BearerRefusal:
        """A token that is not accepted. The caller does not learn why."""
        return self._refusal("invalid_token")

    def _bound(self) -> BearerRefusal:
        """A token that is bound to a key, presented as a bearer token."""
        text = "The access token is bound to a key and is no bearer token."
        return self._refusal("invalid_token", text, _DPOP)

    def _insufficient(self, scopes: tuple[str, ...]) -> BearerRefusal:
        """A token without one of ``scopes``."""
        scope = " ".join(checked_scopes(scopes))
        return self._refusal("insufficient_scope", more=f', scope="{scope}"')

    def _token_of(self, authorization: Authorization) -> str:
        """The token in an ``Authorization`` header (RFC 6750 §2.1).

        Raises:
            BearerRefusal: there is none, or the header cannot be understood.
            ConfigurationError: it is nothing that a header can be.
        """
        given = authorization
        if isinstance(given, Sequence) and not isinstance(given, str | bytes):
            if len(given) > 1:
                raise self._refusal("invalid_request")
            given = given[0] if given else None
        check_kind("authorization", given, str, bytes, type(None))
        text = given.decode("latin-1") if isinstance(given, bytes) else str(given or "")
        scheme, _, token = text.strip(" \t").partition(" ")
        if scheme.lower() != "bearer":
            raise self._refusal()
        token = token.lstrip(" ")
        if not _B64TOKEN.fullmatch(token):
            raise self._refusal("invalid_request")
        return token

    def _asked(self, token: str, scopes: tuple[str, ...]) -> Any:
        return self._ask(token, *scopes) if self._verifies else self._ask(token, **_HINT)

    def _known(self, authorization: Authorization, scopes: tuple[str, ...]) -> T_co | None:
        if self._kept and isinstance(authorization, str) and authorization.startswith("Bearer "):
            kept = self._kept(authorization[7:])
            return None if kept is None else self._judged(kept, scopes)
        return None

    def _judged(self, granted: Any, scopes: tuple[str, ...]) -> T_co:
        # Checked for each request: the cache keeps answers, never decisions.
        if self._audience not in granted.aud or not getattr(granted, "active", True):
            raise self._invalid()
        if "cnf" in granted.raw or getattr(granted, "token_type", None) == "DPoP":
            raise self._bound()
        for scope in scopes:
            if scope not in granted.scopes:
                raise self._insufficient(scopes)
        return cast("T_co", granted)

    def _refused(self, error: OktaError, scopes: tuple[str, ...]) -> BearerRefusal:
        if isinstance(error, InvalidTokenError):
            if error.reason == "scope":
                return self._insufficient(scopes)
            bound = error.reason == "bound"
            return self._bound() if bound else self._invalid()
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


class BearerGuard(_Guard[T_co]):
    """Lets requests through that bring a sound access token with the right scopes.

    A token that is bound to a key (RFC 9449, RFC 8705) is refused: no proof is looked at here, and
    without one whoever has it could use it.

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
        self,
        authority: OktaOIDC | Verifier[T_co],
        *,
        audience: str,
        realm: str | None = None,
    ) -> None:
        super().__init__(authority, audience, realm, OktaOIDC)

    @silent
    def check(self, authorization: Authorization, /, *scopes: str) -> T_co:
        """What is known of a request's token, which is good here and has all of ``scopes``.

        Args:
            authorization: the ``Authorization`` header as the framework gives it: text, bytes, a
                list of either, or ``None`` if there was none.

        Raises:
            BearerRefusal: the request may not pass; how to answer it is in there.
            ConfigurationError: ``authorization`` is nothing that a header can be, or a missing
                scope is no scope at all.
        """
        if (known := self._known(authorization, scopes)) is not None:
            return known
        token = self._token_of(authorization)
        try:
            granted = self._asked(token, scopes)
        except OktaError as error:
            raise self._refused(error, scopes) from error
        return self._judged(granted, scopes)


class AsyncBearerGuard(_Guard[T_co]):
    """:class:`BearerGuard` for tasks: the same arguments, results and errors."""

    def __init__(
        self, authority: AsyncAuthority[T_co], *, audience: str, realm: str | None = None
    ) -> None:
        super().__init__(authority, audience, realm, AsyncOktaOIDC)

    @silent
    async def check(self, authorization: Authorization, /, *scopes: str) -> T_co:
        """What is known of a request's token: see :meth:`BearerGuard.check`."""
        if (known := self._known(authorization, scopes)) is not None:
            return known
        token = self._token_of(authorization)
        try:
            granted = await self._asked(token, scopes)
        except OktaError as error:
            raise self._refused(error, scopes) from error
        return self._judged(granted, scopes)
