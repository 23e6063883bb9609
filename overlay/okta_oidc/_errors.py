"""What goes wrong, as types.

::

    OktaError
    ├── ConfigurationError         also a ValueError
    ├── TransportError
    │   └── TransportTimeoutError
    ├── MalformedResponseError
    ├── APIError
    │   ├── InvalidClientError
    │   ├── InvalidGrantError
    │   ├── RateLimitError
    │   └── ServerError
    ├── InvalidTokenError
    ├── AuthorizationError
    │   └── CallbackMismatchError
    ├── ApprovalExpiredError
    ├── SignInRequiredError
    └── TokenStoreError

Attributes hold what the server sent. Messages hold status, code, description and request id, and
never a token, code, secret or assertion. Every error survives pickling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ._http import HttpInfo

InvalidTokenReason: TypeAlias = Literal[
    "malformed",
    "encrypted",
    "algorithm",
    "unknown_key",
    "signature",
    "issuer",
    "audience",
    "authorized_party",
    "expired",
    "not_yet_valid",
    "nonce",
    "hash",
    "auth_time",
    "scope",
    "client",
    "bound",
    "claim",
]
SignInReason: TypeAlias = Literal["absent", "refused", "lost", "signed out"]


class OktaError(Exception):
    """The base of everything this package raises.

    ``retries`` tells how many times the request had been sent again before this was raised.
    """

    retries: int = 0

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        # The inherited way calls the class with `args` alone, which knows nothing of the fields.
        return type(self).__new__, (type(self), *self.args), self.__dict__


class ConfigurationError(OktaError, ValueError):
    """An argument was wrong. Raised before any request was sent."""


class TransportError(OktaError):
    """There was no complete HTTP response.

    ``request_sent`` is ``False`` where the request cannot have reached the server whole, and
    ``None`` where the server may have processed it: a code may be spent, a refresh token rotated.
    ``http`` and ``body`` hold what arrived before the connection broke, if anything did.
    """

    def __init__(
        self,
        message: str = "",
        *,
        request_sent: Literal[False] | None = None,
        http: HttpInfo | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.request_sent: Literal[False] | None = request_sent
        self.http = http
        self.body = body


class TransportTimeoutError(TransportError):
    """The time limit of one attempt ran out."""


class MalformedResponseError(OktaError):
    """A 2xx response that is not what the endpoint promises (RFC 6749 §5.1, RFC 7662 §2.2).

    The server has done its part: ``body``, the bytes as received (1 MiB at most), may hold the
    only copy of the tokens that a single-use code was spent on.
    """

    def __init__(self, message: str = "", *, http: HttpInfo, body: bytes) -> None:
        super().__init__(message)
        self.http = http
        self.body = body


class APIError(OktaError):
    """The server refused the request (RFC 6749 §5.2; Okta's "Error codes" page).

    ``code`` is the OAuth ``error`` or Okta's ``errorCode``, an open set; ``description`` is the
    text beside it; both are ``None`` where the body has neither. ``error_id`` and ``causes`` are
    Okta's ``errorId`` and ``errorCauses`` (their summaries). ``extra`` holds all other members of
    the body (``mfa_token``, ``interaction_uri``, …), read-only. ``body`` is the body as received.

    ``retryable`` says whether sending the same call again, later, can both succeed and do no
    harm. It is ``False`` for a code or a refresh token that a failing gateway may have let through.
    """

    def __init__(
        self,
        message: str = "",
        *,
        http: HttpInfo,
        body: bytes = b"",
        code: str | None = None,
        description: str | None = None,
        error_id: str | None = None,
        causes: tuple[str, ...] = (),
        extra: Mapping[str, Any] | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.http = http
        self.body = body
        self.code = code
        self.description = description
        self.error_id = error_id
        self.causes = causes
        self.extra: Mapping[str, Any] = {} if extra is None else extra
        self.retryable = retryable

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return self.http.status


class InvalidClientError(APIError):
    """The credentials, the client id or the authentication method were refused."""


class InvalidGrantError(APIError):
    """The code, refresh token or assertion was refused: start a new sign-in."""


class RateLimitError(APIError):
    """HTTP 429, whatever the body says. Nothing was processed.

    Raised without a request, too, where the limit is known to be used up and the call may not wait
    for it: ``http`` has no headers then, and ``code`` and ``description`` are ``None``.
    """

    retry_after: float | None = None
    """Seconds until the limit resets, ``X-Rate-Limit-Reset`` − ``Date``; ``None`` if unknown."""


class ServerError(APIError):
    """HTTP 5xx, a gateway's own pages included."""


class InvalidTokenError(OktaError):
    """A JWT that does not hold (RFC 7519 §7.2, OIDC Core §3.1.3.7, RFC 9068 §4).

    ``reason`` says which check failed. The token is not in the error.
    """

    def __init__(self, message: str = "", *, reason: InvalidTokenReason) -> None:
        super().__init__(message)
        self.reason: InvalidTokenReason = reason


class AuthorizationError(OktaError):
    """The callback carried an error (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).

    ``code`` is its ``error``, an open set; ``description`` the text beside it, or ``None``.
    """

    def __init__(
        self, message: str = "", *, code: str | None = None, description: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.description = description


class CallbackMismatchError(AuthorizationError):
    """The callback is no answer to this request: another state or issuer, or a parameter twice."""


class ApprovalExpiredError(OktaError):
    """A device or backchannel login was not approved in time (RFC 8628 §3.5, CIBA Core §11)."""


class SignInRequiredError(OktaError):
    """Held tokens cannot be renewed: the user has to sign in again.

    ``reason``: ``"absent"`` if none are held, ``"refused"`` if Okta refused the refresh token,
    ``"lost"`` if its successor was lost with the process that fetched it, ``"signed out"``.
    """

    def __init__(self, message: str = "", *, reason: SignInReason) -> None:
        super().__init__(message)
        self.reason: SignInReason = reason


class TokenStoreError(OktaError):
    """The store holds what cannot be read, or a rotated token could not be written to it."""
