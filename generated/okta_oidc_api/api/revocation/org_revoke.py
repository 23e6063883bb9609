# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from http import HTTPStatus
from typing import Any, cast

import httpx

from ...client import AuthenticatedClient, Client
from ...models.oauth_error_body import OAuthErrorBody
from ...models.okta_error_body import OktaErrorBody
from ...models.org_revoke_request import OrgRevokeRequest
from ...types import Response


def _get_kwargs(
    *,
    body: OrgRevokeRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/oauth2/v1/revoke",
    }

    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | OAuthErrorBody | OktaErrorBody:
    if response.status_code == 200:
        response_200 = cast(Any, None)
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
) -> Response[Any | OAuthErrorBody | OktaErrorBody]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: OrgRevokeRequest,
) -> Response[Any | OAuthErrorBody | OktaErrorBody]:
    """Revoke a token of the org authorization server.

     Success says only that the request was understood: a token that was unknown, expired or revoked
    already gives the same answer. Repeating the request does no harm. RFC 7009 section 2.

    Args:
        body (OrgRevokeRequest): The token to revoke at the org authorization server (RFC 7009
            section 2.1). A refresh token takes its access tokens with it, an access token leaves its
            refresh token alive, a device secret ends every session of the device.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | OAuthErrorBody | OktaErrorBody]
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
    body: OrgRevokeRequest,
) -> Any | OAuthErrorBody | OktaErrorBody | None:
    """Revoke a token of the org authorization server.

     Success says only that the request was understood: a token that was unknown, expired or revoked
    already gives the same answer. Repeating the request does no harm. RFC 7009 section 2.

    Args:
        body (OrgRevokeRequest): The token to revoke at the org authorization server (RFC 7009
            section 2.1). A refresh token takes its access tokens with it, an access token leaves its
            refresh token alive, a device secret ends every session of the device.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | OAuthErrorBody | OktaErrorBody
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: OrgRevokeRequest,
) -> Response[Any | OAuthErrorBody | OktaErrorBody]:
    """Revoke a token of the org authorization server.

     Success says only that the request was understood: a token that was unknown, expired or revoked
    already gives the same answer. Repeating the request does no harm. RFC 7009 section 2.

    Args:
        body (OrgRevokeRequest): The token to revoke at the org authorization server (RFC 7009
            section 2.1). A refresh token takes its access tokens with it, an access token leaves its
            refresh token alive, a device secret ends every session of the device.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | OAuthErrorBody | OktaErrorBody]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: OrgRevokeRequest,
) -> Any | OAuthErrorBody | OktaErrorBody | None:
    """Revoke a token of the org authorization server.

     Success says only that the request was understood: a token that was unknown, expired or revoked
    already gives the same answer. Repeating the request does no harm. RFC 7009 section 2.

    Args:
        body (OrgRevokeRequest): The token to revoke at the org authorization server (RFC 7009
            section 2.1). A refresh token takes its access tokens with it, an access token leaves its
            refresh token alive, a device secret ends every session of the device.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | OAuthErrorBody | OktaErrorBody
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
