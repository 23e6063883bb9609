"""Whether Okta accepts a client's credentials, and which of them is wrong if it does not."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from secrets import token_urlsafe
from typing import Final

import okta_oidc
from okta_oidc import ClientAuth

from ._connections import KEY_ID, Connection
from ._errors import advice_on, message_of
from ._findings import Finding
from ._secrets import CLIENT_SECRET, PRIVATE_KEY
from ._sessions import Session
from ._words import duration

_CHECK: Final = "credentials"
# Seconds. Okta refuses an assertion after its end, which the package sets 300 s ahead, and one
# whose end is more than an hour ahead.
_TOO_FAR_BEHIND: Final = -290.0
_TOO_FAR_AHEAD: Final = 3290.0
_WITH_SECRET: Final[dict[str, Callable[[str, str], ClientAuth]]] = {
    "client_secret_basic": okta_oidc.ClientSecretBasic,
    "client_secret_post": okta_oidc.ClientSecretPost,
    "client_secret_jwt": okta_oidc.ClientSecretJwt,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the harmless call; ``at`` is the middle of it, seconds since the epoch."""

    auth: ClientAuth
    info: okta_oidc.Introspection | None
    error: okta_oidc.OktaError | None
    at: float

    @property
    def http(self) -> okta_oidc.HttpInfo | None:
        """Of the answer, if there was one."""
        if self.info is not None:
            return self.info.http
        return self.error.http if isinstance(self.error, okta_oidc.APIError) else None

    @property
    def names_server(self) -> bool:
        """Whether it was refused for the authorization server, before any credentials counted."""
        error = self.error
        return isinstance(error, okta_oidc.APIError) and (
            error.code in ("E0000007", "E0000015")
            or (
                error.code == "invalid_request"
                and "authorization server" in (error.description or "").lower()
            )
        )


def tried(connection: Connection, auth: ClientAuth) -> Trial:
    """Introspect a token that does not exist: the answer is "not active", and nothing changes."""
    with connection.client(auth, None) as okta:
        begun = time.time()
        info = error = None
        try:
            info = okta.introspect(f"okta-oidc-doctor-{token_urlsafe(16)}")
        except okta_oidc.OktaError as refusal:
            error = refusal
        return Trial(auth, info, error, (begun + time.time()) / 2)


def credentials_finding(
    connection: Connection, session: Session, trial: Trial | None, skew: float | None
) -> Finding:
    """Whether they are accepted; ``skew`` is how far this machine's clock is ahead, in seconds."""
    if trial is None:
        return Finding(
            _CHECK,
            "skipped",
            "there are none to try",
            "set OKTA_CLIENT_ID, and OKTA_CLIENT_SECRET or OKTA_PRIVATE_KEY, to have them tried; "
            "--auth-method none if the application has none",
        )
    error = trial.error
    if error is None:
        text = f"accepted for {connection.client_id}, by {trial.auth.method}"
        return Finding(_CHECK, "ok", text)
    text = message_of(error)
    if isinstance(error, okta_oidc.InvalidClientError):
        advice = _advice(connection, session, trial.auth, error, skew)
        return Finding(_CHECK, "failed", text, advice)
    if isinstance(error, okta_oidc.RateLimitError):
        return Finding(_CHECK, "skipped", "not tried: the rate limit is used up", "wait, and rerun")
    if trial.names_server:
        return Finding(
            _CHECK,
            "skipped",
            "the authorization server did not try them",
            "fix the authorization server first",
        )
    if isinstance(error, okta_oidc.TransportError):
        advice = "see whether a proxy or a firewall stops POST requests, or raise --timeout"
    elif isinstance(error, okta_oidc.MalformedResponseError):
        advice = "see what answers at the org URL: a proxy, or a sign-in page?"
    else:
        advice = advice_on(error, session)
    return Finding(_CHECK, "failed", text, advice)


def _advice(
    connection: Connection,
    session: Session,
    auth: ClientAuth,
    error: okta_oidc.InvalidClientError,
    skew: float | None,
) -> str:
    if error.error_id is not None:
        # Okta answers an id that it does not know in another form than a wrong secret.
        return "this org does not know the client id: check OKTA_CLIENT_ID and the org URL"
    signs = auth.method in ("client_secret_jwt", "private_key_jwt")
    if signs and skew is not None and not _TOO_FAR_BEHIND < skew < _TOO_FAR_AHEAD:
        return (
            f"set the clock, by NTP: it is off by {duration(skew)}, and assertions carry its time"
        )
    for other, advice in _others(connection, session, auth):
        if tried(connection, other).error is None:
            return advice
    known = _advice_on(error.description or "") if signs else None
    if known is not None:
        return known
    if auth.method == "private_key_jwt":
        return (
            "Okta does not say: compare the application's public keys with this private key, and "
            "see that it is registered for private_key_jwt"
        )
    if auth.method == "none":
        return (
            "the application is no public client: name its secret or its key, as it is registered"
        )
    return "no method is accepted: copy the secret anew, and see that it was not rotated"


def _others(
    connection: Connection, session: Session, auth: ClientAuth
) -> Iterator[tuple[ClientAuth, str]]:
    """What else the credentials may be for, and what to do if they are."""
    makers: dict[str, Callable[[], ClientAuth]] = {}
    if auth.method in _WITH_SECRET:
        secret = session.secrets.read(CLIENT_SECRET, None)
        for method, make_one in _WITH_SECRET.items():
            if method != auth.method:
                advice = f"the application is registered for {method}: pass --auth-method {method}"
                makers[advice] = partial(make_one, auth.client_id, secret)
    elif auth.method == "private_key_jwt":
        key = session.secrets.read(PRIVATE_KEY, None)
        kid = connection.key_id or os.environ.get(KEY_ID)
        make = partial(okta_oidc.PrivateKeyJwt, auth.client_id, key)
        if kid is not None:
            makers["the key is right, its kid is not: correct --key-id, or leave it out"] = make
        # The algorithms of an RSA key, but for the one it has unless another is named.
        for alg in ("RS384", "RS512"):
            advice = f'the key is registered for {alg}: pass it as a JWK with "alg": "{alg}"'
            makers[advice] = partial(make, kid=kid, alg=alg)
    for advice, maker in makers.items():
        with suppress(okta_oidc.ConfigurationError):
            other = maker()
            for value in other.secrets:
                session.screen.hide(value)
            yield other, advice


def _advice_on(description: str) -> str | None:
    """What to do about what Okta says of an assertion. Its words change: a few are looked for."""
    words = set(re.findall("[a-z]+", description.lower()))
    return next((advice for signs, advice in _ADVICE if words & signs), None)


_ADVICE: Final[tuple[tuple[set[str], str], ...]] = (
    (
        {"aud", "audience"},
        "the server takes its URL for another than the one called: use the org URL that its "
        "discovery document names, or have the gateway in between keep host and path",
    ),
    (
        {"kid"},
        "no key of the application has this kid: compare --key-id with the application's public "
        "keys, and the key's algorithm too",
    ),
    (
        {"alg", "algorithm"},
        "the key is registered for another algorithm than it signs by: name it in a JWK (alg)",
    ),
    (
        {"signature"},
        "another key is registered under this kid: take the private key that belongs to it",
    ),
    (
        {"exp", "expired", "expiration", "expires", "iat", "nbf", "future"},
        "set the clock, by NTP: assertions carry this machine's time",
    ),
)
