"""Orders: whoever may read them, and whoever may place them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import count

import httpx
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, Introspection
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .bearer import BearerGuard


def create_app(
    environment: Mapping[str, str], *, http_client: httpx.AsyncClient | None = None
) -> Starlette:
    """The API as the environment describes it; KeyError for a variable that is missing."""
    okta = AsyncOktaOIDC(
        environment["OKTA_ISSUER"],
        ClientSecretBasic(environment["OKTA_CLIENT_ID"], environment["OKTA_CLIENT_SECRET"]),
        http_client=http_client,
    )
    guard = BearerGuard(
        okta, audience=environment.get("API_AUDIENCE", "api://default"), realm="orders"
    )
    orders: list[dict[str, object]] = []
    numbers = count(1)

    @guard.requires("orders:read")
    async def read(_: Request, info: Introspection) -> Response:
        return JSONResponse({"orders": orders, "read_by": info.sub})

    @guard.requires("orders:read", "orders:write")
    async def place(_: Request, info: Introspection) -> Response:
        orders.append({"number": next(numbers), "placed_by": info.sub})
        return JSONResponse(orders[-1], 201)

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with okta:
            yield

    return Starlette(
        routes=[Route("/orders", read), Route("/orders", place, methods=["POST"])],
        exception_handlers={HTTPException: refused},
        lifespan=lifespan,
    )
