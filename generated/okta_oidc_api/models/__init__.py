# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
"""Contains all the data models used in inputs/outputs"""

from .actor import Actor
from .authorization_code_grant import AuthorizationCodeGrant
from .ciba_grant import CibaGrant
from .client_assertion_type import ClientAssertionType
from .client_credentials_grant import ClientCredentialsGrant
from .confirmation import Confirmation
from .custom_revoke_request import CustomRevokeRequest
from .custom_revoke_token_type_hint import CustomRevokeTokenTypeHint
from .device_code_grant import DeviceCodeGrant
from .interaction_code_grant import InteractionCodeGrant
from .introspect_request import IntrospectRequest
from .introspect_token_type_hint import IntrospectTokenTypeHint
from .introspection_response import IntrospectionResponse
from .jwt_bearer_grant import JwtBearerGrant
from .mfa_oob_grant import MfaOobGrant
from .mfa_otp_grant import MfaOtpGrant
from .oauth_error_body import OAuthErrorBody
from .okta_error_body import OktaErrorBody
from .okta_error_cause import OktaErrorCause
from .oob_grant import OobGrant
from .org_revoke_request import OrgRevokeRequest
from .org_revoke_token_type_hint import OrgRevokeTokenTypeHint
from .otp_grant import OtpGrant
from .password_grant import PasswordGrant
from .refresh_token_grant import RefreshTokenGrant
from .saml2_bearer_grant import Saml2BearerGrant
from .service_account import ServiceAccount
from .token_exchange_grant import TokenExchangeGrant
from .token_response import TokenResponse
from .vaulted_secret import VaultedSecret

__all__ = (
    "Actor",
    "AuthorizationCodeGrant",
    "CibaGrant",
    "ClientAssertionType",
    "ClientCredentialsGrant",
    "Confirmation",
    "CustomRevokeRequest",
    "CustomRevokeTokenTypeHint",
    "DeviceCodeGrant",
    "InteractionCodeGrant",
    "IntrospectionResponse",
    "IntrospectRequest",
    "IntrospectTokenTypeHint",
    "JwtBearerGrant",
    "MfaOobGrant",
    "MfaOtpGrant",
    "OAuthErrorBody",
    "OktaErrorBody",
    "OktaErrorCause",
    "OobGrant",
    "OrgRevokeRequest",
    "OrgRevokeTokenTypeHint",
    "OtpGrant",
    "PasswordGrant",
    "RefreshTokenGrant",
    "Saml2BearerGrant",
    "ServiceAccount",
    "TokenExchangeGrant",
    "TokenResponse",
    "VaultedSecret",
)
