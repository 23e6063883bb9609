# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from http import HTTPStatus
from typing import Any, cast

import httpx

from ...client import AuthenticatedClient, Client
from ...models.oauth_error_body import OAuthErrorBody
from ...models.okta_error_body import OktaErrorBody
from ...models.user_info import UserInfo
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    dpop: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(dpop, Unset):
        headers["dpop"] = dpop

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/oauth2/v1/userinfo",
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | OAuthErrorBody | OktaErrorBody | UserInfo:
    if response.status_code == 200:
        response_200 = UserInfo.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = cast(Any, None)
        return response_401

    if response.status_code == 403:
        response_403 = cast(Any, None)
        return response_403

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
) -> Response[Any | OAuthErrorBody | OktaErrorBody | UserInfo]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    dpop: str | Unset = UNSET,
) -> Response[Any | OAuthErrorBody | OktaErrorBody | UserInfo]:
    """Read the claims of a user at the org authorization server.

     The request carries the user's access token, with the scope `openid`, in the `Authorization` header,
    as `Bearer` or, with a proof for this very request that holds the token's hash (`ath`), as `DPoP`.
    The client itself does not authenticate. OpenID Connect Core 1.0 section 5.3.

    Args:
        dpop (str | Unset): Proof that the caller holds the key that the access token is bound to
            (RFC 9449 section 7): a signed JWT for this very request and token, never to be used
            again. Left out beside a bearer token.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | OAuthErrorBody | OktaErrorBody | UserInfo]
    """

    kwargs = _get_kwargs(
        dpop=dpop,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    dpop: str | Unset = UNSET,
) -> Any | OAuthErrorBody | OktaErrorBody | UserInfo | None:
    """Read the claims of a user at the org authorization server.

     The request carries the user's access token, with the scope `openid`, in the `Authorization` header,
    as `Bearer` or, with a proof for this very request that holds the token's hash (`ath`), as `DPoP`.
    The client itself does not authenticate. OpenID Connect Core 1.0 section 5.3.

    Args:
        dpop (str | Unset): Proof that the caller holds the key that the access token is bound to
            (RFC 9449 section 7): a signed JWT for this very request and token, never to be used
            again. Left out beside a bearer token.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | OAuthErrorBody | OktaErrorBody | UserInfo
    """

    return sync_detailed(
        client=client,
        dpop=dpop,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    dpop: str | Unset = UNSET,
) -> Response[Any | OAuthErrorBody | OktaErrorBody | UserInfo]:
    """Read the claims of a user at the org authorization server.

     The request carries the user's access token, with the scope `openid`, in the `Authorization` header,
    as `Bearer` or, with a proof for this very request that holds the token's hash (`ath`), as `DPoP`.
    The client itself does not authenticate. OpenID Connect Core 1.0 section 5.3.

    Args:
        dpop (str | Unset): Proof that the caller holds the key that the access token is bound to
            (RFC 9449 section 7): a signed JWT for this very request and token, never to be used
            again. Left out beside a bearer token.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | OAuthErrorBody | OktaErrorBody | UserInfo]
    """

    kwargs = _get_kwargs(
        dpop=dpop,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    dpop: str | Unset = UNSET,
) -> Any | OAuthErrorBody | OktaErrorBody | UserInfo | None:
    """Read the claims of a user at the org authorization server.

     The request carries the user's access token, with the scope `openid`, in the `Authorization` header,
    as `Bearer` or, with a proof for this very request that holds the token's hash (`ath`), as `DPoP`.
    The client itself does not authenticate. OpenID Connect Core 1.0 section 5.3.

    Args:
        dpop (str | Unset): Proof that the caller holds the key that the access token is bound to
            (RFC 9449 section 7): a signed JWT for this very request and token, never to be used
            again. Left out beside a bearer token.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | OAuthErrorBody | OktaErrorBody | UserInfo
    """

    return (
        await asyncio_detailed(
            client=client,
            dpop=dpop,
        )
    ).parsed
