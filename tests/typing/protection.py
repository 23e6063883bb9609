"""What guards an API, as a type checker sees it. Checked by mypy and pyright, never run.

A line that stops checking is a change that a caller's own checker will find.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, assert_type

from django.http import HttpRequest, HttpResponse
from fastapi import Depends
from okta_oidc import (
    AccessTokenVerifier,
    AsyncAccessTokenVerifier,
    AsyncBearerGuard,
    AsyncOktaOIDC,
    BearerGuard,
    BearerRefusal,
    Claims,
    ClientAuth,
    Introspection,
    IntrospectionCache,
    OktaOIDC,
)
from okta_oidc.django import requires as django_requires
from okta_oidc.fastapi import requires as fastapi_requires
from okta_oidc.flask import requires as flask_requires
from okta_oidc.redis import AsyncRedisIntrospectionTier, Cipher, RedisIntrospectionTier
from okta_oidc.starlette import requires as starlette_requires
from starlette.requests import Request
from starlette.responses import Response


def cached(auth: ClientAuth, client: object, cipher: Cipher) -> None:
    tier = RedisIntrospectionTier(client, prefix="p:", local_ttl=1, timeout=0.1, cipher=cipher)
    cache = IntrospectionCache(30, negative_ttl=10, max_entries=5, stale_if_error=1.5, shared=tier)
    okta = OktaOIDC("https://org.example", auth, introspection_cache=cache)
    assert_type(okta.introspect("t", fresh=True), Introspection)
    assert_type(cache.stats.hits + cache.stats.misses + cache.stats.shared_hits, int)
    assert_type(cache.stats.calls + cache.stats.evictions + cache.stats.stale, int)
    cache.clear()
    IntrospectionCache(shared=AsyncRedisIntrospectionTier(client))
    IntrospectionCache(shared="redis://localhost")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def guarded(okta: OktaOIDC, verifier: AccessTokenVerifier, header: list[bytes] | None) -> None:
    guard = BearerGuard(okta, audience="api://orders", realm="orders")
    assert_type(guard, BearerGuard[Introspection])
    try:
        assert_type(guard.check(header, "orders:read"), Introspection)
        assert_type(BearerGuard(verifier, audience="a").check("Bearer t"), Claims)
    except BearerRefusal as refusal:
        assert_type(refusal.status, int)
        assert_type(refusal.headers, Mapping[str, str])
        assert_type(refusal.error, str | None)
    AsyncBearerGuard(okta, audience="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def guarded_asynchronous(okta: AsyncOktaOIDC, verifier: AsyncAccessTokenVerifier) -> None:
    assert_type(await AsyncBearerGuard(okta, audience="a").check(None), Introspection)
    assert_type(await AsyncBearerGuard(verifier, audience="a").check(None), Claims)


def handlers(okta: OktaOIDC, verifier: AsyncAccessTokenVerifier) -> None:
    guard = BearerGuard(okta, audience="a")
    claiming = AsyncBearerGuard(verifier, audience="a")

    @starlette_requires(claiming, "a:read")
    async def in_starlette(request: Request, claims: Claims) -> Response:
        return Response(claims.sub)

    assert_type(in_starlette, Callable[[Request], Awaitable[Response]])

    @starlette_requires(claiming)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    async def wrong(request: Request, info: Introspection) -> Response:
        return Response(info.sub)

    dependency = fastapi_requires(claiming, "a:read")
    assert_type(dependency, Callable[..., Awaitable[Claims]])
    assert_type(fastapi_requires(guard), Callable[..., Introspection])

    def in_fastapi(claims: Annotated[Claims, Depends(dependency)]) -> str | None:
        return claims.sub

    @flask_requires(guard, "a:read")
    def in_flask(info: Introspection, number: int) -> str:
        return f"{info.sub} {number}"

    in_flask(7)
    in_flask("7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    @django_requires(claiming)
    async def in_django(request: HttpRequest, claims: Claims, number: int) -> HttpResponse:
        return HttpResponse(claims.sub)

    in_django(HttpRequest(), 7)
    in_django(HttpRequest(), "7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    _ = wrong, in_fastapi
