# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from typing import Literal

ClientAssertionType = Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]

CLIENT_ASSERTION_TYPE_VALUES: set[ClientAssertionType] = {
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}


def check_client_assertion_type(value: str) -> ClientAssertionType:
    if value in CLIENT_ASSERTION_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CLIENT_ASSERTION_TYPE_VALUES!r}")
