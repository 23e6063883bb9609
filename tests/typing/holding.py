"""Tokens that are held, as a type checker sees them. Checked by mypy and pyright, never run.

A line that stops checking is a change that a caller's own checker will find.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, assert_type

import httpx
from okta_oidc import (
    ORG,
    AsyncMemoryTokenStore,
    AsyncOktaOIDC,
    AsyncTokenSource,
    AsyncTokenStore,
    AsyncUserTokens,
    HeldTokens,
    MemoryTokenStore,
    OktaError,
    OktaOIDC,
    SignInRequiredError,
    Stored,
    TokenAuth,
    Tokens,
    TokenSource,
    TokenStore,
    TokenStoreError,
    UserTokens,
)
from okta_oidc.redis import AsyncRedisTokenStore, Cipher, RedisTokenStore
from okta_oidc.testing import check_async_token_store, check_token_store
from okta_oidc_api.models import ClientCredentialsGrant, TokenExchangeGrant


class OwnStore:
    """A team's own: whatever has the two methods."""

    def load(self, key: str, /) -> Stored | None:
        return Stored(b"value", "version", 1.5) if key else None

    def replace(self, key: str, value: bytes, /, *, expected: str | None, version: str) -> bool:
        return bool(key and value and expected and version)


class OwnAsyncStore:
    async def load(self, key: str, /) -> Stored | None:
        return Stored(b"value", "version", 1.5) if key else None

    async def replace(
        self, key: str, value: bytes, /, *, expected: str | None, version: str
    ) -> bool:
        return bool(key and value and expected and version)


class NoStore:
    def load(self, key: str, /) -> bytes | None:
        return key.encode()


def stores(client: Any, cipher: Cipher) -> None:
    every: list[TokenStore] = [
        MemoryTokenStore(),
        MemoryTokenStore(clock=lambda: 0.0),
        RedisTokenStore(client, prefix="p:", ttl=3600, cipher=cipher),
        OwnStore(),
    ]
    others: list[AsyncTokenStore] = [
        AsyncMemoryTokenStore(clock=lambda: 0.0),
        AsyncRedisTokenStore(client, prefix="p:", ttl=None, cipher=None),
        OwnAsyncStore(),
    ]
    stored = every[0].load("key")
    if stored is not None:
        assert_type(stored.value, bytes)
        assert_type(stored.version, str)
        assert_type(stored.age, float)
        stored.age = 0.0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert_type(every[0].replace("key", b"value", expected=None, version="v"), bool)
    assert_type(check_token_store(every[0]), None)
    check_token_store(OwnAsyncStore())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    every.append(NoStore())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    others.append(OwnStore())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def stores_asynchronous(store: AsyncTokenStore) -> None:
    assert_type(await store.load("key"), Stored | None)
    assert_type(await store.replace("key", b"value", expected="v", version="w"), bool)
    assert_type(await check_async_token_store(store), None)


def a_services_own(okta: OktaOIDC, users: UserTokens, store: TokenStore) -> None:
    source = okta.token_source(ClientCredentialsGrant(scope="reports:read"))
    assert_type(source, TokenSource)
    okta.token_source({"grant_type": "client_credentials"}, early=60, leeway=5, auth_server_id=ORG)
    okta.token_source(ClientCredentialsGrant(), store=store, key="reports")
    okta.token_source(
        lambda: TokenExchangeGrant(subject_token=users.token(), subject_token_type="")
    )
    assert_type(source.token(), str)
    assert_type(source.token(rejected="token"), str)
    held = source.tokens(rejected=None)
    assert_type(held, HeldTokens)
    assert_type(held.access_token, str)
    assert_type(held.token_type, str)
    assert_type(held.expires_at, datetime | None)
    assert_type(held.scopes, tuple[str, ...])
    assert_type(held.id_token, str | None)
    held.access_token = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    okta.token_source("client_credentials")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    okta.token_source(ClientCredentialsGrant(), store=OwnAsyncStore())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    source.token("token")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def a_users(okta: OktaOIDC, tokens: Tokens, store: TokenStore) -> None:
    user = okta.user_tokens("user:1", store)
    assert_type(user, UserTokens)
    okta.user_tokens(
        key="user:1",
        store=store,
        rotation_grace=30,
        scope="openid",
        early=60,
        leeway=5,
        max_wait=1,
        auth_server_id="aus1",
    )
    assert_type(user.save(tokens), None)
    try:
        assert_type(user.token(rejected="token"), str)
        assert_type(user.tokens(), HeldTokens)
    except SignInRequiredError as error:
        assert_type(error.reason, Literal["absent", "refused", "lost", "signed out"])
        if error.reason == "gone":  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
            return
    except TokenStoreError as error:
        as_okta_error: OktaError = error
        assert_type(str(as_okta_error), str)
    assert_type(user.sign_out(), None)
    assert_type(user.close(), None)
    user.save(user.tokens())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    okta.user_tokens("user:1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    okta.user_tokens("user:1", OwnAsyncStore())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def requests(source: TokenSource, user: UserTokens, other: AsyncUserTokens) -> None:
    assert_type(TokenAuth(source), TokenAuth)
    anywhere: list[httpx.Auth] = [TokenAuth(source), TokenAuth(user), TokenAuth(other)]
    httpx.Client(auth=anywhere[0])
    httpx.AsyncClient(auth=anywhere[2])
    httpx.get("https://api", auth=TokenAuth(user))
    TokenAuth("token")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def asynchronous(okta: AsyncOktaOIDC, tokens: Tokens, store: AsyncTokenStore) -> None:
    async def grant() -> ClientCredentialsGrant:
        return ClientCredentialsGrant()

    source = okta.token_source(grant, store=store, key="reports", auth_server_id=None)
    assert_type(source, AsyncTokenSource)
    okta.token_source(ClientCredentialsGrant)
    assert_type(await source.token(rejected="token"), str)
    assert_type(await source.tokens(), HeldTokens)
    user = okta.user_tokens("user:1", store, rotation_grace=30)
    assert_type(user, AsyncUserTokens)
    assert_type(await user.save(tokens), None)
    assert_type(await user.token(), str)
    assert_type(await user.tokens(rejected=None), HeldTokens)
    assert_type(await user.sign_out(), None)
    assert_type(await user.close(), None)
    okta.user_tokens("user:1", OwnStore())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
