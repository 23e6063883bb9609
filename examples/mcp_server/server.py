"""A tool behind the guard, by the token verifier protocol of the official SDK (2.0 or newer)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from okta_oidc import (
    AsyncBearerGuard,
    AsyncOktaOIDC,
    BearerRefusal,
    ClientSecretBasic,
    Introspection,
    IntrospectionCache,
    Retry,
)
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class OktaTokenVerifier:
    """The SDK's ``TokenVerifier``: asks the guard, and so Okta, or what is kept of its answer."""

    def __init__(self, guard: AsyncBearerGuard[Introspection], audience: str) -> None:
        self._guard: Final = guard
        self._audience: Final = audience

    async def verify_token(self, token: str) -> AccessToken | None:
        """What is known of the token; ``None``, which the SDK answers 401 to, if it is not good.

        Raises:
            BearerRefusal: Okta cannot be asked. That is no fault of the token's.
        """
        try:
            info = await self._guard.check(f"Bearer {token}")
        except BearerRefusal as refusal:
            if refusal.status >= 500:
                raise
            return None
        return AccessToken(
            token=token,
            client_id=info.client_id or "",
            scopes=list(info.scopes),
            expires_at=None if info.expires_at is None else int(info.expires_at.timestamp()),
            resource=self._audience,
            subject=info.sub,
            claims=dict(info.raw),
        )


class Unavailable:
    """Answers 503, or 500, where the guard could not tell: the SDK would make all of it a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app: Final = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except BearerRefusal as refusal:
            answer = JSONResponse(refusal.body, refusal.status, headers=dict(refusal.headers))
            await answer(scope, receive, send)


def create_app(
    environment: Mapping[str, str], *, http_client: httpx.AsyncClient | None = None
) -> Starlette:
    """The server as the environment describes it; KeyError for a variable that is missing."""
    okta = AsyncOktaOIDC(
        environment["OKTA_ORG_URL"],
        ClientSecretBasic(environment["OKTA_CLIENT_ID"], environment["OKTA_CLIENT_SECRET"]),
        retry=Retry(attempts=2, max_wait=0.5),
        http_client=http_client,
        introspection_cache=IntrospectionCache(ttl=30),
    )
    url = environment.get("MCP_URL", "http://localhost:8082/mcp")
    audience = environment.get("API_AUDIENCE", url)
    mcp = MCPServer(
        "orders",
        token_verifier=OktaTokenVerifier(AsyncBearerGuard(okta, audience=audience), audience),
        auth=AuthSettings(
            issuer_url=AnyHttpUrl(environment["OKTA_ORG_URL"]),
            resource_server_url=AnyHttpUrl(url),
            required_scopes=["orders:read"],
            # The guard has looked at the audience.
            validate_token_resource=False,
        ),
    )

    @mcp.tool()
    def whose_orders() -> str:
        """Whose orders these are."""
        token = get_access_token()
        assert token is not None
        return token.subject or token.client_id

    app = mcp.streamable_http_app(json_response=True, stateless_http=True)
    app.add_middleware(Unavailable)
    return app
