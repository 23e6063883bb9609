"""Sign in to the application that the environment names."""

from __future__ import annotations

import sys

from okta_oidc import ApprovalExpiredError, OktaError, OktaOIDC

from .login import sign_in

try:
    with OktaOIDC.from_env() as okta:
        user = sign_in(okta)
except ApprovalExpiredError:
    sys.exit("Nobody approved the login in time.")
except OktaError as error:
    # Its text is made for reading, and holds no secret.
    sys.exit(f"Not signed in: {error}")
print(f"Signed in as {user.name or user.sub}")
