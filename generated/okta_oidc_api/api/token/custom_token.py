# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.authorization_code_grant import AuthorizationCodeGrant
from ...models.ciba_grant import CibaGrant
from ...models.client_credentials_grant import ClientCredentialsGrant
from ...models.device_code_grant import DeviceCodeGrant
from ...models.interaction_code_grant import InteractionCodeGrant
from ...models.jwt_bearer_grant import JwtBearerGrant
from ...models.mfa_oob_grant import MfaOobGrant
from ...models.mfa_otp_grant import MfaOtpGrant
from ...models.oauth_error_body import OAuthErrorBody
from ...models.okta_error_body import OktaErrorBody
from ...models.oob_grant import OobGrant
from ...models.otp_grant import OtpGrant
from ...models.password_grant import PasswordGrant
from ...models.refresh_token_grant import RefreshTokenGrant
from ...models.saml2_bearer_grant import Saml2BearerGrant
from ...models.token_exchange_grant import TokenExchangeGrant
from ...models.token_response import TokenResponse
from ...types import UNSET, Response, Unset


def _get_kwargs(
    authorization_server_id: str = "default",
    *,
    body: AuthorizationCodeGrant
    | CibaGrant
    | ClientCredentialsGrant
    | DeviceCodeGrant
    | InteractionCodeGrant
    | JwtBearerGrant
    | MfaOobGrant
    | MfaOtpGrant
    | OobGrant
    | OtpGrant
    | PasswordGrant
    | RefreshTokenGrant
    | Saml2BearerGrant
    | TokenExchangeGrant,
    dpop: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(dpop, Unset):
        headers["dpop"] = dpop

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/oauth2/{authorization_server_id}/v1/token".format(
            authorization_server_id=quote(str(authorization_server_id), safe=""),
        ),
    }

    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> OAuthErrorBody | OktaErrorBody | TokenResponse:
    if response.status_code == 200:
        response_200 = TokenResponse.from_dict(response.json())

        return response_200

    def _parse_response_default(data: object) -> OAuthErrorBody | OktaErrorBody:
        try:
            if not isinstance(data, dict):
                raise TypeError()
            componentsschemas_error_response_type_0 = OAuthErrorBody.from_dict(data)

            return componentsschemas_error_response_type_0
        except (TypeError, ValueError, AttributeError, KeyError):
            pass
        if not isinstance(data, dict):
            raise TypeError()
        componentsschemas_error_response_type_1 = OktaErrorBody.from_dict(data)

        return componentsschemas_error_response_type_1

    response_default = _parse_response_default(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[OAuthErrorBody | OktaErrorBody | TokenResponse]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    authorization_server_id: str = "default",
    *,
    client: AuthenticatedClient | Client,
    body: AuthorizationCodeGrant
    | CibaGrant
    | ClientCredentialsGrant
    | DeviceCodeGrant
    | InteractionCodeGrant
    | JwtBearerGrant
    | MfaOobGrant
    | MfaOtpGrant
    | OobGrant
    | OtpGrant
    | PasswordGrant
    | RefreshTokenGrant
    | Saml2BearerGrant
    | TokenExchangeGrant,
    dpop: str | Unset = UNSET,
) -> Response[OAuthErrorBody | OktaErrorBody | TokenResponse]:
    """Request tokens from a custom authorization server.

     Access tokens from here are JWTs for the audience configured on the server, and every request has to
    match one of its access policies. RFC 6749 section 3.2.

    Args:
        authorization_server_id (str): Id of a custom authorization server, or `default` for the
            one Okta sets up in advance. Default: 'default'.
        dpop (str | Unset): Proof that the client holds the key its tokens are to be bound to (RFC
            9449 section 4): a signed JWT for this very request, never to be used again. Left out
            unless the application asks for bound tokens.
        body (AuthorizationCodeGrant | CibaGrant | ClientCredentialsGrant | DeviceCodeGrant |
            InteractionCodeGrant | JwtBearerGrant | MfaOobGrant | MfaOtpGrant | OobGrant | OtpGrant |
            PasswordGrant | RefreshTokenGrant | Saml2BearerGrant | TokenExchangeGrant): A grant a
            custom authorization server takes. It alone has `jwt-bearer`. Its client credentials grant
            is open to any confidential client and gives the server's own scopes, never `okta.` ones.
            Its token exchange serves on-behalf-of calls and Native SSO.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | TokenResponse]
    """

    kwargs = _get_kwargs(
        authorization_server_id=authorization_server_id,
        body=body,
        dpop=dpop,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    authorization_server_id: str = "default",
    *,
    client: AuthenticatedClient | Client,
    body: AuthorizationCodeGrant
    | CibaGrant
    | ClientCredentialsGrant
    | DeviceCodeGrant
    | InteractionCodeGrant
    | JwtBearerGrant
    | MfaOobGrant
    | MfaOtpGrant
    | OobGrant
    | OtpGrant
    | PasswordGrant
    | RefreshTokenGrant
    | Saml2BearerGrant
    | TokenExchangeGrant,
    dpop: str | Unset = UNSET,
) -> OAuthErrorBody | OktaErrorBody | TokenResponse | None:
    """Request tokens from a custom authorization server.

     Access tokens from here are JWTs for the audience configured on the server, and every request has to
    match one of its access policies. RFC 6749 section 3.2.

    Args:
        authorization_server_id (str): Id of a custom authorization server, or `default` for the
            one Okta sets up in advance. Default: 'default'.
        dpop (str | Unset): Proof that the client holds the key its tokens are to be bound to (RFC
            9449 section 4): a signed JWT for this very request, never to be used again. Left out
            unless the application asks for bound tokens.
        body (AuthorizationCodeGrant | CibaGrant | ClientCredentialsGrant | DeviceCodeGrant |
            InteractionCodeGrant | JwtBearerGrant | MfaOobGrant | MfaOtpGrant | OobGrant | OtpGrant |
            PasswordGrant | RefreshTokenGrant | Saml2BearerGrant | TokenExchangeGrant): A grant a
            custom authorization server takes. It alone has `jwt-bearer`. Its client credentials grant
            is open to any confidential client and gives the server's own scopes, never `okta.` ones.
            Its token exchange serves on-behalf-of calls and Native SSO.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | TokenResponse
    """

    return sync_detailed(
        authorization_server_id=authorization_server_id,
        client=client,
        body=body,
        dpop=dpop,
    ).parsed


async def asyncio_detailed(
    authorization_server_id: str = "default",
    *,
    client: AuthenticatedClient | Client,
    body: AuthorizationCodeGrant
    | CibaGrant
    | ClientCredentialsGrant
    | DeviceCodeGrant
    | InteractionCodeGrant
    | JwtBearerGrant
    | MfaOobGrant
    | MfaOtpGrant
    | OobGrant
    | OtpGrant
    | PasswordGrant
    | RefreshTokenGrant
    | Saml2BearerGrant
    | TokenExchangeGrant,
    dpop: str | Unset = UNSET,
) -> Response[OAuthErrorBody | OktaErrorBody | TokenResponse]:
    """Request tokens from a custom authorization server.

     Access tokens from here are JWTs for the audience configured on the server, and every request has to
    match one of its access policies. RFC 6749 section 3.2.

    Args:
        authorization_server_id (str): Id of a custom authorization server, or `default` for the
            one Okta sets up in advance. Default: 'default'.
        dpop (str | Unset): Proof that the client holds the key its tokens are to be bound to (RFC
            9449 section 4): a signed JWT for this very request, never to be used again. Left out
            unless the application asks for bound tokens.
        body (AuthorizationCodeGrant | CibaGrant | ClientCredentialsGrant | DeviceCodeGrant |
            InteractionCodeGrant | JwtBearerGrant | MfaOobGrant | MfaOtpGrant | OobGrant | OtpGrant |
            PasswordGrant | RefreshTokenGrant | Saml2BearerGrant | TokenExchangeGrant): A grant a
            custom authorization server takes. It alone has `jwt-bearer`. Its client credentials grant
            is open to any confidential client and gives the server's own scopes, never `okta.` ones.
            Its token exchange serves on-behalf-of calls and Native SSO.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | TokenResponse]
    """

    kwargs = _get_kwargs(
        authorization_server_id=authorization_server_id,
        body=body,
        dpop=dpop,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    authorization_server_id: str = "default",
    *,
    client: AuthenticatedClient | Client,
    body: AuthorizationCodeGrant
    | CibaGrant
    | ClientCredentialsGrant
    | DeviceCodeGrant
    | InteractionCodeGrant
    | JwtBearerGrant
    | MfaOobGrant
    | MfaOtpGrant
    | OobGrant
    | OtpGrant
    | PasswordGrant
    | RefreshTokenGrant
    | Saml2BearerGrant
    | TokenExchangeGrant,
    dpop: str | Unset = UNSET,
) -> OAuthErrorBody | OktaErrorBody | TokenResponse | None:
    """Request tokens from a custom authorization server.

     Access tokens from here are JWTs for the audience configured on the server, and every request has to
    match one of its access policies. RFC 6749 section 3.2.

    Args:
        authorization_server_id (str): Id of a custom authorization server, or `default` for the
            one Okta sets up in advance. Default: 'default'.
        dpop (str | Unset): Proof that the client holds the key its tokens are to be bound to (RFC
            9449 section 4): a signed JWT for this very request, never to be used again. Left out
            unless the application asks for bound tokens.
        body (AuthorizationCodeGrant | CibaGrant | ClientCredentialsGrant | DeviceCodeGrant |
            InteractionCodeGrant | JwtBearerGrant | MfaOobGrant | MfaOtpGrant | OobGrant | OtpGrant |
            PasswordGrant | RefreshTokenGrant | Saml2BearerGrant | TokenExchangeGrant): A grant a
            custom authorization server takes. It alone has `jwt-bearer`. Its client credentials grant
            is open to any confidential client and gives the server's own scopes, never `okta.` ones.
            Its token exchange serves on-behalf-of calls and Native SSO.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | TokenResponse
    """

    return (
        await asyncio_detailed(
            authorization_server_id=authorization_server_id,
            client=client,
            body=body,
            dpop=dpop,
        )
    ).parsed
