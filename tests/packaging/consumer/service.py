"""A project that uses okta-oidc: its types must reach a strict checker from what is installed."""

from __future__ import annotations

from typing import assert_type

from okta_oidc import ORG, AsyncOktaOIDC, ClientSecretBasic, Introspection, OktaOIDC, Tokens
from okta_oidc_api.api.token import custom_token
from okta_oidc_api.models import AuthorizationCodeGrant, TokenResponse


def sign_in(okta: OktaOIDC, code: str) -> Tokens:
    tokens = okta.token_for_code(code, "http://localhost/callback")
    assert_type(tokens, Tokens)
    assert_type(tokens.expires_in, int | None)
    return tokens


def scopes_of(okta: OktaOIDC, token: str) -> tuple[str, ...]:
    info = okta.introspect(token, token_type_hint="access_token", auth_server_id=ORG)
    assert_type(info, Introspection)
    return info.scopes


def raw(okta: OktaOIDC, code: str) -> str:
    answer = custom_token.sync(
        client=okta.api,
        body=AuthorizationCodeGrant(code=code, redirect_uri="http://localhost/callback"),
    )
    if not isinstance(answer, TokenResponse):
        raise TypeError(type(answer))
    assert_type(answer.token_type, str)
    return answer.token_type


async def refreshed(base_url: str, refresh_token: str) -> str | None:
    async with AsyncOktaOIDC(base_url, ClientSecretBasic("id", "secret")) as okta:
        tokens = await okta.token_for_refresh_token(refresh_token)
    assert_type(tokens.refresh_token, str | None)
    return tokens.refresh_token
