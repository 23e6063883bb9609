"""Who and what the fake knows: applications, users, authorization servers."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from secrets import choice
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

AuthMethod = Literal["client_secret_basic", "client_secret_post", "none"]
GrantType = Literal["authorization_code", "refresh_token", "client_credentials", "password"]
Rotation = Literal["ROTATE", "STATIC"]

ALL_GRANT_TYPES: tuple[GrantType, ...] = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
)

_ALPHANUMERIC = string.ascii_letters + string.digits


def okta_id(prefix: str, length: int = 20) -> str:
    """An identifier as Okta makes them: ``prefix`` and letters and digits up to ``length``."""
    return prefix + "".join(choice(_ALPHANUMERIC) for _ in range(length - len(prefix)))


def okta_secret(length: int = 64) -> str:
    """A client secret in the alphabet and length Okta generates."""
    return "".join(choice(_ALPHANUMERIC + "_-") for _ in range(length))


@dataclass(frozen=True, slots=True)
class FakeClient:
    """A registered application.

    ``redirect_uris=None`` accepts any absolute URI (without a fragment); otherwise the match is
    exact, as at Okta. ``rotation`` and ``leeway`` (seconds) govern its refresh tokens.
    """

    client_id: str
    client_secret: str | None = field(repr=False)
    auth_method: AuthMethod
    redirect_uris: tuple[str, ...] | None
    grant_types: tuple[GrantType, ...]
    pkce_required: bool
    rotation: Rotation
    leeway: float


@dataclass(frozen=True, slots=True)
class FakeUser:
    """A person who can sign in.

    ``claims`` are added to ID tokens, and to the access tokens of custom authorization servers,
    from where introspection shows them at the top level.
    """

    username: str
    user_id: str
    password: str = field(repr=False)
    password_expired: bool = False
    mfa_required: bool = False
    claims: Mapping[str, object] = field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        object.__setattr__(self, "claims", MappingProxyType(dict(self.claims)))


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """The org authorization server (``id`` is ``None``) or a custom one."""

    id: str | None
    audience: str | None
    scopes: tuple[str, ...] = ()
    default_scopes: tuple[str, ...] = ()

    def issuer(self, url: str) -> str:
        """Its ``iss`` under the org's ``url``."""
        return url if self.id is None else f"{url}/oauth2/{self.id}"
