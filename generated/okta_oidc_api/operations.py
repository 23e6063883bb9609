# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
"""What the generated functions do not say of the document's operations.

Importing this module loads no model and no function.
"""

from typing import Final, NamedTuple


class Operation(NamedTuple):
    """One operation of the document."""

    method: str
    """HTTP method, in upper case."""
    path: str
    """Path template, as in the document."""
    module: str
    """Where its functions are, below this package."""
    statuses: tuple[int, ...]
    """The 2xx statuses that the document declares, lowest first."""
    model: str | None
    """Class in `models` that reads the JSON body of a 2xx; None without such a body or class."""
    has_content: bool
    """Whether a 2xx has a JSON body."""
    authenticated: bool
    """Whether the request authenticates the client."""
    dpop: bool
    """Whether the request takes a DPoP proof that binds tokens to a key."""
    needs_client_id: bool
    """Whether the form must have a `client_id`, however the client authenticates."""
    repeatable: bool
    """Whether sending it twice uses nothing up; of a token request, `REPEATABLE_GRANTS` says it."""
    limit: str | None
    """The server's rate limit that it counts against: `token`, `other`, or None for none at all."""


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/oauth2/v1/token",
        module="api.token.org_token",
        statuses=(200,),
        model="TokenResponse",
        has_content=True,
        authenticated=True,
        dpop=True,
        needs_client_id=False,
        repeatable=False,
        limit="token",
    ),
    Operation(
        method="POST",
        path="/oauth2/v1/introspect",
        module="api.introspection.org_introspect",
        statuses=(200,),
        model="IntrospectionResponse",
        has_content=True,
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/v1/revoke",
        module="api.revocation.org_revoke",
        statuses=(200,),
        model=None,
        has_content=False,
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/token",
        module="api.token.custom_token",
        statuses=(200,),
        model="TokenResponse",
        has_content=True,
        authenticated=True,
        dpop=True,
        needs_client_id=False,
        repeatable=False,
        limit="token",
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/introspect",
        module="api.introspection.custom_introspect",
        statuses=(200,),
        model="IntrospectionResponse",
        has_content=True,
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/revoke",
        module="api.revocation.custom_revoke",
        statuses=(200,),
        model=None,
        has_content=False,
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
)

SECRETS: frozenset[str] = frozenset(
    [
        "actor_token",
        "assertion",
        "auth_req_id",
        "binding_code",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "device_code",
        "dpop",
        "interaction_code",
        "mfa_token",
        "oob_code",
        "otp",
        "password",
        "refresh_token",
        "request",
        "subject_token",
        "token",
    ]
)
"""Request members, parameters and headers that are secret, by their names on the wire."""

SECRET_RESPONSES: frozenset[str] = frozenset(
    [
        "access_token",
        "device_secret",
        "id_token",
        "mfa_token",
        "password",
        "refresh_token",
        "vaulted_secret",
    ]
)
"""Members of answers that are secret."""

CREDENTIALS: frozenset[str] = frozenset(
    ["client_assertion", "client_assertion_type", "client_id", "client_secret"]
)
"""Form members that authenticate the client."""

REPEATABLE_GRANTS: frozenset[str] = frozenset(["client_credentials"])
"""Grant types of token requests that use nothing up when sent twice."""


class TokenType:
    """The URNs of the token types that are known (RFC 8693 section 3)."""

    ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
    ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"
    REFRESH_TOKEN: Final = "urn:ietf:params:oauth:token-type:refresh_token"
    JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
    SAML1: Final = "urn:ietf:params:oauth:token-type:saml1"
    SAML2: Final = "urn:ietf:params:oauth:token-type:saml2"
    DEVICE_SECRET: Final = "urn:x-oath:params:oauth:token-type:device-secret"
    ID_JAG: Final = "urn:ietf:params:oauth:token-type:id-jag"
    INTERCLIENT_TOKEN: Final = "urn:okta:params:oauth:token-type:interclient_token"
    OAUTH_STS: Final = "urn:okta:params:oauth:token-type:oauth-sts"
    VAULTED_SECRET: Final = "urn:okta:params:oauth:token-type:vaulted-secret"
    SERVICE_ACCOUNT: Final = "urn:okta:params:oauth:token-type:service-account"
    WEB_SSO_TOKEN: Final = "urn:okta:oauth:token-type:web_sso_token"
