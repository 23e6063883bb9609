# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from typing import Literal

OrgRevokeTokenTypeHint = Literal["access_token", "device_secret", "oauth_sts", "refresh_token"]

ORG_REVOKE_TOKEN_TYPE_HINT_VALUES: set[OrgRevokeTokenTypeHint] = {
    "access_token",
    "device_secret",
    "oauth_sts",
    "refresh_token",
}


def check_org_revoke_token_type_hint(value: str) -> OrgRevokeTokenTypeHint:
    if value in ORG_REVOKE_TOKEN_TYPE_HINT_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {ORG_REVOKE_TOKEN_TYPE_HINT_VALUES!r}"
    )
