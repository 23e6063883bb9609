"""Sign-ins, logins and verification as a type checker sees them. Checked, never run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, assert_type

import httpx
from okta_oidc import (
    ORG,
    AccessTokenVerifier,
    ApprovalExpiredError,
    AsyncAccessTokenVerifier,
    AsyncOktaOIDC,
    AuthorizationError,
    AuthorizationRequest,
    BackchannelLogin,
    CallbackMismatchError,
    Claims,
    DeviceLogin,
    ExchangedToken,
    InvalidTokenError,
    OktaOIDC,
    SignIn,
    Tokens,
    TokenType,
)
from okta_oidc_api.models import ServerMetadata, TokenResponse, UserInfo


def a_sign_in(okta: OktaOIDC, session: dict[str, Any], query: Mapping[str, str]) -> None:
    request = okta.authorization_request(
        "https://app/cb", "openid", max_age=60, prompt="login", push=True, idp="0oa1"
    )
    assert_type(request, AuthorizationRequest)
    assert_type(request.url, str)
    session["sign-in"] = request.to_dict()
    request = AuthorizationRequest.from_dict(session.pop("sign-in"))
    try:
        done = okta.finish_sign_in(request, "https://app/cb?code=x&state=y")
    except CallbackMismatchError:
        done = okta.finish_sign_in(request, query)
    except AuthorizationError as error:
        assert_type(error.code, str | None)
        raise
    assert_type(done, SignIn)
    assert_type(done.tokens, Tokens)
    assert_type(done.claims, Claims)
    okta.authorization_request("https://app/cb", idp=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def what_claims_hold(claims: Claims) -> None:
    assert_type(claims.sub, str)
    assert_type(claims.uid, str | None)
    assert_type(claims.client_id, str | None)
    assert_type(claims.scopes, tuple[str, ...])
    assert_type(claims.aud, tuple[str, ...])
    assert_type(claims.expires_at, datetime)
    assert_type(claims.issued_at, datetime | None)
    assert_type(claims.auth_time, datetime | None)
    assert_type(claims.groups, tuple[str, ...])
    assert_type(claims.raw, Mapping[str, Any])


def verification(okta: OktaOIDC, token: str) -> None:
    try:
        assert_type(okta.verify_id_token(token, nonce=None), Claims)
        assert_type(okta.verify_access_token(token, audience="api://x", scopes=["a"]), Claims)
    except InvalidTokenError as error:
        if error.reason == "expired":
            return
        if error.reason == "nonsense":  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
            return
    okta.verify_id_token(token)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    okta.verify_access_token(token)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def an_api(token: str, client: httpx.Client) -> None:
    with AccessTokenVerifier("https://o/oauth2/a", audience="x", leeway=1) as verifier:
        assert_type(verifier.verify(token, "orders:read", "orders:write"), Claims)
    AccessTokenVerifier("https://o/oauth2/a", audience="x", http_client=client).close()


async def an_api_async(token: str, client: httpx.AsyncClient) -> None:
    async with AsyncAccessTokenVerifier(
        "https://o/oauth2/a", audience="x", http_client=client
    ) as verifier:
        assert_type(await verifier.verify(token), Claims)


def grants_and_logins(okta: OktaOIDC) -> None:
    assert_type(okta.token_for_client_credentials("a", resource="https://x"), Tokens)
    assert_type(okta.token_for_assertion("x.y.z", scope="a"), Tokens)
    exchanged = okta.token_for_exchange(
        "x", TokenType.ID_TOKEN, requested_token_type=TokenType.ID_JAG, auth_server_id=ORG
    )
    assert_type(exchanged, ExchangedToken)
    assert_type(exchanged.token, str | None)
    assert_type(exchanged.expires_at, datetime | None)
    assert_type(exchanged.model, TokenResponse)
    device = okta.start_device_login("openid")
    assert_type(device, DeviceLogin)
    assert_type(device.verification_uri_complete, str | None)
    assert_type(DeviceLogin.from_dict(device.to_dict()), DeviceLogin)
    push = okta.start_backchannel_login(login_hint="x", expires_in=60)
    assert_type(push, BackchannelLogin)
    assert_type(okta.poll(device), Tokens | None)
    assert_type(okta.poll(device, auth_server_id=ORG), Tokens | None)
    with suppress(ApprovalExpiredError):
        assert_type(okta.wait_for(push, auth_server_id="aus1"), Tokens)
    okta.poll("code")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def the_rest(okta: OktaOIDC) -> None:
    assert_type(okta.metadata(auth_server_id=ORG), ServerMetadata)
    assert_type(okta.userinfo("x"), UserInfo)
    assert_type(okta.logout_url("x", state="y"), str)


async def the_same_awaited(okta: AsyncOktaOIDC, request: AuthorizationRequest) -> None:
    assert_type(await okta.authorization_request("https://app/cb"), AuthorizationRequest)
    assert_type(await okta.finish_sign_in(request, "code=x"), SignIn)
    assert_type(await okta.verify_id_token("x", nonce="n"), Claims)
    assert_type(await okta.verify_access_token("x", audience="a"), Claims)
    assert_type(await okta.metadata(), ServerMetadata)
    assert_type(await okta.userinfo("x"), UserInfo)
    assert_type(okta.logout_url("x"), str)
    assert_type(await okta.token_for_exchange("x", TokenType.JWT), ExchangedToken)
    login = await okta.start_device_login()
    assert_type(await okta.poll(login), Tokens | None)
    assert_type(await okta.wait_for(await okta.start_backchannel_login(login_hint="x")), Tokens)
