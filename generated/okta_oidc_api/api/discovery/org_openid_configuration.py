# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.oauth_error_body import OAuthErrorBody
from ...models.okta_error_body import OktaErrorBody
from ...models.server_metadata import ServerMetadata
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    client_id: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["client_id"] = client_id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/.well-known/openid-configuration",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> OAuthErrorBody | OktaErrorBody | ServerMetadata:
    if response.status_code == 200:
        response_200 = ServerMetadata.from_dict(response.json())

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
) -> Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    client_id: str | Unset = UNSET,
) -> Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]:
    """Read the OpenID Connect metadata of the org authorization server.

     Its endpoints, and what it can do. Nothing in it says where credentials should go: check that
    `issuer` is the one that was asked. OpenID Connect Discovery 1.0 section 4.

    Args:
        client_id (str | Unset): Id of an application: `issuer` is then written as that
            application is set up to have it, with the org's own domain or the custom one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]
    """

    kwargs = _get_kwargs(
        client_id=client_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    client_id: str | Unset = UNSET,
) -> OAuthErrorBody | OktaErrorBody | ServerMetadata | None:
    """Read the OpenID Connect metadata of the org authorization server.

     Its endpoints, and what it can do. Nothing in it says where credentials should go: check that
    `issuer` is the one that was asked. OpenID Connect Discovery 1.0 section 4.

    Args:
        client_id (str | Unset): Id of an application: `issuer` is then written as that
            application is set up to have it, with the org's own domain or the custom one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | ServerMetadata
    """

    return sync_detailed(
        client=client,
        client_id=client_id,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    client_id: str | Unset = UNSET,
) -> Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]:
    """Read the OpenID Connect metadata of the org authorization server.

     Its endpoints, and what it can do. Nothing in it says where credentials should go: check that
    `issuer` is the one that was asked. OpenID Connect Discovery 1.0 section 4.

    Args:
        client_id (str | Unset): Id of an application: `issuer` is then written as that
            application is set up to have it, with the org's own domain or the custom one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]
    """

    kwargs = _get_kwargs(
        client_id=client_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    client_id: str | Unset = UNSET,
) -> OAuthErrorBody | OktaErrorBody | ServerMetadata | None:
    """Read the OpenID Connect metadata of the org authorization server.

     Its endpoints, and what it can do. Nothing in it says where credentials should go: check that
    `issuer` is the one that was asked. OpenID Connect Discovery 1.0 section 4.

    Args:
        client_id (str | Unset): Id of an application: `issuer` is then written as that
            application is set up to have it, with the org's own domain or the custom one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | ServerMetadata
    """

    return (
        await asyncio_detailed(
            client=client,
            client_id=client_id,
        )
    ).parsed
