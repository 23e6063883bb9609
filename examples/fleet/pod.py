"""One of many processes that call an API for the same user: ``python -m examples.fleet.pod``."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping

import httpx
import redis
from cryptography.fernet import Fernet
from okta_oidc import OktaError, OktaOIDC, TokenAuth, UserTokens
from okta_oidc.redis import RedisTokenStore


def user_tokens(okta: OktaOIDC, environ: Mapping[str, str]) -> UserTokens:
    """The user's tokens, in the Redis that all processes share, for none but them to read."""
    client = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
        environ["REDIS_URL"], socket_timeout=2, socket_connect_timeout=2
    )
    store = RedisTokenStore(client, cipher=Fernet(environ["TOKENS_KEY"]))
    # The grace is the application's setting at Okta.
    return okta.user_tokens("user:ada", store, rotation_grace=30)


def work(user: UserTokens, url: str, rounds: Iterable[object]) -> Iterator[str]:
    """Call the API once a round."""
    with httpx.Client(auth=TokenAuth(user)) as api:
        for _ in rounds:
            try:
                yield f"called for {api.get(url).raise_for_status().json()['sub']}"
            # SignInRequiredError is one: there is nobody to act for, until somebody signs in.
            except (OktaError, httpx.HTTPError, redis.RedisError) as error:
                yield f"{type(error).__name__}: {error}"


def seconds(pause: float) -> Iterator[None]:
    """One round after another, without end."""
    while True:
        yield
        time.sleep(pause)


def main() -> None:
    """Work for ever. The API is Okta's own, which tells who the user is."""
    pause = float(os.environ.get("PAUSE", "1"))
    url = f"{os.environ['OKTA_ORG_URL']}/v1/userinfo"
    with OktaOIDC.from_env(timeout=float(os.environ.get("TIMEOUT", "10"))) as okta:
        for said in work(user_tokens(okta, os.environ), url, seconds(pause)):
            print(said, flush=True)


if __name__ == "__main__":
    main()
