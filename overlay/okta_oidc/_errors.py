"""What goes wrong, as types.

::

    OktaError
    ├── ConfigurationError         also a ValueError
    ├── TransportError
    │   └── TransportTimeoutError
    ├── MalformedResponseError
    └── APIError
        ├── InvalidClientError
        ├── InvalidGrantError
        ├── RateLimitError
        └── ServerError

Attributes hold what the server sent. Messages hold status, code, description and request id, and
never a token, code, secret or assertion. Every error survives pickling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ._http import HttpInfo


class OktaError(Exception):
    """The base of everything this package raises.

    ``retries`` tells how many times the request had been sent again before this was raised.
    """

    retries: int = 0

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    def __reduce__(self) -> tuple[Any, ...]:
        # The inherited way calls the class with `args` alone, which knows nothing of the fields.
        return _restored, (type(self), self.args, self.__dict__)


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
    """HTTP 429, whatever the body says. Nothing was processed."""

    retry_after: float | None = None
    """Seconds until the limit resets, ``X-Rate-Limit-Reset`` − ``Date``; ``None`` if not told."""


class ServerError(APIError):
    """HTTP 5xx, a gateway's own pages included."""


class InvalidTokenError(OktaError):
    """A JWT that does not hold. ``reason`` says why; the token is not in it."""

    def __init__(self, message: str = "", *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def _restored(cls: type[OktaError], args: tuple[object, ...], fields: dict[str, Any]) -> OktaError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(fields)
    return error
