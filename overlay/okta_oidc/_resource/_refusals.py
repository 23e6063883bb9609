"""How an API refuses a request (RFC 6750 §3, RFC 9449 §7), and how a request brings its token."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

from .._errors import ConfigurationError, OktaError

# As frameworks hand it over: a header that came several times is a list, or one text with commas.
Authorization: TypeAlias = str | bytes | Sequence[str | bytes] | None

_B64TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
# RFC 6749 §3.3, scope-token; and what a quoted string may hold (RFC 9110 §5.6.4), escaped.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]+")
_ESCAPED: Final = re.compile(r'(["\\])')

# What Okta's authorization servers take in a proof.
_DPOP: Final = ', DPoP algs="RS256 RS384 RS512 ES256 ES384 ES512"'

_DESCRIPTIONS: Final = {
    None: "An access token is needed.",
    "invalid_request": "The Authorization header is malformed.",
    "invalid_token": "The access token is not valid here.",
    "insufficient_scope": "The access token lacks a scope.",
    "temporarily_unavailable": "Access tokens cannot be checked now.",
    "server_error": "Access tokens cannot be checked.",
}


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
        super().__init__(message or _DESCRIPTIONS.get(error, f"HTTP {status}"))
        self.status = status
        self.headers: Mapping[str, str] = dict(headers)
        self.error = error

    @property
    def body(self) -> dict[str, str]:
        """A body for the answer: ``error``, where there is one, and ``error_description``."""
        description = {"error_description": str(self)}
        return description if self.error is None else {"error": self.error, **description}


class Challenges:
    """The refusals of one protected API.

    Raises:
        ConfigurationError: ``realm`` holds what no header may.
    """

    def __init__(self, realm: str) -> None:
        if not _PRINTABLE.fullmatch(realm):
            raise ConfigurationError("realm and audience must be printable ASCII, and not empty")
        self._realm: Final = _ESCAPED.sub(r"\\\1", realm)

    def refusal(
        self, status: int, error: str | None = None, text: str = "", more: str = ""
    ) -> BearerRefusal:
        """A refusal that says what would be let through."""
        text = text or _DESCRIPTIONS[error]
        # No error code for someone who may not know that a token is needed (RFC 6750 §3.1).
        named = "" if error is None else f', error="{error}", error_description="{text}"'
        challenge = f'Bearer realm="{self._realm}"{named}{more}'
        return BearerRefusal(status, {"WWW-Authenticate": challenge}, error, text)

    def bound(self) -> BearerRefusal:
        """A token that is bound to a key, brought as if whoever has it may use it."""
        text = "The access token is bound to a key and is no bearer token."
        return self.refusal(401, "invalid_token", text, _DPOP)

    def insufficient(self, scopes: tuple[str, ...]) -> BearerRefusal:
        """A token without one of ``scopes``."""
        scope = " ".join(checked_scopes(scopes))
        return self.refusal(403, "insufficient_scope", more=f', scope="{scope}"')

    def token_of(self, authorization: Authorization) -> str:
        """The token in an ``Authorization`` header (RFC 6750 §2.1).

        Raises:
            BearerRefusal: there is none, or the header cannot be understood.
        """
        given = authorization
        if given is not None and not isinstance(given, str | bytes):
            if len(given) > 1:
                raise self.refusal(400, "invalid_request")
            given = given[0] if given else None
        text = given.decode("latin-1") if isinstance(given, bytes) else str(given or "")
        scheme, _, token = text.strip(" \t").partition(" ")
        if scheme.lower() != "bearer":
            raise self.refusal(401)
        token = token.lstrip(" ")
        if not _B64TOKEN.fullmatch(token):
            raise self.refusal(400, "invalid_request")
        return token


def checked_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """``scopes``, each one scope (RFC 6749 §3.3).

    Raises:
        ConfigurationError: one is none, or several in one text.
    """
    for scope in cast("tuple[object, ...]", scopes):
        if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
            raise ConfigurationError("not a scope: pass each as a text of its own, without spaces")
    return scopes
