# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.oauth_error_body import OAuthErrorBody
from ...models.okta_error_body import OktaErrorBody
from ...models.pushed_authorization import PushedAuthorization
from ...models.pushed_authorization_request import PushedAuthorizationRequest
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: PushedAuthorizationRequest,
    dpop: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(dpop, Unset):
        headers["dpop"] = dpop

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/oauth2/v1/par",
    }

    _kwargs["data"] = body.to_dict()
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> OAuthErrorBody | OktaErrorBody | PushedAuthorization:
    if response.status_code == 200:
        response_200 = PushedAuthorization.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = PushedAuthorization.from_dict(response.json())

        return response_201

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
) -> Response[OAuthErrorBody | OktaErrorBody | PushedAuthorization]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: PushedAuthorizationRequest,
    dpop: str | Unset = UNSET,
) -> Response[OAuthErrorBody | OktaErrorBody | PushedAuthorization]:
    """Push an authorization request to the org authorization server.

     What the browser would carry to the authorization endpoint goes there directly, authenticated and
    unseen; the browser then carries `client_id` and the `request_uri` that comes back. Asked twice, it
    keeps two requests, and what is not used expires. RFC 9126 section 2.

    Args:
        dpop (str | Unset): Proof that the client holds the key its tokens are to be bound to (RFC
            9449 section 4): a signed JWT for this very request, never to be used again. Left out
            unless the application asks for bound tokens.
        body (PushedAuthorizationRequest): An authorization request (RFC 6749 section 4.1.1,
            OpenID Connect Core 1.0 section 3.1.2.1), pushed (RFC 9126 section 2.1). These are the
            parameters of the authorization endpoint too, which alone takes `request_uri`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | PushedAuthorization]
    """

    kwargs = _get_kwargs(
        body=body,
        dpop=dpop,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: PushedAuthorizationRequest,
    dpop: str | Unset = UNSET,
) -> OAuthErrorBody | OktaErrorBody | PushedAuthorization | None:
    """Push an authorization request to the org authorization server.

     What the browser would carry to the authorization endpoint goes there directly, authenticated and
    unseen; the browser then carries `client_id` and the `request_uri` that comes back. Asked twice, it
    keeps two requests, and what is not used expires. RFC 9126 section 2.

    Args:
        dpop (str | Unset): Proof that the client holds the key its tokens are to be bound to (RFC
            9449 section 4): a signed JWT for this very request, never to be used again. Left out
            unless the application asks for bound tokens.
        body (PushedAuthorizationRequest): An authorization request (RFC 6749 section 4.1.1,
            OpenID Connect Core 1.0 section 3.1.2.1), pushed (RFC 9126 section 2.1). These are the
            parameters of the authorization endpoint too, which alone takes `request_uri`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | PushedAuthorization
    """

    return sync_detailed(
        client=client,
        body=body,
        dpop=dpop,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: PushedAuthorizationRequest,
    dpop: str | Unset = UNSET,
) -> Response[OAuthErrorBody | OktaErrorBody | PushedAuthorization]:
    """Push an authorization request to the org authorization server.

     What the browser would carry to the authorization endpoint goes there directly, authenticated and
    unseen; the browser then carries `client_id` and the `request_uri` that comes back. Asked twice, it
    keeps two requests, and what is not used expires. RFC 9126 section 2.

    Args:
        dpop (str | Unset): Proof that the client holds the key its tokens are to be bound to (RFC
            9449 section 4): a signed JWT for this very request, never to be used again. Left out
            unless the application asks for bound tokens.
        body (PushedAuthorizationRequest): An authorization request (RFC 6749 section 4.1.1,
            OpenID Connect Core 1.0 section 3.1.2.1), pushed (RFC 9126 section 2.1). These are the
            parameters of the authorization endpoint too, which alone takes `request_uri`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OAuthErrorBody | OktaErrorBody | PushedAuthorization]
    """

    kwargs = _get_kwargs(
        body=body,
        dpop=dpop,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: PushedAuthorizationRequest,
    dpop: str | Unset = UNSET,
) -> OAuthErrorBody | OktaErrorBody | PushedAuthorization | None:
    """Push an authorization request to the org authorization server.

     What the browser would carry to the authorization endpoint goes there directly, authenticated and
    unseen; the browser then carries `client_id` and the `request_uri` that comes back. Asked twice, it
    keeps two requests, and what is not used expires. RFC 9126 section 2.

    Args:
        dpop (str | Unset): Proof that the client holds the key its tokens are to be bound to (RFC
            9449 section 4): a signed JWT for this very request, never to be used again. Left out
            unless the application asks for bound tokens.
        body (PushedAuthorizationRequest): An authorization request (RFC 6749 section 4.1.1,
            OpenID Connect Core 1.0 section 3.1.2.1), pushed (RFC 9126 section 2.1). These are the
            parameters of the authorization endpoint too, which alone takes `request_uri`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OAuthErrorBody | OktaErrorBody | PushedAuthorization
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            dpop=dpop,
        )
    ).parsed
