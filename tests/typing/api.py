"""The public surface as a type checker sees it. Checked by mypy and pyright, never run.

A line that stops checking is a change that a caller's own checker will find. Sign-ins, held tokens
and guards have files of their own beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, assert_type

import httpx
import okta_oidc
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from okta_oidc import (
    OFFLINE_SCOPE,
    ORG,
    APIError,
    ApprovalExpiredError,
    AsyncOktaOIDC,
    AuthorizationError,
    ClientAuth,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    ConfigurationError,
    DPoP,
    HttpInfo,
    Introspection,
    IntrospectionCache,
    InvalidClientError,
    InvalidGrantError,
    InvalidTokenError,
    MalformedResponseError,
    OktaError,
    OktaOIDC,
    PrivateKeyJwt,
    PublicClient,
    RateLimitError,
    Retry,
    ServerError,
    SignInRequiredError,
    Tokens,
    TokenStoreError,
    TransportError,
    TransportTimeoutError,
    success,
)
from okta_oidc_api import Client
from okta_oidc_api.api.discovery import org_openid_configuration
from okta_oidc_api.api.introspection import custom_introspect
from okta_oidc_api.api.keys import org_keys
from okta_oidc_api.api.revocation import org_revoke
from okta_oidc_api.api.token import custom_token, org_token
from okta_oidc_api.models import (
    Actor,
    AuthorizationCodeGrant,
    CibaGrant,
    ClientCredentialsGrant,
    Confirmation,
    DeviceCodeGrant,
    InteractionCodeGrant,
    IntrospectionResponse,
    IntrospectRequest,
    JwtBearerGrant,
    KeySet,
    MfaOobGrant,
    MfaOtpGrant,
    OAuthErrorBody,
    OktaErrorCause,
    OobGrant,
    OrgRevokeRequest,
    OtpGrant,
    PasswordGrant,
    RefreshTokenGrant,
    Saml2BearerGrant,
    ServerMetadata,
    ServiceAccount,
    TokenExchangeGrant,
    TokenResponse,
    VaultedSecret,
)
from okta_oidc_api.models import OktaErrorBody as OktaErrorModel
from okta_oidc_api.types import Response, Unset


def constants() -> None:
    values: list[str] = [OFFLINE_SCOPE, okta_oidc.__version__]
    assert_type(values[0], str)
    number: int = OFFLINE_SCOPE  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    assert_type(number, int)


def authentication() -> None:
    basic = ClientSecretBasic("client-id", "client-secret")
    post = ClientSecretPost(client_id="client-id", client_secret="client-secret")
    assert_type(basic, ClientSecretBasic)
    assert_type(post, ClientSecretPost)
    assert_type(basic.client_id, str)
    anywhere: list[httpx.Auth] = [basic, post]
    httpx.Client(auth=anywhere[0])
    Client(base_url="https://org.okta.com", httpx_args={"auth": post})
    jwt = ClientSecretJwt("client-id", "client-secret", alg="HS512")
    public = PublicClient("client-id")
    methods: list[ClientAuth] = [basic, post, jwt, public]
    assert_type(methods[0].client_id, str)
    assert_type(jwt.method, str)
    assert_type(jwt.sign(b"a=b", "https://org.okta.com", 15.0), tuple[str | None, bytes])
    ClientSecretBasic("client-id")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ClientSecretPost(b"x", "y")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def keys(rsa_key: RSAPrivateKey, ec_key: EllipticCurvePrivateKey, public_key: RSAPublicKey) -> None:
    for key in ("PEM", b"PEM", {"kty": "EC"}, rsa_key, ec_key):
        assert_type(PrivateKeyJwt("client-id", key, kid="kid", alg="RS256"), PrivateKeyJwt)
        assert_type(DPoP(key, alg="RS256"), DPoP)
    PrivateKeyJwt("client-id", public_key)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    PrivateKeyJwt("client-id")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    dpop = DPoP()
    assert_type(dpop.thumbprint, str)
    assert_type(dpop.auth("access-token"), httpx.Auth)
    OktaOIDC("https://org.okta.com", PublicClient("client-id"), dpop=dpop)
    AsyncOktaOIDC("https://org.okta.com", PrivateKeyJwt("client-id", rsa_key), dpop=None)
    assert_type(OktaOIDC.from_env(), OktaOIDC)
    assert_type(AsyncOktaOIDC.from_env("OKTA_B_", timeout=2.5, dpop=dpop), AsyncOktaOIDC)


def clients(basic: ClientSecretBasic, post: ClientSecretPost) -> None:
    assert_type(OktaOIDC("https://org.okta.com", basic), OktaOIDC)
    assert_type(AsyncOktaOIDC("https://org.okta.com", post), AsyncOktaOIDC)
    OktaOIDC(base_url="https://org.okta.com", auth=post)
    OktaOIDC(
        "https://org.okta.com",
        basic,
        auth_server_id="aus1",
        timeout=10,
        retry=None,
        http_client=httpx.Client(),
        issuer="https://id.example.com",
        introspection_cache=IntrospectionCache(ttl=30),
    )
    AsyncOktaOIDC(
        "https://org.okta.com",
        basic,
        auth_server_id=ORG,
        timeout=2.5,
        retry=Retry(attempts=3, max_wait=10.0),
        http_client=httpx.AsyncClient(),
    )
    OktaOIDC("https://org.okta.com", basic, auth_server_id=None, http_client=None)
    OktaOIDC("https://org.okta.com", basic, http_client=httpx.AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncOktaOIDC("https://org.okta.com", basic, http_client=httpx.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OktaOIDC("https://org.okta.com", httpx.BasicAuth("a", "b"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OktaOIDC("https://org.okta.com", basic, "aus1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    OktaOIDC("https://org.okta.com", basic, timeout=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OktaOIDC("https://org.okta.com", basic, auth_server_id=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def synchronous(okta: OktaOIDC) -> None:
    with okta as entered:
        assert_type(entered, OktaOIDC)
    assert_type(okta.api, Client)
    assert_type(okta.close(), None)

    assert_type(okta.token_for_code("code", "https://app/cb"), Tokens)
    assert_type(
        okta.token_for_code(
            code="c", redirect_uri="https://app/cb", code_verifier="v", auth_server_id="aus1"
        ),
        Tokens,
    )
    assert_type(okta.token_for_refresh_token("refresh"), Tokens)
    assert_type(
        okta.token_for_refresh_token(
            "refresh", "https://app/cb", scope=OFFLINE_SCOPE, auth_server_id=ORG
        ),
        Tokens,
    )
    assert_type(okta.introspect("token"), Introspection)
    assert_type(
        okta.introspect("token", token_type_hint="id_token", auth_server_id=None), Introspection
    )
    assert_type(okta.introspect("token", fresh=True), Introspection)
    assert_type(okta.revoke("token"), None)
    okta.revoke("token", token_type_hint="oauth_sts", auth_server_id=ORG)

    okta.token_for_code("code")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    okta.token_for_code("code", "cb", "verifier")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    okta.token_for_code("code", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    okta.token_for_refresh_token("r", scope=["openid"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    okta.introspect("token", token_type_hint="oauth_sts")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    okta.revoke("token", token_type_hint="id_token")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    okta.introspect(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    okta.api = Client(base_url="x")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def asynchronous(okta: AsyncOktaOIDC) -> None:
    async with okta as entered:
        assert_type(entered, AsyncOktaOIDC)
    assert_type(okta.api, Client)
    assert_type(await okta.aclose(), None)

    assert_type(await okta.token({"grant_type": "client_credentials"}), TokenResponse)
    assert_type(
        await okta.token_for_code(
            "code", "https://app/cb", code_verifier=None, auth_server_id="aus1"
        ),
        Tokens,
    )
    assert_type(
        await okta.token_for_refresh_token("refresh", None, scope=None, auth_server_id=ORG), Tokens
    )
    assert_type(
        await okta.introspect("token", token_type_hint="access_token", auth_server_id=ORG),
        Introspection,
    )
    assert_type(await okta.introspect("token", fresh=False), Introspection)
    assert_type(
        await okta.revoke("t", token_type_hint="refresh_token"),
        None,
    )

    await okta.introspect("token", token_type_hint="oauth_sts")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await okta.revoke("token", token_type_hint="id_token")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with okta:  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        pass


def any_grant(okta: OktaOIDC) -> None:
    assert_type(okta.token(AuthorizationCodeGrant(code="c", redirect_uri="u")), TokenResponse)
    okta.token(CibaGrant(auth_req_id="a"), auth_server_id="aus1")
    okta.token(ClientCredentialsGrant(), auth_server_id=ORG)
    okta.token(DeviceCodeGrant(device_code="d"))
    okta.token(InteractionCodeGrant(interaction_code="i"))
    okta.token(JwtBearerGrant(assertion="a"))
    okta.token(MfaOobGrant(mfa_token="m", oob_code="o"))
    okta.token(MfaOtpGrant(mfa_token="m", otp="1"))
    okta.token(OobGrant(oob_code="o", scope="s"))
    okta.token(OtpGrant(login_hint="l", otp="1", scope="s"))
    okta.token(PasswordGrant(username="u", password="p", scope="s"))
    okta.token(RefreshTokenGrant(refresh_token="r"))
    okta.token(Saml2BearerGrant(assertion="a", scope="s"))
    okta.token(TokenExchangeGrant(subject_token="s", subject_token_type="t"))
    plain: dict[str, str] = {"grant_type": "x"}
    okta.token(plain)
    mixed: Mapping[str, str | list[str] | None] = {"grant_type": "x", "resource": ["a"]}
    okta.token(mixed)
    okta.token("grant_type=x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    okta.token(IntrospectRequest(token="t"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def what_okta_said(response: TokenResponse) -> None:
    assert_type(response.token_type, str)
    assert_type(response.expires_in, int | Unset)
    assert_type(response.access_token, None | str | Unset)
    assert_type(response.scope, str | Unset)
    assert_type(response.refresh_token, str | Unset)
    assert_type(response.id_token, str | Unset)
    assert_type(response.device_secret, str | Unset)
    assert_type(response.issued_token_type, str | Unset)
    assert_type(response.service_account, ServiceAccount | Unset)
    assert_type(response.vaulted_secret, VaultedSecret | Unset)
    assert_type(response.additional_properties, dict[str, Any])


def what_okta_said_of_a_token(response: IntrospectionResponse) -> None:
    assert_type(response.active, bool)
    assert_type(response.token_type, str | Unset)
    assert_type(response.scope, str | Unset)
    assert_type(response.client_id, str | Unset)
    assert_type(response.username, str | Unset)
    assert_type(response.exp, int | Unset)
    assert_type(response.iat, int | Unset)
    assert_type(response.nbf, int | Unset)
    assert_type(response.sub, str | Unset)
    assert_type(response.aud, list[str] | str | Unset)
    assert_type(response.iss, str | Unset)
    assert_type(response.jti, str | Unset)
    assert_type(response.uid, str | Unset)
    assert_type(response.device_id, str | Unset)
    assert_type(response.sid, str | Unset)
    assert_type(response.auth_time, int | Unset)
    assert_type(response.amr, list[str] | Unset)
    assert_type(response.idp, str | Unset)
    assert_type(response.nonce, str | Unset)
    assert_type(response.at_hash, str | Unset)
    assert_type(response.preferred_username, str | Unset)
    assert_type(response.cnf, Confirmation | Unset)
    assert_type(response.act, Actor | Unset)
    assert_type(response.additional_properties, dict[str, Any])


def what_okta_refused(oauth: OAuthErrorBody, okta: OktaErrorModel) -> None:
    assert_type(oauth.error, str)
    assert_type(oauth.error_description, str | Unset)
    assert_type(oauth.error_uri, str | Unset)
    assert_type(oauth.mfa_token, str | Unset)
    assert_type(oauth.supported_challenge_types, list[str] | Unset)
    assert_type(oauth.interaction_uri, str | Unset)
    assert_type(oauth.additional_properties, dict[str, Any])
    assert_type(okta.error_code, str)
    assert_type(okta.error_summary, str | Unset)
    assert_type(okta.error_link, str | Unset)
    assert_type(okta.error_id, str | Unset)
    assert_type(okta.error_causes, list[OktaErrorCause] | Unset)
    assert_type(okta.additional_properties, dict[str, Any])


def tokens(result: Tokens) -> None:
    assert_type(result.access_token, str)
    assert_type(result.token_type, str)
    assert_type(result.expires_in, int | None)
    assert_type(result.expires_at, datetime | None)
    assert_type(result.scopes, tuple[str, ...])
    assert_type(result.refresh_token, str | None)
    assert_type(result.id_token, str | None)
    assert_type(result.raw, Mapping[str, Any])
    assert_type(result.http, HttpInfo)
    assert_type(result.model, TokenResponse)
    data: dict[str, Any] = result.to_dict()
    assert_type(Tokens.from_dict(data), Tokens)
    result.access_token = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    result.raw["x"] = 1  # type: ignore[index]  # pyright: ignore[reportIndexIssue]


def introspection(info: Introspection) -> None:
    assert_type(info.active, bool)
    assert_type(bool(info), bool)
    assert_type(info.scopes, tuple[str, ...])
    assert_type(info.aud, tuple[str, ...])
    assert_type(info.sub, str | None)
    assert_type(info.username, str | None)
    assert_type(info.client_id, str | None)
    assert_type(info.uid, str | None)
    assert_type(info.iss, str | None)
    assert_type(info.jti, str | None)
    assert_type(info.token_type, str | None)
    assert_type(info.expires_at, datetime | None)
    assert_type(info.issued_at, datetime | None)
    assert_type(info.not_before, datetime | None)
    assert_type(info.raw, Mapping[str, Any])
    assert_type(info.http, HttpInfo)
    assert_type(info.model, IntrospectionResponse)
    data: dict[str, Any] = info.to_dict()
    assert_type(data["active"], Any)
    info.active = False  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def http(info: HttpInfo) -> None:
    assert_type(info.status, int)
    assert_type(info.headers, Mapping[str, str])
    assert_type(info.request_id, str | None)
    limit = info.rate_limit
    if limit is not None:
        assert_type(limit.limit, int)
        assert_type(limit.remaining, int)
        assert_type(limit.reset_at, datetime)
    _ = info.rate_limit.limit  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]


def retry() -> None:
    policy = Retry(attempts=2, max_wait=1)
    assert_type(policy.attempts, int)
    assert_type(policy.max_wait, float)
    Retry(1, 0.5)
    Retry(attempts="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def errors(okta: OktaOIDC) -> None:
    try:
        okta.revoke("token")
    except InvalidClientError as error:
        assert_type(error.status, int)
        assert_type(error.code, str | None)
        assert_type(error.description, str | None)
        assert_type(error.http, HttpInfo)
        assert_type(error.error_id, str | None)
        assert_type(error.causes, tuple[str, ...])
        assert_type(error.extra, Mapping[str, Any])
        assert_type(error.retryable, bool)
    except RateLimitError as error:
        assert_type(error.retry_after, float | None)
    except (InvalidGrantError, ServerError) as error:
        api: APIError = error
        assert_type(api.status, int)
    except MalformedResponseError as error:
        assert_type(error.http, HttpInfo)
        assert_type(error.body, bytes)
    except AuthorizationError as error:
        assert_type(error.code, str | None)
        assert_type(error.description, str | None)
    except (ApprovalExpiredError, InvalidTokenError, SignInRequiredError, TokenStoreError) as error:
        okta_error: OktaError = error
        assert_type(okta_error.retries, int)
    except TransportTimeoutError as error:
        transport: TransportError = error
        assert_type(transport.request_sent, Literal[False] | None)
    except ConfigurationError as error:
        as_value_error: ValueError = error
        as_okta_error: OktaError = error
        assert_type(str(as_value_error) + str(as_okta_error), str)
    except APIError as error:
        _ = error.retry_after  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    except OktaError as error:
        assert_type(error.retries, int)


def generated(okta: OktaOIDC) -> None:
    introspected = custom_introspect.sync(client=okta.api, body=IntrospectRequest(token="t"))
    assert_type(introspected, IntrospectionResponse | OAuthErrorBody | OktaErrorModel | None)
    assert_type(success(introspected), IntrospectionResponse)
    detailed = custom_token.sync_detailed(
        "aus1", client=okta.api, body=RefreshTokenGrant(refresh_token="r")
    )
    assert_type(detailed, Response[OAuthErrorBody | OktaErrorModel | TokenResponse])
    assert_type(success(detailed.parsed), TokenResponse)
    # Of an answer without content there is nothing to narrow.
    org_revoke.sync_detailed(client=okta.api, body=OrgRevokeRequest(token="t"))
    assert_type(success(org_keys.sync(client=okta.api)), KeySet)
    assert_type(success(org_openid_configuration.sync(client=okta.api)), ServerMetadata)
    assert_type(okta.api.with_headers({"X-A": "b"}), Client)
    assert_type(okta.api.with_cookies({"a": "b"}), Client)
    assert_type(okta.api.with_timeout(httpx.Timeout(1.0)), Client)
    with okta.api as entered:
        assert_type(entered, Client)


async def generated_asynchronous(okta: AsyncOktaOIDC) -> None:
    answer = await org_token.asyncio(client=okta.api, body=ClientCredentialsGrant())
    assert_type(answer, OAuthErrorBody | OktaErrorModel | TokenResponse | None)
    assert_type(success(answer), TokenResponse)
    async with okta.api as entered:
        assert_type(entered, Client)
