"""One way to call either client, so that each promise is written down once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, Protocol, TypeVar

from anyio import to_thread
from okta_oidc import AsyncOktaOIDC, Introspection, OktaOIDC, Tokens
from okta_oidc_api.api.introspection import custom_introspect
from okta_oidc_api.models import IntrospectRequest, TokenResponse

T = TypeVar("T")

#: ``aiohttp`` is ``AsyncOktaOIDC`` on asyncio, sending through ``okta_oidc.aiohttp_client()``.
FaceName = Literal["sync", "asyncio", "trio", "aiohttp"]
FACES: tuple[FaceName, ...] = ("sync", "asyncio", "trio", "aiohttp")
IntrospectHint = Literal["access_token", "device_secret", "id_token", "refresh_token"]
RevokeHint = Literal["access_token", "device_secret", "refresh_token"]


class Face(Protocol):
    """What both clients offer, to be awaited. A server id of ``None`` is the client's own."""

    async def token(
        self, request: Mapping[str, object], *, auth_server_id: Any = None
    ) -> TokenResponse: ...

    async def token_for_code(
        self,
        code: str,
        redirect_uri: str,
        *,
        code_verifier: str | None = None,
        auth_server_id: Any = None,
    ) -> Tokens: ...

    async def token_for_refresh_token(
        self,
        refresh_token: str,
        redirect_uri: str | None = None,
        *,
        scope: str | None = None,
        auth_server_id: Any = None,
    ) -> Tokens: ...

    async def introspect(
        self,
        token: str,
        *,
        token_type_hint: IntrospectHint | None = None,
        auth_server_id: Any = None,
    ) -> Introspection: ...

    async def revoke(
        self,
        token: str,
        *,
        token_type_hint: RevokeHint | None = None,
        auth_server_id: Any = None,
    ) -> None: ...


class InThreads:
    """``OktaOIDC``, each call in a thread of its own, as a threaded web server makes them."""

    def __init__(self, okta: OktaOIDC) -> None:
        self.okta = okta

    async def token(
        self, request: Mapping[str, object], *, auth_server_id: Any = None
    ) -> TokenResponse:
        return await _run(partial(self.okta.token, request, auth_server_id=auth_server_id))

    async def token_for_code(
        self,
        code: str,
        redirect_uri: str,
        *,
        code_verifier: str | None = None,
        auth_server_id: Any = None,
    ) -> Tokens:
        call = partial(self.okta.token_for_code, code, redirect_uri, code_verifier=code_verifier)
        return await _run(partial(call, auth_server_id=auth_server_id))

    async def token_for_refresh_token(
        self,
        refresh_token: str,
        redirect_uri: str | None = None,
        *,
        scope: str | None = None,
        auth_server_id: Any = None,
    ) -> Tokens:
        call = partial(self.okta.token_for_refresh_token, refresh_token, redirect_uri, scope=scope)
        return await _run(partial(call, auth_server_id=auth_server_id))

    async def introspect(
        self,
        token: str,
        *,
        token_type_hint: IntrospectHint | None = None,
        auth_server_id: Any = None,
    ) -> Introspection:
        call = partial(self.okta.introspect, token, token_type_hint=token_type_hint)
        return await _run(partial(call, auth_server_id=auth_server_id))

    async def revoke(
        self,
        token: str,
        *,
        token_type_hint: RevokeHint | None = None,
        auth_server_id: Any = None,
    ) -> None:
        call = partial(self.okta.revoke, token, token_type_hint=token_type_hint)
        await _run(partial(call, auth_server_id=auth_server_id))


async def _run(call: Callable[[], T]) -> T:
    return await to_thread.run_sync(call)


async def generated_introspection(face: Face, token: str, auth_server_id: str) -> object:
    """The generated function, with the client that ``api`` is."""
    body = IntrospectRequest(token=token)
    if isinstance(face, InThreads):
        client = face.okta.api
        call = partial(custom_introspect.sync, auth_server_id, client=client, body=body)
        return await _run(call)
    assert isinstance(face, AsyncOktaOIDC)
    return await custom_introspect.asyncio(auth_server_id, client=face.api, body=body)
