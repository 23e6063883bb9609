# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.device_authorization import DeviceAuthorization
from ...models.device_authorize_request import DeviceAuthorizeRequest
from ...models.oauth_error_body import OAuthErrorBody
from ...models.okta_error_body import OktaErrorBody
from ...types import Response


def _get_kwargs(
    *,
    body: DeviceAuthorizeRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/oauth2/v1/device/authorize",
    }

    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> DeviceAuthorization | OAuthErrorBody | OktaErrorBody:
    if response.status_code == 200:
        response_200 = DeviceAuthorization.from_dict(response.json())

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
) -> Response[DeviceAuthorization | OAuthErrorBody | OktaErrorBody]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: DeviceAuthorizeRequest,
) -> Response[DeviceAuthorization | OAuthErrorBody | OktaErrorBody]:
    """Start the sign-in of a device at the org authorization server.

     The user has ten minutes to open the page and type the code, while the device polls the token
    endpoint with the device code. Asked twice, it gives two codes, and what is not used expires. RFC
    8628 section 3.1.

    Args:
        body (DeviceAuthorizeRequest): What a device asks for (RFC 8628 section 3.1).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DeviceAuthorization | OAuthErrorBody | OktaErrorBody]
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
    body: DeviceAuthorizeRequest,
) -> DeviceAuthorization | OAuthErrorBody | OktaErrorBody | None:
    """Start the sign-in of a device at the org authorization server.

     The user has ten minutes to open the page and type the code, while the device polls the token
    endpoint with the device code. Asked twice, it gives two codes, and what is not used expires. RFC
    8628 section 3.1.

    Args:
        body (DeviceAuthorizeRequest): What a device asks for (RFC 8628 section 3.1).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DeviceAuthorization | OAuthErrorBody | OktaErrorBody
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: DeviceAuthorizeRequest,
) -> Response[DeviceAuthorization | OAuthErrorBody | OktaErrorBody]:
    """Start the sign-in of a device at the org authorization server.

     The user has ten minutes to open the page and type the code, while the device polls the token
    endpoint with the device code. Asked twice, it gives two codes, and what is not used expires. RFC
    8628 section 3.1.

    Args:
        body (DeviceAuthorizeRequest): What a device asks for (RFC 8628 section 3.1).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DeviceAuthorization | OAuthErrorBody | OktaErrorBody]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: DeviceAuthorizeRequest,
) -> DeviceAuthorization | OAuthErrorBody | OktaErrorBody | None:
    """Start the sign-in of a device at the org authorization server.

     The user has ten minutes to open the page and type the code, while the device polls the token
    endpoint with the device code. Asked twice, it gives two codes, and what is not used expires. RFC
    8628 section 3.1.

    Args:
        body (DeviceAuthorizeRequest): What a device asks for (RFC 8628 section 3.1).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DeviceAuthorization | OAuthErrorBody | OktaErrorBody
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
