"""One token for another (RFC 8693), and what names their kinds."""

from __future__ import annotations

from okta_oidc_api.operations import TokenType as TokenType

from .._config import AuthServerId
from .._lazy import models
from .._operations import TOKEN, Operation, given, grant
from .._results import ExchangedToken, Tokens, read_exchanged


def client_credentials(
    server: AuthServerId, scope: str | None, resource: str | None
) -> Operation[Tokens]:
    """Tokens for the client itself (RFC 6749 §4.4)."""
    request = models.ClientCredentialsGrant(scope=given(scope))
    if resource is not None:
        request["resource"] = resource
    return grant(server, request)


def exchange(
    server: AuthServerId, subject_token: str, subject_token_type: str, /, **optional: str | None
) -> Operation[ExchangedToken]:
    """One token for another (RFC 8693 §2.1)."""
    request = models.TokenExchangeGrant(subject_token, subject_token_type)
    for name, value in optional.items():
        setattr(request, name, given(value))
    return Operation(TOKEN.request(server, request), read_exchanged)


def assertion(server: AuthServerId, assertion: str, scope: str | None) -> Operation[Tokens]:
    """Tokens for an assertion (RFC 7523 §2.1), an ID-JAG say."""
    return grant(server, models.JwtBearerGrant(assertion, scope=given(scope)))
