"""Sign the user in whom the fleet acts for: ``python -m examples.fleet.sign_in``."""

from __future__ import annotations

import os

from okta_oidc import OktaOIDC

from .pod import user_tokens


def main() -> None:
    """By another device, as there is no browser here."""
    with OktaOIDC.from_env() as okta:
        login = okta.start_device_login("openid offline_access")
        print(f"Open {login.verification_uri} and enter {login.user_code}")
        user_tokens(okta, os.environ).save(okta.wait_for(login))
    print("The fleet can act for you now.")


if __name__ == "__main__":
    main()
