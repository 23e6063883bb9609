# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from typing import Literal

IntrospectTokenTypeHint = Literal["access_token", "device_secret", "id_token", "refresh_token"]

INTROSPECT_TOKEN_TYPE_HINT_VALUES: set[IntrospectTokenTypeHint] = {
    "access_token",
    "device_secret",
    "id_token",
    "refresh_token",
}


def check_introspect_token_type_hint(value: str) -> IntrospectTokenTypeHint:
    if value in INTROSPECT_TOKEN_TYPE_HINT_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {INTROSPECT_TOKEN_TYPE_HINT_VALUES!r}"
    )
