# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.oauth_error_body import OAuthErrorBody
from ...models.okta_error_body import OktaErrorBody
from ...models.oob_authentication import OobAuthentication
from ...models.primary_authenticate_request import PrimaryAuthenticateRequest
from ...types import Response


def _get_kwargs(
    *,
    body: PrimaryAuthenticateRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/oauth2/v1/primary-authenticate",
    }

    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> OAuthErrorBody | OktaErrorBody | OobAuthentication:
    if response.status_code == 200:
        response_200 = OobAuthentication.from_dict(response.json())

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
) -> Response[OAuthErrorBody | OktaErrorBody | OobAuthentication]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: PrimaryAuthenticateRequest,
) -> Response[OAuthErrorBody | OktaErrorBody | OobAuthentication]:
    """Challenge a user's authenticator as the first factor, through the org authorization server.

     The user gets a push, a text message or a call at once; the `oob` grant redeems the code that comes
    back. Okta Identity Engine.

    Args:
        body (PrimaryAuthenticateRequest): Whom to challenge, and how. Direct authentication,
            first factor.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | OobAuthentication]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: PrimaryAuthenticateRequest,
) -> OAuthErrorBody | OktaErrorBody | OobAuthentication | None:
    """Challenge a user's authenticator as the first factor, through the org authorization server.

     The user gets a push, a text message or a call at once; the `oob` grant redeems the code that comes
    back. Okta Identity Engine.

    Args:
        body (PrimaryAuthenticateRequest): Whom to challenge, and how. Direct authentication,
            first factor.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | OobAuthentication
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: PrimaryAuthenticateRequest,
) -> Response[OAuthErrorBody | OktaErrorBody | OobAuthentication]:
    """Challenge a user's authenticator as the first factor, through the org authorization server.

     The user gets a push, a text message or a call at once; the `oob` grant redeems the code that comes
    back. Okta Identity Engine.

    Args:
        body (PrimaryAuthenticateRequest): Whom to challenge, and how. Direct authentication,
            first factor.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | OobAuthentication]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: PrimaryAuthenticateRequest,
) -> OAuthErrorBody | OktaErrorBody | OobAuthentication | None:
    """Challenge a user's authenticator as the first factor, through the org authorization server.

     The user gets a push, a text message or a call at once; the `oob` grant redeems the code that comes
    back. Okta Identity Engine.

    Args:
        body (PrimaryAuthenticateRequest): Whom to challenge, and how. Direct authentication,
            first factor.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | OobAuthentication
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
