"""The asynchronous contenders. Each imports its library itself: no process holds another's."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._answers import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, FORMS, REFRESH_TOKEN, Operation
from ._targets import TIMEOUT, Target

if TYPE_CHECKING:
    import httpx
    from okta_oidc import AsyncOktaOIDC
    from okta_oidc_api import Client

    from ._contenders import AsyncCalls


def httpx_client(target: Target) -> AsyncCalls:
    """What is written by hand: a client, its ``post``, and the members of the answer."""
    import httpx

    client = httpx.AsyncClient(timeout=TIMEOUT, transport=target.async_transport())
    auth = httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET)

    async def post(operation: Operation) -> Any:
        response = await client.post(target.url(operation), data=FORMS[operation], auth=auth)
        response.raise_for_status()
        return response.json() if response.content else None

    async def refresh() -> object:
        return (await post("refresh"))["access_token"]

    async def introspect() -> object:
        return (await post("introspect"))["active"]

    async def revoke() -> object:
        return await post("revoke")

    return {"refresh": refresh, "introspect": introspect, "revoke": revoke}


def okta_oidc(target: Target) -> AsyncCalls:
    return _okta_oidc(_client(target))


def okta_oidc_aiohttp(target: Target) -> AsyncCalls:
    from okta_oidc import aiohttp_client

    return _okta_oidc(_client(target, aiohttp_client()))


def _client(target: Target, http_client: httpx.AsyncClient | None = None) -> AsyncOktaOIDC:
    from okta_oidc import AsyncOktaOIDC, ClientSecretBasic

    client = AsyncOktaOIDC(
        target.base_url,
        ClientSecretBasic(CLIENT_ID, CLIENT_SECRET),
        auth_server_id=target.server_id,
        timeout=TIMEOUT,
        http_client=http_client,
    )
    if target.in_memory:
        inner: Any = client
        vars(inner._sender._wire)["_transport"] = target.async_transport()
    return client


def _okta_oidc(client: AsyncOktaOIDC) -> AsyncCalls:
    async def refresh() -> object:
        return (await client.token_for_refresh_token(REFRESH_TOKEN)).access_token

    async def introspect() -> object:
        return (await client.introspect(ACCESS_TOKEN, token_type_hint="access_token")).active

    async def revoke() -> None:
        await client.revoke(ACCESS_TOKEN, token_type_hint="access_token")

    return {"refresh": refresh, "introspect": introspect, "revoke": revoke}


def okta_api(target: Target) -> AsyncCalls:
    """Generated functions, sent by ours."""
    return _generated(target, _client(target).api)


def generated(target: Target) -> AsyncCalls:
    """The generated functions as they come, with httpx's own authentication."""
    import httpx
    from okta_oidc_api import Client

    client = Client(
        base_url=target.base_url,
        timeout=httpx.Timeout(TIMEOUT),
        httpx_args={
            "auth": httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET),
            "transport": target.async_transport(),
        },
    )
    return _generated(target, client)


def _generated(target: Target, client: Client) -> AsyncCalls:
    from okta_oidc_api.api.introspection import custom_introspect
    from okta_oidc_api.api.revocation import custom_revoke
    from okta_oidc_api.api.token import custom_token
    from okta_oidc_api.models import (
        CustomRevokeRequest,
        IntrospectionResponse,
        IntrospectRequest,
        RefreshTokenGrant,
        TokenResponse,
    )

    async def refresh() -> object:
        found = await custom_token.asyncio(
            target.server_id, client=client, body=RefreshTokenGrant(refresh_token=REFRESH_TOKEN)
        )
        assert isinstance(found, TokenResponse)
        return found.access_token

    async def introspect() -> object:
        found = await custom_introspect.asyncio(
            target.server_id,
            client=client,
            body=IntrospectRequest(token=ACCESS_TOKEN, token_type_hint="access_token"),
        )
        assert isinstance(found, IntrospectionResponse)
        return found.active

    async def revoke() -> None:
        await custom_revoke.asyncio_detailed(
            target.server_id,
            client=client,
            body=CustomRevokeRequest(token=ACCESS_TOKEN, token_type_hint="access_token"),
        )

    return {"refresh": refresh, "introspect": introspect, "revoke": revoke}


def authlib_httpx(target: Target) -> AsyncCalls:
    library: Any = import_module("authlib.integrations.httpx_client")
    client = library.AsyncOAuth2Client(
        CLIENT_ID, CLIENT_SECRET, timeout=TIMEOUT, transport=target.async_transport()
    )

    async def refresh() -> object:
        url = target.url("refresh")
        return (await client.refresh_token(url, refresh_token=REFRESH_TOKEN))["access_token"]

    async def introspect() -> object:
        url = target.url("introspect")
        answer = await client.introspect_token(url, ACCESS_TOKEN, "access_token")
        answer.raise_for_status()
        return answer.json()["active"]

    async def revoke() -> None:
        url = target.url("revoke")
        answer = await client.revoke_token(url, ACCESS_TOKEN, "access_token")
        answer.raise_for_status()

    return {"refresh": refresh, "introspect": introspect, "revoke": revoke}


def httpx_oauth(target: Target) -> AsyncCalls:
    """It has no introspection. As it comes, it makes a client for each call; here it keeps one."""
    import httpx

    library: Any = import_module("httpx_oauth.oauth2")
    shared = httpx.AsyncClient(timeout=TIMEOUT, transport=target.async_transport())

    def kept() -> AbstractAsyncContextManager[httpx.AsyncClient]:
        return nullcontext(shared)

    client = library.OAuth2(
        CLIENT_ID,
        CLIENT_SECRET,
        target.base_url,
        target.url("refresh"),
        refresh_token_endpoint=target.url("refresh"),
        revoke_token_endpoint=target.url("revoke"),
        token_endpoint_auth_method="client_secret_basic",
        revocation_endpoint_auth_method="client_secret_basic",
    )
    client.get_httpx_client = kept

    async def refresh() -> object:
        return (await client.refresh_token(REFRESH_TOKEN))["access_token"]

    async def revoke() -> None:
        await client.revoke_token(ACCESS_TOKEN, "access_token")

    return {"refresh": refresh, "revoke": revoke}


def aiohttp_session(target: Target) -> AsyncCalls:
    import aiohttp

    session = aiohttp.ClientSession(
        auth=aiohttp.BasicAuth(CLIENT_ID, CLIENT_SECRET),
        cookie_jar=aiohttp.DummyCookieJar(),
        raise_for_status=True,
    )

    async def post(operation: Operation) -> Any:
        async with session.post(target.url(operation), data=FORMS[operation]) as response:
            return await response.json() if response.content_length else await response.read()

    async def refresh() -> object:
        return (await post("refresh"))["access_token"]

    async def introspect() -> object:
        return (await post("introspect"))["active"]

    async def revoke() -> None:
        await post("revoke")

    return {"refresh": refresh, "introspect": introspect, "revoke": revoke}
