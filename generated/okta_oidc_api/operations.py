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
    with_content: tuple[int, ...]
    """Those of them that come with a JSON body, lowest first."""
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
        with_content=(200,),
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
        with_content=(200,),
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
        with_content=(),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="GET",
        path="/.well-known/openid-configuration",
        module="api.discovery.org_openid_configuration",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit=None,
    ),
    Operation(
        method="GET",
        path="/.well-known/oauth-authorization-server",
        module="api.discovery.org_oauth_authorization_server",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit=None,
    ),
    Operation(
        method="GET",
        path="/oauth2/v1/keys",
        module="api.keys.org_keys",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit=None,
    ),
    Operation(
        method="POST",
        path="/oauth2/v1/device/authorize",
        module="api.device.org_device_authorize",
        statuses=(200,),
        with_content=(200,),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/v1/bc/authorize",
        module="api.backchannel.org_backchannel_authorize",
        statuses=(200,),
        with_content=(200,),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=False,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/v1/par",
        module="api.authorization.org_push_authorization",
        statuses=(200, 201),
        with_content=(200, 201),
        authenticated=True,
        dpop=True,
        needs_client_id=True,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="GET",
        path="/oauth2/v1/userinfo",
        module="api.userinfo.org_userinfo",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/v1/primary-authenticate",
        module="api.direct_authentication.org_primary_authenticate",
        statuses=(200,),
        with_content=(200,),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=False,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/v1/challenge",
        module="api.direct_authentication.org_challenge",
        statuses=(200,),
        with_content=(200,),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=False,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/token",
        module="api.token.custom_token",
        statuses=(200,),
        with_content=(200,),
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
        with_content=(200,),
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
        with_content=(),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="GET",
        path="/oauth2/{authorizationServerId}/.well-known/openid-configuration",
        module="api.discovery.custom_openid_configuration",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit=None,
    ),
    Operation(
        method="GET",
        path="/oauth2/{authorizationServerId}/.well-known/oauth-authorization-server",
        module="api.discovery.custom_oauth_authorization_server",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit=None,
    ),
    Operation(
        method="GET",
        path="/.well-known/oauth-authorization-server/oauth2/{authorizationServerId}",
        module="api.discovery.custom_oauth_authorization_server_at_root",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit=None,
    ),
    Operation(
        method="GET",
        path="/oauth2/{authorizationServerId}/v1/keys",
        module="api.keys.custom_keys",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit=None,
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/device/authorize",
        module="api.device.custom_device_authorize",
        statuses=(200,),
        with_content=(200,),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/bc/authorize",
        module="api.backchannel.custom_backchannel_authorize",
        statuses=(200,),
        with_content=(200,),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=False,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/par",
        module="api.authorization.custom_push_authorization",
        statuses=(200, 201),
        with_content=(200, 201),
        authenticated=True,
        dpop=True,
        needs_client_id=True,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="GET",
        path="/oauth2/{authorizationServerId}/v1/userinfo",
        module="api.userinfo.custom_userinfo",
        statuses=(200,),
        with_content=(200,),
        authenticated=False,
        dpop=False,
        needs_client_id=False,
        repeatable=True,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/primary-authenticate",
        module="api.direct_authentication.custom_primary_authenticate",
        statuses=(200,),
        with_content=(200,),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=False,
        limit="other",
    ),
    Operation(
        method="POST",
        path="/oauth2/{authorizationServerId}/v1/challenge",
        module="api.direct_authentication.custom_challenge",
        statuses=(200,),
        with_content=(200,),
        authenticated=True,
        dpop=False,
        needs_client_id=False,
        repeatable=False,
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
        "id_token_hint",
        "interaction_code",
        "mfa_token",
        "oob_code",
        "otp",
        "password",
        "refresh_token",
        "request",
        "sessionToken",
        "state",
        "subject_token",
        "token",
    ]
)
"""Request members, parameters and headers that are secret, by their names on the wire."""

SECRET_RESPONSES: frozenset[str] = frozenset(
    [
        "access_token",
        "auth_req_id",
        "binding_code",
        "device_code",
        "device_secret",
        "id_token",
        "mfa_token",
        "oob_code",
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

NAMES: dict[str, dict[str, str]] = {
    "OktaErrorBody": {
        "error_summary": "errorSummary",
        "error_link": "errorLink",
        "error_id": "errorId",
        "error_causes": "errorCauses",
        "error_code": "errorCode",
    },
    "OktaErrorCause": {"error_summary": "errorSummary"},
    "PushedAuthorizationRequest": {"session_token": "sessionToken"},
}
"""Fields of models that have another name on the wire, by class."""


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
