"""The life of a token, step by step: `python examples/token_life.py`.

Against an Okta that starts with the program and ends with it. Or, with these in the environment,
the part that needs no browser against a real org:

    OKTA_ORG_URL          https://dev-000000.okta.com, or an issuer URL
    OKTA_CLIENT_ID        a service application, allowed the client_credentials grant
    OKTA_CLIENT_SECRET
    OKTA_SCOPE            scopes to ask for; needed unless the server has default scopes
    OKTA_AUTH_METHOD      client_secret_basic (default), or another that a secret is for
"""

from __future__ import annotations

import itertools
import os
import sys
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from okta_oidc import (
    APIError,
    ClientSecretBasic,
    Introspection,
    OktaError,
    OktaOIDC,
    Tokens,
)
from okta_oidc.testing import FakeOkta

REDIRECT_URI = "http://localhost:8080/callback"
SCOPE = "openid offline_access"
NUMBERS = itertools.count(1)


def main() -> None:
    if "OKTA_ORG_URL" in os.environ:
        real_org(os.environ.get("OKTA_SCOPE"))
    else:
        embedded_server()


def embedded_server() -> None:
    """Sign a user in, and follow the tokens to their end."""
    fake = FakeOkta()
    with fake.serve():
        print(f"An Okta of our own listens on {fake.url}")
        auth = ClientSecretBasic(fake.client_id, fake.client_secret)
        with OktaOIDC(fake.url, auth) as okta:
            step("authorization_request: the user signs in, and comes back with a code")
            request = okta.authorization_request(REDIRECT_URI, SCOPE)
            code = parse_qs(urlsplit(fake.visit(request.url)).query)["code"][0]
            say("a code was in the address it was sent back to; it is good for one use")

            step("token_for_code: the code becomes tokens")
            tokens = okta.token_for_code(code, REDIRECT_URI, code_verifier=request.code_verifier)
            show_tokens(tokens)

            step("introspect: what is this access token?")
            show(okta.introspect(tokens.access_token, token_type_hint="access_token"))

            step("token_for_refresh_token: new tokens without the user")
            if tokens.refresh_token is None:
                raise SystemExit("no refresh token was granted")
            renewed = okta.token_for_refresh_token(tokens.refresh_token)
            show_tokens(renewed)
            rotated = renewed.refresh_token != tokens.refresh_token
            say(f"the refresh token was {'replaced: keep the new one' if rotated else 'kept'}")

            step("introspect: the new access token")
            show(okta.introspect(renewed.access_token, token_type_hint="access_token"))

            step("revoke: the user signs out")
            okta.revoke(renewed.access_token, token_type_hint="access_token")
            say("an empty answer, as for a token that never was: revocation tells nothing")

            step("introspect: the revoked token")
            show(okta.introspect(renewed.access_token))

            step("A refusal: the same code once more")
            try:
                okta.token_for_code(code, REDIRECT_URI, code_verifier=request.code_verifier)
            except APIError as error:
                show_refusal(error)
            else:
                raise SystemExit("a spent code was taken")


def real_org(scope: str | None) -> None:
    """The life of a service's own token, at the org that the environment names."""
    with OktaOIDC.from_env() as okta:
        step("token_for_client_credentials: a token of the service's own")
        tokens = okta.token_for_client_credentials(scope)
        show_tokens(tokens)
        token = tokens.access_token

        step("introspect: what is this access token?")
        show(okta.introspect(token, token_type_hint="access_token"))

        step("revoke, then introspect")
        okta.revoke(token, token_type_hint="access_token")
        show(okta.introspect(token))

        step("A refusal: a refresh token that never was")
        try:
            okta.token_for_refresh_token("not-a-refresh-token")
        except APIError as error:
            show_refusal(error)
        else:
            raise SystemExit("a made-up refresh token was taken")


def step(title: str) -> None:
    print(f"\n{next(NUMBERS)}. {title}")


def say(text: str) -> None:
    print(f"   {text}")


def show_tokens(tokens: Tokens) -> None:
    held = [
        f"{name} ({len(value)} characters)"
        for name, value in (
            ("access_token", tokens.access_token),
            ("id_token", tokens.id_token),
            ("refresh_token", tokens.refresh_token),
        )
        if value
    ]
    say(f"{', '.join(held)}")
    say(f"{tokens.token_type}, scopes {' '.join(tokens.scopes)}, {until(tokens.expires_at)}")


def show(info: Introspection) -> None:
    if not info:
        say("not active; no server says why")
        return
    say(f"active, for {info.sub} through client {info.client_id}")
    say(f"scopes {' '.join(info.scopes)}, {until(info.expires_at)}")


def show_refusal(error: APIError) -> None:
    say(f"{type(error).__name__}: {error}")
    say(f"code {error.code}, status {error.status}, worth another try: {error.retryable}")


def until(at: datetime | None) -> str:
    if at is None:
        return "with no expiry time"
    return f"for another {round((at - datetime.now(UTC)).total_seconds() / 60)} minutes"


if __name__ == "__main__":
    try:
        main()
    except OktaError as error:
        # Its text is made for reading, and holds no secret.
        sys.exit(f"{type(error).__name__}: {error}")
