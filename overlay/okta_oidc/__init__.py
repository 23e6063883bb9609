"""Okta's token, introspection and revocation endpoints, typed, for threads and for asyncio."""

from __future__ import annotations

from ._version import __version__

# Type checkers know this name; the typing module itself would be most of what this import costs.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ._adapters import aiohttp_client
    from ._auth import ClientAuth, ClientSecretBasic, ClientSecretPost, PublicClient
    from ._client import AsyncOktaOIDC, OktaOIDC
    from ._config import ORG
    from ._errors import (
        APIError,
        ApprovalExpiredError,
        AuthorizationError,
        CallbackMismatchError,
        ConfigurationError,
        InvalidClientError,
        InvalidGrantError,
        InvalidTokenError,
        MalformedResponseError,
        OktaError,
        RateLimitError,
        ServerError,
        SignInRequiredError,
        TokenStoreError,
        TransportError,
        TransportTimeoutError,
    )
    from ._http import HttpInfo
    from ._jose._assertions import ClientSecretJwt, PrivateKeyJwt
    from ._jose._dpop import DPoP
    from ._resource._cache import IntrospectionCache
    from ._resource._guard import AsyncBearerGuard, BearerGuard, BearerRefusal
    from ._results import Introspection, Tokens, success
    from ._retry import Retry

__all__ = [
    "APIError",
    "ApprovalExpiredError",
    "AsyncBearerGuard",
    "AsyncOktaOIDC",
    "AuthorizationError",
    "BearerGuard",
    "BearerRefusal",
    "CallbackMismatchError",
    "ClientAuth",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "ConfigurationError",
    "DPoP",
    "HttpInfo",
    "Introspection",
    "IntrospectionCache",
    "InvalidClientError",
    "InvalidGrantError",
    "InvalidTokenError",
    "MalformedResponseError",
    "OFFLINE_SCOPE",
    "ORG",
    "OktaError",
    "OktaOIDC",
    "PrivateKeyJwt",
    "PublicClient",
    "RateLimitError",
    "Retry",
    "ServerError",
    "SignInRequiredError",
    "TokenStoreError",
    "Tokens",
    "TransportError",
    "TransportTimeoutError",
    "__version__",
    "aiohttp_client",
    "success",
]

OFFLINE_SCOPE = "offline_access openid"
"""Scopes that bring a refresh token and an ID token. No method sends them unasked."""

# Loaded when first used: a program that imports this package at its top, and calls Okta in one
# corner, pays for httpx in that corner.
_HOMES = {
    "_adapters": ("aiohttp_client",),
    "_auth": (
        "ClientAuth",
        "ClientSecretBasic",
        "ClientSecretPost",
        "PublicClient",
    ),
    "_client": (
        "AsyncOktaOIDC",
        "OktaOIDC",
    ),
    "_config": ("ORG",),
    "_errors": (
        "APIError",
        "ApprovalExpiredError",
        "AuthorizationError",
        "CallbackMismatchError",
        "ConfigurationError",
        "InvalidClientError",
        "InvalidGrantError",
        "InvalidTokenError",
        "MalformedResponseError",
        "OktaError",
        "RateLimitError",
        "ServerError",
        "SignInRequiredError",
        "TokenStoreError",
        "TransportError",
        "TransportTimeoutError",
    ),
    "_http": ("HttpInfo",),
    "_resource._cache": ("IntrospectionCache",),
    "_resource._guard": ("AsyncBearerGuard", "BearerGuard", "BearerRefusal"),
    "_jose._assertions": (
        "ClientSecretJwt",
        "PrivateKeyJwt",
    ),
    "_jose._dpop": ("DPoP",),
    "_results": (
        "Introspection",
        "Tokens",
        "success",
    ),
    "_retry": ("Retry",),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f".{home}", __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
