"""What a browser is sent to Okta with, and what of it must be kept until it is back."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from okta_oidc_api.operations import CREDENTIALS

from .._config import AuthServerId, checked_text
from .._errors import ConfigurationError
from .._lazy import models
from ._kept import Kept

# Parameters that bind the callback to its request, or could replace these: drawn here, for each
# request, and not accepted from callers.
_OURS: Final = CREDENTIALS | frozenset(
    {
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "nonce",
        "request",
        "request_uri",
        "response_type",
        "state",
    }
)
# 256 and 384 bits; the verifier has 64 characters (RFC 7636 §4.1: 43 to 128).
_RANDOM_BYTES: Final = 32
_VERIFIER_BYTES: Final = 48


@dataclass(frozen=True, slots=True, repr=False)
class AuthorizationRequest(Kept):
    """A sign-in that has begun (OIDC Core §3.1.2.1, RFC 7636).

    Send the browser to ``url``, and keep this, in the user's own session, for
    :meth:`OktaOIDC.finish_sign_in`. It serves for one sign-in. ``max_age`` is in seconds.
    """

    url: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    code_verifier: str
    max_age: int | None
    auth_server_id: AuthServerId

    def __repr__(self) -> str:
        return (
            f"AuthorizationRequest(redirect_uri={self.redirect_uri!r}, scope={self.scope!r}, "
            f"auth_server_id={self.auth_server_id!r})"
        )


def parameters(
    redirect_uri: str,
    scope: str,
    *,
    max_age: int | None,
    extra: Mapping[str, str],
    **optional: str | None,
) -> tuple[models.PushedAuthorizationRequest, str]:
    """The parameters of a new request, less the client's id, and the code verifier of it.

    Raises:
        ConfigurationError: one cannot be right, or is not the caller's to choose.
    """
    given = {name: value for name, value in optional.items() if value is not None}
    given.update(extra)
    for name, value in {"redirect_uri": redirect_uri, "scope": scope, **given}.items():
        checked_text(name, value)
    if "openid" not in scope.split():
        raise ConfigurationError("scope lacks openid: without it there is no ID token to check")
    if max_age is not None and (type(max_age) is not int or max_age < 0):
        raise ConfigurationError("max_age must be a whole number of seconds, 0 or more")
    if chosen := sorted(_OURS & extra.keys()):
        raise ConfigurationError(f"{chosen[0]} is drawn or set for each request: leave it out")
    verifier = secrets.token_urlsafe(_VERIFIER_BYTES)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    request = models.PushedAuthorizationRequest(
        client_id="",
        response_type="code",
        redirect_uri=redirect_uri,
        scope=scope,
        state=secrets.token_urlsafe(_RANDOM_BYTES),
        nonce=secrets.token_urlsafe(_RANDOM_BYTES),
        code_challenge=challenge,
        code_challenge_method="S256",
    )
    if max_age is not None:
        given["max_age"] = str(max_age)
    for name, value in given.items():
        # By the name that goes over the wire, which is not always a field's.
        request[name] = value
    return request, verifier


def address(endpoint: str, members: Mapping[str, object]) -> str:
    """A page of Okta's with its query.

    Raises:
        ConfigurationError: a parameter is not valid Unicode text.
    """
    try:
        return f"{endpoint}?{urlencode(members)}"
    except UnicodeEncodeError:
        raise ConfigurationError("a parameter is not valid Unicode text") from None
