"""The life of a token, told step by step: `python examples/token_life.py`.

Against an Okta that starts with the program and ends with it. Or, with these in the environment,
the part that needs no browser against a real org:

    OKTA_ORG_URL          https://dev-000000.okta.com, or an issuer URL
    OKTA_CLIENT_ID        a service application, allowed the client_credentials grant
    OKTA_CLIENT_SECRET
    OKTA_SCOPE            scopes to ask for; needed unless the server has default scopes
    OKTA_AUTH_METHOD      client_secret_basic (default) or client_secret_post
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
from okta_oidc import (
    APIError,
    ClientSecretBasic,
    ClientSecretPost,
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
        real_org(os.environ)
    else:
        embedded_server()


def embedded_server() -> None:
    """Sign a user in, and follow the tokens to their end."""
    fake = FakeOkta()
    with fake.serve():
        print(f"An Okta of our own listens on {fake.url}")
        auth = ClientSecretBasic(fake.client_id, fake.client_secret)
        with OktaOIDC(fake.url, auth) as okta:
            verifier = secrets.token_urlsafe(48)
            step("The user signs in, and the browser comes back with a code")
            code = sign_in(fake, verifier)
            say("a code was in the address it was sent back to; it is good for one use")

            step("token_for_code: the code becomes tokens")
            tokens = okta.token_for_code(code, REDIRECT_URI, code_verifier=verifier)
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
                okta.token_for_code(code, REDIRECT_URI, code_verifier=verifier)
            except APIError as error:
                show_refusal(error)
            else:
                raise SystemExit("a spent code was taken")


def real_org(environ: Mapping[str, str]) -> None:
    """The life of a service's own token, at the org that the environment names."""
    method = environ.get("OKTA_AUTH_METHOD", "client_secret_basic")
    methods: dict[str, type[ClientSecretBasic | ClientSecretPost]] = {
        "client_secret_basic": ClientSecretBasic,
        "client_secret_post": ClientSecretPost,
    }
    if method not in methods:
        raise SystemExit(f"OKTA_AUTH_METHOD must be one of {', '.join(methods)}")
    for name in ("OKTA_CLIENT_ID", "OKTA_CLIENT_SECRET"):
        if not environ.get(name):
            raise SystemExit(f"{name} is missing")
    auth = methods[method](environ["OKTA_CLIENT_ID"], environ["OKTA_CLIENT_SECRET"])
    with OktaOIDC(environ["OKTA_ORG_URL"], auth) as okta:
        step("token: the service asks for a token of its own (client_credentials)")
        answer = okta.token(
            {"grant_type": "client_credentials", "scope": environ.get("OKTA_SCOPE")}
        )
        if not answer.access_token:
            raise SystemExit("the org granted no access token")
        token = answer.access_token
        say(f"a {answer.token_type} token for {answer.expires_in} s, scope {answer.scope!r}")

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


def sign_in(fake: FakeOkta, verifier: str) -> str:
    """What the browser does, with the user's consent already given (RFC 6749 §4.1.1, RFC 7636)."""
    state = secrets.token_urlsafe(16)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    response = httpx.get(
        f"{fake.url}/oauth2/default/v1/authorize",
        params={
            "client_id": fake.client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": REDIRECT_URI,
            "state": state,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        },
    )
    sent_back = parse_qs(urlsplit(response.headers["location"]).query)
    if sent_back["state"] != [state]:
        raise SystemExit("the answer belongs to another sign-in")
    return sent_back["code"][0]


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
        return "with no end told"
    return f"for another {round((at - datetime.now(UTC)).total_seconds() / 60)} minutes"


if __name__ == "__main__":
    try:
        main()
    except OktaError as error:
        # Its text is made for reading, and holds no secret.
        sys.exit(f"{type(error).__name__}: {error}")
