"""The synchronous contenders. Each imports its library itself: no process holds another's."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from ._answers import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    FORMS,
    REDIRECT_URI,
    REFRESH_TOKEN,
    Operation,
)
from ._targets import TIMEOUT, Target

if TYPE_CHECKING:
    from http.client import HTTPConnection

    from okta_oidc import OktaOIDC
    from okta_oidc_api import Client

    from ._contenders import SyncCalls


def httpx_client(target: Target) -> SyncCalls:
    """What is written by hand: a client, its ``post``, and the members of the answer."""
    import httpx

    client = httpx.Client(timeout=TIMEOUT, transport=target.sync_transport())
    auth = httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET)

    def post(operation: Operation) -> httpx.Response:
        response = client.post(target.url(operation), data=FORMS[operation], auth=auth)
        return response.raise_for_status()

    def revoke() -> None:
        post("revoke")

    return {
        "refresh": lambda: post("refresh").json()["access_token"],
        "code": lambda: post("code").json()["access_token"],
        "grant": lambda: post("grant").json()["access_token"],
        "introspect": lambda: post("introspect").json()["active"],
        "revoke": revoke,
    }


def _client(target: Target) -> OktaOIDC:
    from okta_oidc import ClientSecretBasic, OktaOIDC

    client = OktaOIDC(
        target.base_url,
        ClientSecretBasic(CLIENT_ID, CLIENT_SECRET),
        auth_server_id=target.server_id,
        timeout=TIMEOUT,
    )
    if target.in_memory:
        # Where an httpx.Client takes its transport.
        inner: Any = client
        vars(inner._sender._wire)["_transport"] = target.sync_transport()
    return client


def okta_oidc(target: Target) -> SyncCalls:
    from okta_oidc_api.models import ClientCredentialsGrant

    client = _client(target)
    return {
        "refresh": lambda: client.token_for_refresh_token(REFRESH_TOKEN).access_token,
        "code": lambda: client.token_for_code(CODE, REDIRECT_URI).access_token,
        "grant": lambda: client.token(ClientCredentialsGrant(scope="orders.read")).access_token,
        "introspect": lambda: (
            client.introspect(ACCESS_TOKEN, token_type_hint="access_token").active
        ),
        "revoke": lambda: client.revoke(ACCESS_TOKEN, token_type_hint="access_token"),
    }


def okta_api(target: Target) -> SyncCalls:
    """Generated functions, sent by ours."""
    return _generated(target, _client(target).api)


def generated(target: Target) -> SyncCalls:
    """The generated functions as they come, with httpx's own authentication."""
    import httpx
    from okta_oidc_api import Client

    client = Client(
        base_url=target.base_url,
        timeout=httpx.Timeout(TIMEOUT),
        httpx_args={
            "auth": httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET),
            "transport": target.sync_transport(),
        },
    )
    return _generated(target, client)


def _generated(target: Target, client: Client) -> SyncCalls:
    from okta_oidc_api.api.introspection import custom_introspect
    from okta_oidc_api.api.revocation import custom_revoke
    from okta_oidc_api.api.token import custom_token
    from okta_oidc_api.models import (
        CustomRevokeRequest,
        IntrospectionResponse,
        IntrospectRequest,
        RefreshTokenGrant,
        TokenResponse,
    )

    def refresh() -> object:
        found = custom_token.sync(
            target.server_id, client=client, body=RefreshTokenGrant(refresh_token=REFRESH_TOKEN)
        )
        assert isinstance(found, TokenResponse)
        return found.access_token

    def introspect() -> object:
        found = custom_introspect.sync(
            target.server_id,
            client=client,
            body=IntrospectRequest(token=ACCESS_TOKEN, token_type_hint="access_token"),
        )
        assert isinstance(found, IntrospectionResponse)
        return found.active

    def revoke() -> None:
        custom_revoke.sync_detailed(
            target.server_id,
            client=client,
            body=CustomRevokeRequest(token=ACCESS_TOKEN, token_type_hint="access_token"),
        )

    return {"refresh": refresh, "introspect": introspect, "revoke": revoke}


def authlib_httpx(target: Target) -> SyncCalls:
    library: Any = import_module("authlib.integrations.httpx_client")
    return _authlib(
        target,
        library.OAuth2Client(
            CLIENT_ID, CLIENT_SECRET, timeout=TIMEOUT, transport=target.sync_transport()
        ),
    )


def authlib_requests(target: Target) -> SyncCalls:
    library: Any = import_module("authlib.integrations.requests_client")
    return _authlib(target, library.OAuth2Session(CLIENT_ID, CLIENT_SECRET, timeout=TIMEOUT))


def _authlib(target: Target, client: Any) -> SyncCalls:
    def revoke() -> None:
        answer = client.revoke_token(target.url("revoke"), ACCESS_TOKEN, "access_token")
        answer.raise_for_status()

    def introspect() -> object:
        answer = client.introspect_token(target.url("introspect"), ACCESS_TOKEN, "access_token")
        answer.raise_for_status()
        return answer.json()["active"]

    return {
        "refresh": lambda: client.refresh_token(target.url("refresh"), refresh_token=REFRESH_TOKEN)[
            "access_token"
        ],
        "introspect": introspect,
        "revoke": revoke,
    }


def requests_oauthlib(target: Target) -> SyncCalls:
    """It has no methods for introspection and revocation."""
    # Else it refuses plain http.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    library: Any = import_module("requests_oauthlib")
    requests: Any = import_module("requests.auth")
    client = library.OAuth2Session(CLIENT_ID)
    auth = requests.HTTPBasicAuth(CLIENT_ID, CLIENT_SECRET)
    return {
        "refresh": lambda: client.refresh_token(
            target.url("refresh"), refresh_token=REFRESH_TOKEN, auth=auth, timeout=TIMEOUT
        )["access_token"]
    }


def http_client(target: Target) -> SyncCalls:
    """A connection for each thread, and bytes that are prepared as far as they can be."""
    from base64 import b64encode
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    netloc = urlsplit(target.base_url).netloc
    credentials = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    headers = {
        "Accept": "application/json",
        "Authorization": f"Basic {credentials}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connections = threading.local()

    def post(operation: Operation) -> bytes:
        held = cast("dict[str, HTTPConnection]", vars(connections))
        connection = held.get("connection")
        if connection is None:
            connection = held["connection"] = HTTPConnection(netloc, timeout=TIMEOUT)
        connection.request(
            "POST",
            target.url(operation).removeprefix(target.base_url),
            urlencode(FORMS[operation]),
            headers,
        )
        response = connection.getresponse()
        assert response.status == 200
        return response.read()

    def revoke() -> None:
        post("revoke")

    calls: dict[Operation, Callable[[], object]] = {
        "refresh": lambda: json.loads(post("refresh"))["access_token"],
        "introspect": lambda: json.loads(post("introspect"))["active"],
        "revoke": revoke,
    }
    return calls
