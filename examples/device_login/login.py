"""A login that the user approves on another device, a phone say (RFC 8628)."""

from __future__ import annotations

from okta_oidc import OktaOIDC
from okta_oidc_api.models import UserInfo


def sign_in(okta: OktaOIDC) -> UserInfo:
    """Ask for approval, wait for it, and say who gave it.

    Raises:
        ApprovalExpiredError: nobody approved in time.
        APIError: the user refused (``access_denied``), or Okta.
    """
    login = okta.start_device_login("openid profile")
    print(f"Open {login.verification_uri} and enter {login.user_code}")
    if login.verification_uri_complete is not None:
        print(f"or, without typing: {login.verification_uri_complete}")
    tokens = okta.wait_for(login)
    return okta.userinfo(tokens.access_token)
