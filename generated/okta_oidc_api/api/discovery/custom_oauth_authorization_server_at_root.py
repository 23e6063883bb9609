# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...models.oauth_error_body import OAuthErrorBody
from ...models.okta_error_body import OktaErrorBody
from ...models.server_metadata import ServerMetadata
from ...types import UNSET, Response, Unset


def _get_kwargs(
    authorization_server_id: str = "default",
    *,
    client_id: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["client_id"] = client_id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/.well-known/oauth-authorization-server/oauth2/{authorization_server_id}".format(
            authorization_server_id=quote(str(authorization_server_id), safe=""),
        ),
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
    authorization_server_id: str = "default",
    *,
    client: AuthenticatedClient | Client,
    client_id: str | Unset = UNSET,
) -> Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]:
    """Read the OAuth metadata of a custom authorization server, at the path of RFC 8414.

     The same metadata where RFC 8414 section 3.1 puts it: the well-known part comes first, the issuer's
    path after it. Okta has it since 2026.06.

    Args:
        authorization_server_id (str): Id of a custom authorization server, or `default` for the
            one Okta sets up in advance. Default: 'default'.
        client_id (str | Unset): Id of an application: `issuer` is then written as that
            application is set up to have it, with the org's own domain or the custom one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]
    """

    kwargs = _get_kwargs(
        authorization_server_id=authorization_server_id,
        client_id=client_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    authorization_server_id: str = "default",
    *,
    client: AuthenticatedClient | Client,
    client_id: str | Unset = UNSET,
) -> OAuthErrorBody | OktaErrorBody | ServerMetadata | None:
    """Read the OAuth metadata of a custom authorization server, at the path of RFC 8414.

     The same metadata where RFC 8414 section 3.1 puts it: the well-known part comes first, the issuer's
    path after it. Okta has it since 2026.06.

    Args:
        authorization_server_id (str): Id of a custom authorization server, or `default` for the
            one Okta sets up in advance. Default: 'default'.
        client_id (str | Unset): Id of an application: `issuer` is then written as that
            application is set up to have it, with the org's own domain or the custom one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | ServerMetadata
    """

    return sync_detailed(
        authorization_server_id=authorization_server_id,
        client=client,
        client_id=client_id,
    ).parsed


async def asyncio_detailed(
    authorization_server_id: str = "default",
    *,
    client: AuthenticatedClient | Client,
    client_id: str | Unset = UNSET,
) -> Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]:
    """Read the OAuth metadata of a custom authorization server, at the path of RFC 8414.

     The same metadata where RFC 8414 section 3.1 puts it: the well-known part comes first, the issuer's
    path after it. Okta has it since 2026.06.

    Args:
        authorization_server_id (str): Id of a custom authorization server, or `default` for the
            one Okta sets up in advance. Default: 'default'.
        client_id (str | Unset): Id of an application: `issuer` is then written as that
            application is set up to have it, with the org's own domain or the custom one.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | ServerMetadata]
    """

    kwargs = _get_kwargs(
        authorization_server_id=authorization_server_id,
        client_id=client_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    authorization_server_id: str = "default",
    *,
    client: AuthenticatedClient | Client,
    client_id: str | Unset = UNSET,
) -> OAuthErrorBody | OktaErrorBody | ServerMetadata | None:
    """Read the OAuth metadata of a custom authorization server, at the path of RFC 8414.

     The same metadata where RFC 8414 section 3.1 puts it: the well-known part comes first, the issuer's
    path after it. Okta has it since 2026.06.

    Args:
        authorization_server_id (str): Id of a custom authorization server, or `default` for the
            one Okta sets up in advance. Default: 'default'.
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
            authorization_server_id=authorization_server_id,
            client=client,
            client_id=client_id,
        )
    ).parsed
