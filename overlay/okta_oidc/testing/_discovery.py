"""What an authorization server says about itself: metadata and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._answers import Answer, RefusalError, json_answer
from ._jose import RSA_AND_EC
from ._registry import ALL_GRANT_TYPES
from ._scopes import OIDC_SCOPES

if TYPE_CHECKING:
    from ._state import Call

_A_DAY: Final = 86_400
_METHODS: Final = (
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
)


def openid_configuration(call: Call) -> Answer:
    """``GET …/.well-known/openid-configuration`` (OpenID Connect Discovery section 4)."""
    members = {
        **_metadata(call),
        "userinfo_endpoint": call.server.endpoint(call.state.url, "userinfo"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [
            "iss",
            "ver",
            "sub",
            "aud",
            "iat",
            "exp",
            "jti",
            "auth_time",
            "amr",
            "idp",
            "nonce",
            "preferred_username",
            "email",
            "email_verified",
            "at_hash",
        ],
    }
    return _answer(call, members)


def oauth_metadata(call: Call) -> Answer:
    """``GET …/.well-known/oauth-authorization-server`` (RFC 8414), in either form."""
    return _answer(call, {**_metadata(call), "claims_supported": ["ver", "jti", "iss", "sub"]})


def keys(call: Call) -> Answer:
    """``GET …/v1/keys`` (RFC 7517 section 5), to be kept as long as its ``max-age`` says."""
    if call.server.id is None:
        _check_client(call)
    headers = (("Cache-Control", f"max-age={call.state.settings.keys_max_age}, must-revalidate"),)
    return json_answer(200, {"keys": call.state.ring(call.server.id).jwks()}, headers=headers)


def _answer(call: Call, members: dict[str, object]) -> Answer:
    _check_client(call)
    headers = (("Cache-Control", f"max-age={_A_DAY}, must-revalidate"),)
    return json_answer(200, members, headers=headers)


def _check_client(call: Call) -> None:
    client_id = call.parameter("client_id")
    if client_id is not None and client_id not in call.state.clients:
        raise RefusalError(
            400, "invalid_client", "There is no app with this client id.", shape="okta"
        )


def _metadata(call: Call) -> dict[str, object]:
    server, url = call.server, call.state.url

    def at(name: str) -> str:
        return server.endpoint(url, name)

    own = ("groups",) if server.id is None else server.scopes
    members: dict[str, object] = {
        "issuer": call.issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "registration_endpoint": f"{url}/oauth2/v1/clients",
        "jwks_uri": at("keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            grant
            for grant in ALL_GRANT_TYPES
            # Okta's lists are not whole either.
            if not grant.endswith(("token-exchange", "jwt-bearer"))
        ],
        "subject_types_supported": ["public"],
        "scopes_supported": [*sorted(OIDC_SCOPES), *own],
        "token_endpoint_auth_methods_supported": list(_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "introspection_endpoint": at("introspect"),
        "introspection_endpoint_auth_methods_supported": list(_METHODS),
        "revocation_endpoint": at("revoke"),
        "revocation_endpoint_auth_methods_supported": list(_METHODS),
        "end_session_endpoint": at("logout"),
        "request_parameter_supported": False,
        "device_authorization_endpoint": at("device/authorize"),
        "pushed_authorization_request_endpoint": at("par"),
        "backchannel_authentication_endpoint": at("bc/authorize"),
        "backchannel_token_delivery_modes_supported": ["poll"],
        "dpop_signing_alg_values_supported": list(RSA_AND_EC),
    }
    if call.state.settings.callback_iss:
        members["authorization_response_iss_parameter_supported"] = True
    return members
