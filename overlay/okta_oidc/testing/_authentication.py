"""Client authentication (RFC 6749 section 2.3), each method told apart as Okta does."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from ._answers import RefusalError, invalid_client
from ._assertions import asserted_client
from ._requests import CREDENTIAL_PARAMETERS, basic_credentials, presented_method

if TYPE_CHECKING:
    from ._registry import FakeClient
    from ._state import Call


def refuse_credentials_in_query(query_names: set[str]) -> None:
    """400 ``invalid_request``: URLs end up in logs."""
    if query_names & CREDENTIAL_PARAMETERS:
        raise RefusalError(400, "invalid_request", "Client credentials belong in header or body.")


def authenticate(call: Call, *, may_name_client: bool = False) -> FakeClient:
    """The client that made the request, or the refusal Okta would give.

    An unknown client is refused in the Okta shape and a known one with the wrong secret or method
    in the OAuth shape, both as 401 ``invalid_client``.
    """
    request = call.request
    method = presented_method(request, call.form, may_name_client=may_name_client)
    if method is None:
        raise invalid_client("The request names no client.", shape_is_okta=True)
    if method == "multiple" or len(request.header_values("authorization")) > 1:
        raise RefusalError(401, "invalid_request", "More than one client authentication was sent.")
    if method in ("client_assertion", "client_secret_jwt", "private_key_jwt"):
        return asserted_client(call, method)
    if method == "client_secret_basic":
        basic = basic_credentials(request.header("authorization") or "")
        if basic is None:
            raise invalid_client("The Authorization header is not sound Basic.")
        client_id, secret = basic.client_id, basic.client_secret
        if call.parameter("client_id") not in (None, client_id):
            raise invalid_client("The client_id is not the one of the Authorization header.")
    else:
        client_id, secret = call.required("client_id"), call.parameter("client_secret") or ""

    client = call.state.clients.get(client_id)
    if client is None:
        raise invalid_client("There is no app with this client id.", shape_is_okta=True)
    if client.auth_method != method:
        raise invalid_client("The app is registered with another authentication method.")
    if not compare_digest((client.client_secret or "").encode(), secret.encode()):
        raise invalid_client("The client secret is wrong.")
    return client
