"""The MCP server of the examples: the official SDK's server and client, and an Okta between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.provider import TokenVerifier
from okta_oidc import AsyncBearerGuard
from okta_oidc.testing import FakeOkta
from starlette.applications import Starlette

from examples.mcp_server.server import OktaTokenVerifier, create_app

URL = "http://localhost:8082/mcp"


@pytest.fixture
def fake() -> FakeOkta:
    fake = FakeOkta(scopes=("orders:read", "orders:write"))
    fake.add_authorization_server("default", audience=URL)
    return fake


def served(fake: FakeOkta, secret: str | None = None) -> Starlette:
    environment = {
        "OKTA_ORG_URL": fake.issuer(),
        "OKTA_CLIENT_ID": fake.client_id,
        "OKTA_CLIENT_SECRET": secret or fake.client_secret,
    }
    return create_app(environment, http_client=httpx.AsyncClient(transport=fake.transport))


def token(fake: FakeOkta, scope: str = "orders:read") -> str:
    with fake.client() as okta:
        return str(okta.token({"grant_type": "client_credentials", "scope": scope}).access_token)


def run(app: Starlette, talk: Callable[[httpx2.AsyncClient], Awaitable[Any]], bearer: str) -> Any:
    """``talk`` to the app, which lives as long as it takes."""

    async def main() -> Any:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        transport = httpx2.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, headers=headers) as client,
        ):
            return await talk(client)

    return anyio.run(main)


async def ask(client: httpx2.AsyncClient) -> httpx2.Response:
    """One message, without a client of the SDK's around the answer."""
    return await client.post(
        URL,
        json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
        headers={"Accept": "application/json, text/event-stream"},
    )


def test_a_tool_is_called_by_the_one_whose_token_it_is(fake: FakeOkta) -> None:
    async def call(client: httpx2.AsyncClient) -> str:
        async with Client(streamable_http_client(URL, http_client=client)) as session:
            result: Any = await session.call_tool("whose_orders", {})
            return str(result.content[0].text)

    assert run(served(fake), call, token(fake)) == fake.client_id
    introspected = [each for each in fake.requests if each.endpoint == "introspect"]
    assert len(introspected) == 1, "each of the SDK's messages brings the token"


@pytest.mark.parametrize("bearer", ["", "made-up", "not a token"])
def test_nobody_and_a_token_that_is_not_good(fake: FakeOkta, bearer: str) -> None:
    response = run(served(fake), ask, bearer)
    assert response.status_code == 401
    assert "resource_metadata=" in response.headers["www-authenticate"]


def test_revoked_token(fake: FakeOkta) -> None:
    bearer = token(fake)
    with fake.client() as okta:
        okta.revoke(bearer)
    assert run(served(fake), ask, bearer).status_code == 401


def test_token_for_another_resource(fake: FakeOkta) -> None:
    fake.add_authorization_server("default", audience="api://elsewhere")
    assert run(served(fake), ask, token(fake)).status_code == 401


def test_missing_scope(fake: FakeOkta) -> None:
    response = run(served(fake), ask, token(fake, "orders:write"))
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_okta_is_away(fake: FakeOkta) -> None:
    """Not a 401: the agent would throw its token away."""
    bearer = token(fake)
    fake.faults.rate_limited(reset_in=40, endpoint="introspect")
    response = run(served(fake), ask, bearer)
    assert (response.status_code, response.headers["retry-after"]) == (503, "40")
    assert response.json()["error"] == "temporarily_unavailable"


def test_own_credentials(fake: FakeOkta) -> None:
    assert run(served(fake, "wrong"), ask, token(fake)).status_code == 500


def test_where_to_get_a_token(fake: FakeOkta) -> None:
    """RFC 9728, by the SDK; open to all."""

    async def discover(client: httpx2.AsyncClient) -> Any:
        origin = URL.removesuffix("/mcp")
        return (await client.get(f"{origin}/.well-known/oauth-protected-resource/mcp")).json()

    document = run(served(fake), discover, "")
    assert document["authorization_servers"] == [fake.issuer()]
    assert document["resource"] == URL


def test_the_protocol_is_the_sdks(fake: FakeOkta) -> None:
    guard = AsyncBearerGuard(fake.async_client(), audience=URL)
    verifier: TokenVerifier = OktaTokenVerifier(guard, URL)
    known = anyio.run(verifier.verify_token, token(fake))
    assert known is not None
    assert (known.client_id, known.scopes, known.resource) == (fake.client_id, ["orders:read"], URL)
    assert known.expires_at is not None


def test_environment_is_needed() -> None:
    with pytest.raises(KeyError, match="OKTA_ORG_URL"):
        create_app({})
