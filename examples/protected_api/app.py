"""Orders: whoever may read them, and whoever may place them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import count

import httpx
from okta_oidc import (
    AsyncBearerGuard,
    AsyncOktaOIDC,
    ClientSecretBasic,
    Introspection,
    IntrospectionCache,
    Retry,
)
from okta_oidc.starlette import requires
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def create_app(
    environment: Mapping[str, str], *, http_client: httpx.AsyncClient | None = None
) -> Starlette:
    """The API as the environment describes it; KeyError for a variable that is missing."""
    okta = AsyncOktaOIDC(
        environment["OKTA_ORG_URL"],
        ClientSecretBasic(environment["OKTA_CLIENT_ID"], environment["OKTA_CLIENT_SECRET"]),
        # A caller of this API waits as long as it does: better a 503 soon.
        retry=Retry(attempts=2, max_wait=0.5),
        http_client=http_client,
        # For so long a token works on after it was revoked elsewhere.
        introspection_cache=IntrospectionCache(ttl=30),
    )
    guard = AsyncBearerGuard(
        okta, audience=environment.get("API_AUDIENCE", "api://default"), realm="orders"
    )
    orders: list[dict[str, object]] = []
    numbers = count(1)

    @requires(guard, "orders:read")
    async def read(_: Request, info: Introspection) -> Response:
        return JSONResponse({"orders": orders, "read_by": info.sub})

    @requires(guard, "orders:read", "orders:write")
    async def place(_: Request, info: Introspection) -> Response:
        orders.append({"number": next(numbers), "placed_by": info.sub})
        return JSONResponse(orders[-1], 201)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with okta:
            yield

    return Starlette(
        routes=[Route("/orders", read), Route("/orders", place, methods=["POST"])],
        lifespan=lifespan,
    )
