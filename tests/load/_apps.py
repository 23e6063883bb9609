"""The API under load: once for ASGI, once for WSGI."""

from __future__ import annotations

import os
from typing import Any, Final

from okta_oidc import (
    AsyncBearerGuard,
    AsyncOktaOIDC,
    BearerGuard,
    ClientSecretBasic,
    Introspection,
    IntrospectionCache,
    OktaOIDC,
)

from ._okta import AUDIENCE

# Seconds for which an answer is kept, and for which one call to Okta may take.
TTL: Final = 4.0
TIMEOUT: Final = 2.0


def _settings() -> dict[str, Any]:
    return {
        "base_url": os.environ["OKTA_ORG_URL"],
        "auth": ClientSecretBasic(os.environ["OKTA_CLIENT_ID"], os.environ["OKTA_CLIENT_SECRET"]),
        "timeout": TIMEOUT,
        "retry": None,
        "introspection_cache": IntrospectionCache(ttl=TTL, negative_ttl=TTL),
    }


def asgi() -> Any:
    """A Starlette application."""
    from okta_oidc.starlette import requires
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    guard = AsyncBearerGuard(AsyncOktaOIDC(**_settings()), audience=AUDIENCE)

    @requires(guard, "orders:read")
    async def orders(_: Request, info: Introspection) -> Response:
        return JSONResponse({"read_by": info.sub})

    return Starlette(routes=[Route("/orders", orders)])


def wsgi() -> Any:
    """A Flask application."""
    from flask import Flask
    from okta_oidc.flask import requires

    app = Flask(__name__)
    guard = BearerGuard(OktaOIDC(**_settings()), audience=AUDIENCE)

    @app.get("/orders")
    @requires(guard, "orders:read")
    def orders(info: Introspection) -> dict[str, str | None]:
        return {"read_by": info.sub}

    _ = orders
    return app
