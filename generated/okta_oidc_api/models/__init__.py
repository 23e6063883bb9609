# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
"""Contains all the data models used in inputs/outputs"""

from .actor import Actor
from .authorization_code_grant import AuthorizationCodeGrant
from .backchannel_authentication import BackchannelAuthentication
from .backchannel_authorize_request import BackchannelAuthorizeRequest
from .challenge import Challenge
from .challenge_request import ChallengeRequest
from .channel_hint import ChannelHint
from .ciba_grant import CibaGrant
from .client_assertion_type import ClientAssertionType
from .client_credentials_grant import ClientCredentialsGrant
from .code_challenge_method import CodeChallengeMethod
from .confirmation import Confirmation
from .custom_revoke_request import CustomRevokeRequest
from .custom_revoke_token_type_hint import CustomRevokeTokenTypeHint
from .device_authorization import DeviceAuthorization
from .device_authorize_request import DeviceAuthorizeRequest
from .device_code_grant import DeviceCodeGrant
from .interaction_code_grant import InteractionCodeGrant
from .introspect_request import IntrospectRequest
from .introspect_token_type_hint import IntrospectTokenTypeHint
from .introspection_response import IntrospectionResponse
from .jwt_bearer_grant import JwtBearerGrant
from .key import Key
from .key_set import KeySet
from .mfa_oob_grant import MfaOobGrant
from .mfa_otp_grant import MfaOtpGrant
from .oauth_error_body import OAuthErrorBody
from .okta_error_body import OktaErrorBody
from .okta_error_cause import OktaErrorCause
from .oob_authentication import OobAuthentication
from .oob_grant import OobGrant
from .org_revoke_request import OrgRevokeRequest
from .org_revoke_token_type_hint import OrgRevokeTokenTypeHint
from .otp_grant import OtpGrant
from .password_grant import PasswordGrant
from .primary_authenticate_request import PrimaryAuthenticateRequest
from .pushed_authorization import PushedAuthorization
from .pushed_authorization_request import PushedAuthorizationRequest
from .refresh_token_grant import RefreshTokenGrant
from .saml2_bearer_grant import Saml2BearerGrant
from .server_metadata import ServerMetadata
from .service_account import ServiceAccount
from .token_exchange_grant import TokenExchangeGrant
from .token_response import TokenResponse
from .user_info import UserInfo
from .vaulted_secret import VaultedSecret

__all__ = (
    "Actor",
    "AuthorizationCodeGrant",
    "BackchannelAuthentication",
    "BackchannelAuthorizeRequest",
    "Challenge",
    "ChallengeRequest",
    "ChannelHint",
    "CibaGrant",
    "ClientAssertionType",
    "ClientCredentialsGrant",
    "CodeChallengeMethod",
    "Confirmation",
    "CustomRevokeRequest",
    "CustomRevokeTokenTypeHint",
    "DeviceAuthorization",
    "DeviceAuthorizeRequest",
    "DeviceCodeGrant",
    "InteractionCodeGrant",
    "IntrospectionResponse",
    "IntrospectRequest",
    "IntrospectTokenTypeHint",
    "JwtBearerGrant",
    "Key",
    "KeySet",
    "MfaOobGrant",
    "MfaOtpGrant",
    "OAuthErrorBody",
    "OktaErrorBody",
    "OktaErrorCause",
    "OobAuthentication",
    "OobGrant",
    "OrgRevokeRequest",
    "OrgRevokeTokenTypeHint",
    "OtpGrant",
    "PasswordGrant",
    "PrimaryAuthenticateRequest",
    "PushedAuthorization",
    "PushedAuthorizationRequest",
    "RefreshTokenGrant",
    "Saml2BearerGrant",
    "ServerMetadata",
    "ServiceAccount",
    "TokenExchangeGrant",
    "TokenResponse",
    "UserInfo",
    "VaultedSecret",
)
