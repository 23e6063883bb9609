"""Okta's OAuth 2.0 and OpenID Connect endpoints, typed, for threads and for asyncio."""

from __future__ import annotations

from ._version import __version__

# Type checkers know this name; the typing module itself would be most of what this import costs.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ._auth import ClientAuth, ClientSecretBasic, ClientSecretPost, PublicClient
    from ._client import AsyncOktaOIDC, OktaOIDC
    from ._config import ORG
    from ._credentials._assertions import ClientSecretJwt, PrivateKeyJwt
    from ._credentials._dpop import DPoP
    from ._credentials._token_auth import TokenAuth
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
    from ._holding import (
        AsyncMemoryTokenStore,
        AsyncTokenSource,
        AsyncTokenStore,
        AsyncUserTokens,
        HeldTokens,
        MemoryTokenStore,
        Stored,
        TokenSource,
        TokenStore,
        UserTokens,
    )
    from ._http import HttpInfo
    from ._introspection import Introspection
    from ._resource._cache import IntrospectionCache
    from ._resource._guard import AsyncBearerGuard, BearerGuard, BearerRefusal
    from ._results import ExchangedToken, Tokens, success
    from ._retry import Retry
    from ._senders import aiohttp_client
    from ._sign_in._exchange import TokenType
    from ._sign_in._logins import BackchannelLogin, DeviceLogin
    from ._sign_in._provider import SignIn
    from ._sign_in._requests import AuthorizationRequest
    from ._verifying._access_tokens import AccessTokenVerifier, AsyncAccessTokenVerifier
    from ._verifying._claims import Claims

__all__ = [
    "APIError",
    "AccessTokenVerifier",
    "ApprovalExpiredError",
    "AsyncAccessTokenVerifier",
    "AsyncBearerGuard",
    "AsyncMemoryTokenStore",
    "AsyncOktaOIDC",
    "AsyncTokenSource",
    "AsyncTokenStore",
    "AsyncUserTokens",
    "AuthorizationError",
    "AuthorizationRequest",
    "BackchannelLogin",
    "BearerGuard",
    "BearerRefusal",
    "CallbackMismatchError",
    "Claims",
    "ClientAuth",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "ConfigurationError",
    "DPoP",
    "DeviceLogin",
    "ExchangedToken",
    "HeldTokens",
    "HttpInfo",
    "Introspection",
    "IntrospectionCache",
    "InvalidClientError",
    "InvalidGrantError",
    "InvalidTokenError",
    "MalformedResponseError",
    "MemoryTokenStore",
    "OFFLINE_SCOPE",
    "ORG",
    "OktaError",
    "OktaOIDC",
    "PrivateKeyJwt",
    "PublicClient",
    "RateLimitError",
    "Retry",
    "ServerError",
    "SignIn",
    "SignInRequiredError",
    "Stored",
    "TokenAuth",
    "TokenSource",
    "TokenStore",
    "TokenStoreError",
    "TokenType",
    "Tokens",
    "TransportError",
    "TransportTimeoutError",
    "UserTokens",
    "__version__",
    "aiohttp_client",
    "success",
]

OFFLINE_SCOPE = "offline_access openid"
"""Scopes that bring a refresh token and an ID token. No method sends them unasked."""

# Loaded when first used: a program that imports this package at its top, and calls Okta in one
# corner, pays for httpx in that corner.
_HOMES = {
    "_auth": "ClientAuth ClientSecretBasic ClientSecretPost PublicClient",
    "_client": "AsyncOktaOIDC OktaOIDC",
    "_config": "ORG",
    "_errors": (
        "APIError ApprovalExpiredError AuthorizationError CallbackMismatchError "
        "ConfigurationError InvalidClientError InvalidGrantError InvalidTokenError "
        "MalformedResponseError OktaError RateLimitError ServerError SignInRequiredError "
        "TokenStoreError TransportError TransportTimeoutError"
    ),
    "_holding": (
        "AsyncMemoryTokenStore AsyncTokenSource AsyncTokenStore AsyncUserTokens HeldTokens "
        "MemoryTokenStore Stored TokenSource TokenStore UserTokens"
    ),
    "_http": "HttpInfo",
    "_introspection": "Introspection",
    "_credentials._assertions": "ClientSecretJwt PrivateKeyJwt",
    "_credentials._dpop": "DPoP",
    "_credentials._token_auth": "TokenAuth",
    "_resource._cache": "IntrospectionCache",
    "_resource._guard": "AsyncBearerGuard BearerGuard BearerRefusal",
    "_results": "ExchangedToken Tokens success",
    "_retry": "Retry",
    "_senders": "aiohttp_client",
    "_sign_in._exchange": "TokenType",
    "_sign_in._logins": "BackchannelLogin DeviceLogin",
    "_sign_in._provider": "SignIn",
    "_sign_in._requests": "AuthorizationRequest",
    "_verifying._access_tokens": "AccessTokenVerifier AsyncAccessTokenVerifier",
    "_verifying._claims": "Claims",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names.split():
            value: object = getattr(import_module(f".{home}", __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
