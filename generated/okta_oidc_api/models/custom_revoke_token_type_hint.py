# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from typing import Literal

CustomRevokeTokenTypeHint = Literal["access_token", "device_secret", "refresh_token"]

CUSTOM_REVOKE_TOKEN_TYPE_HINT_VALUES: set[CustomRevokeTokenTypeHint] = {
    "access_token",
    "device_secret",
    "refresh_token",
}


def check_custom_revoke_token_type_hint(value: str) -> CustomRevokeTokenTypeHint:
    if value in CUSTOM_REVOKE_TOKEN_TYPE_HINT_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {CUSTOM_REVOKE_TOKEN_TYPE_HINT_VALUES!r}"
    )
