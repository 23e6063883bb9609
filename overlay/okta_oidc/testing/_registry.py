"""Who and what the fake knows: applications, users, authorization servers, resources."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import choice
from types import MappingProxyType
from typing import Any, Final, Literal

from ._jose import ClientKey

AuthMethod = Literal[
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
]
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:okta:params:oauth:grant-type:otp",
    "urn:okta:params:oauth:grant-type:oob",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-oob",
]
Rotation = Literal["ROTATE", "STATIC"]

ALL_GRANT_TYPES: Final[tuple[GrantType, ...]] = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:okta:params:oauth:grant-type:otp",
    "urn:okta:params:oauth:grant-type:oob",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-oob",
)

_ALPHANUMERIC: Final = string.ascii_letters + string.digits


def okta_id(prefix: str, length: int = 20) -> str:
    """An identifier as Okta makes them: ``prefix`` and letters and digits up to ``length``."""
    return prefix + "".join(choice(_ALPHANUMERIC) for _ in range(length - len(prefix)))


def okta_secret(length: int = 64) -> str:
    """A client secret in the alphabet and length Okta generates."""
    return "".join(choice(_ALPHANUMERIC + "_-") for _ in range(length))


def digits(length: int) -> str:
    """A code of decimal digits, as text: it may begin with zeros."""
    return "".join(choice(string.digits) for _ in range(length))


@dataclass(frozen=True, slots=True)
class FakeClient:
    """A registered application.

    ``redirect_uris=None`` accepts any absolute URI (without a fragment); otherwise the match is
    exact, as at Okta; ``post_logout_redirect_uris`` are the same for logout. ``rotation`` and
    ``leeway`` (seconds) govern its refresh tokens. ``private_key`` is what a ``private_key_jwt``
    client signs with, if the fake knows it: the JWK that it made, or the one key that it was given.
    """

    client_id: str
    client_secret: str | None = field(repr=False)
    auth_method: AuthMethod
    redirect_uris: tuple[str, ...] | None
    grant_types: tuple[GrantType, ...]
    pkce_required: bool
    rotation: Rotation
    leeway: float
    dpop_bound_access_tokens: bool = False
    post_logout_redirect_uris: tuple[str, ...] | None = None
    keys: tuple[ClientKey, ...] = field(default=(), repr=False)
    private_key: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FakeUser:
    """A person who can sign in.

    ``claims`` are added to ID tokens and userinfo, and to the access tokens of custom authorization
    servers, from where introspection shows them at the top level. ``otp`` is the one-time password
    that direct authentication takes.
    """

    username: str
    user_id: str
    password: str = field(repr=False)
    password_expired: bool = False
    mfa_required: bool = False
    claims: Mapping[str, object] = field(default_factory=dict[str, object])
    otp: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "claims", MappingProxyType(dict(self.claims)))


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """The org authorization server (``id`` is ``None``) or a custom one.

    It exchanges access tokens of its own, and of the custom servers whose ids are ``trusted``.
    """

    id: str | None
    audience: str | None
    scopes: tuple[str, ...] = ()
    default_scopes: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()

    def issuer(self, url: str) -> str:
        """Its ``iss`` under the org's ``url``."""
        return url if self.id is None else f"{url}/oauth2/{self.id}"

    def endpoint(self, url: str, name: str) -> str:
        """The URL of one of its endpoints."""
        prefix = "/oauth2" if self.id is None else f"/oauth2/{self.id}"
        return f"{url}{prefix}/v1/{name}"


@dataclass(frozen=True, slots=True)
class FakeResource:
    """What a user's token is exchanged for beyond Okta: another service's token
    (``oauth-sts``, with ``scopes``), a vaulted secret, or a service account."""

    name: str
    scopes: tuple[str, ...] = ()
    vaulted_secret: Mapping[str, str] | None = field(default=None, repr=False)
    service_account: Mapping[str, str] | None = field(default=None, repr=False)
