"""One token for another (RFC 8693), and what names their kinds."""

from __future__ import annotations

from enum import StrEnum

from .._config import AuthServerId
from .._models import models
from .._operations import TOKEN, Operation, given, grant
from .._results import ExchangedToken, Tokens, read_exchanged


class TokenType(StrEnum):
    """Kinds of tokens in an exchange (RFC 8693 §3; Okta: "Token exchange")."""

    ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
    ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
    REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"
    JWT = "urn:ietf:params:oauth:token-type:jwt"
    SAML1 = "urn:ietf:params:oauth:token-type:saml1"
    SAML2 = "urn:ietf:params:oauth:token-type:saml2"
    ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
    # Okta spells it so.
    DEVICE_SECRET = "urn:x-oath:params:oauth:token-type:device-secret"
    INTERCLIENT_TOKEN = "urn:okta:params:oauth:token-type:interclient_token"
    OAUTH_STS = "urn:okta:params:oauth:token-type:oauth-sts"
    VAULTED_SECRET = "urn:okta:params:oauth:token-type:vaulted-secret"
    SERVICE_ACCOUNT = "urn:okta:params:oauth:token-type:service-account"
    WEB_SSO_TOKEN = "urn:okta:oauth:token-type:web_sso_token"


def client_credentials(
    server: AuthServerId, scope: str | None, resource: str | None
) -> Operation[Tokens]:
    """Tokens for the client itself (RFC 6749 §4.4)."""
    request = models.ClientCredentialsGrant(scope=given(scope))
    if resource is not None:
        request["resource"] = resource
    return grant(server, request)


def exchange(
    server: AuthServerId,
    subject_token: str,
    subject_token_type: str,
    *,
    audience: str | None,
    scope: str | None,
    resource: str | None,
    actor_token: str | None,
    actor_token_type: str | None,
    requested_token_type: str | None,
) -> Operation[ExchangedToken]:
    """One token for another (RFC 8693 §2.1)."""
    request = models.TokenExchangeGrant(
        subject_token,
        subject_token_type,
        audience=given(audience),
        scope=given(scope),
        resource=given(resource),
        actor_token=given(actor_token),
        actor_token_type=given(actor_token_type),
        requested_token_type=given(requested_token_type),
    )
    return Operation(TOKEN.request(server, request), read_exchanged)


def assertion(server: AuthServerId, assertion: str, scope: str | None) -> Operation[Tokens]:
    """Tokens for an assertion (RFC 7523 §2.1), an ID-JAG say."""
    return grant(server, models.JwtBearerGrant(assertion, scope=given(scope)))
