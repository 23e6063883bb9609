"""One way to call both faces, so that a test is written once and holds for threads and tasks.

The asynchronous face runs in an event loop of its own, in a thread of its own; its caller waits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar, cast

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    ClientSecretPost,
    OktaOIDC,
    aiohttp_client,
)
from okta_oidc._runtime import Runtime

from tests.support.runtimes import set_runtime

T = TypeVar("T")

Face = Literal["sync", "asyncio", "trio"]
FACES: tuple[Face, ...] = ("sync", "asyncio", "trio")
# Whose connections a client uses: its own, those of an httpx client it was given, or aiohttp's.
Owner = Literal["own", "borrowed", "aiohttp"]
CallName = Literal["code", "refresh", "token", "introspect", "revoke"]

# Each is planted so that a test can look for it in every text there is.
CLIENT_ID = "0oa1client"
CLIENT_SECRET = "hush-client-secret"
CODE = "hush-code"
VERIFIER = "hush-verifier-of-forty-three-characters-or-more"
REFRESH_TOKEN = "hush-refresh-token"
TOKEN = "hush-token"
PASSWORD = "hush-password"
REDIRECT_URI = "https://app.example/callback"


@dataclass(frozen=True)
class Caller:
    """A client of either face, called as if it were synchronous."""

    client: OktaOIDC | AsyncOktaOIDC
    portal: BlockingPortal | None

    def run(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """The result of ``function``, awaited if this is the asynchronous face."""
        call = partial(function, *args, **options)
        return call() if self.portal is None else self.portal.call(call)

    def call(self, name: CallName, **options: Any) -> Any:
        """One of the five methods, with the planted arguments."""
        match name:
            case "code":
                arguments = (CODE, REDIRECT_URI)
                options = {"code_verifier": VERIFIER} | options
                return self.run(self.client.token_for_code, *arguments, **options)
            case "refresh":
                return self.run(self.client.token_for_refresh_token, REFRESH_TOKEN, **options)
            case "token":
                request = {
                    "grant_type": "password",
                    "username": "ada",
                    "password": PASSWORD,
                    "scope": "openid",
                }
                return self.run(self.client.token, request, **options)
            case "introspect":
                return self.run(self.client.introspect, TOKEN, **options)
            case "revoke":
                return self.run(self.client.revoke, TOKEN, **options)

    def generated(self, name: CallName) -> Any:
        """The same call through the generated function and ``api``."""
        from okta_oidc_api import models
        from okta_oidc_api.api.introspection import custom_introspect
        from okta_oidc_api.api.revocation import custom_revoke
        from okta_oidc_api.api.token import custom_token

        module: Any
        body: Any
        match name:
            case "code":
                grant = models.AuthorizationCodeGrant(code=CODE, redirect_uri=REDIRECT_URI)
                module, body = custom_token, grant
            case "refresh":
                module, body = custom_token, models.RefreshTokenGrant(refresh_token=REFRESH_TOKEN)
            case "token":
                user = models.PasswordGrant(username="ada", password=PASSWORD, scope="openid")
                module, body = custom_token, user
            case "introspect":
                module, body = custom_introspect, models.IntrospectRequest(token=TOKEN)
            case "revoke":
                module, body = custom_revoke, models.CustomRevokeRequest(token=TOKEN)
        function = module.sync_detailed if self.portal is None else module.asyncio_detailed
        return self.run(function, client=self.client.api, body=body)


@contextmanager
def opened(
    face: Face,
    url: str,
    *,
    auth: ClientSecretBasic | ClientSecretPost | None = None,
    owner: Owner = "own",
    verify: Any = True,
    **options: Any,
) -> Generator[Caller]:
    """A client of this face for the length of the block, over connections of this ``owner``."""
    auth = auth or ClientSecretBasic(CLIENT_ID, CLIENT_SECRET)
    if face == "sync":
        if owner == "borrowed":
            options["http_client"] = httpx.Client(verify=verify, trust_env=False)
        with OktaOIDC(url, auth, **options) as client:
            yield Caller(client, None)
        if owner == "borrowed":
            options["http_client"].close()
        return
    with start_blocking_portal(backend=face) as portal:
        if owner == "borrowed":
            options["http_client"] = httpx.AsyncClient(verify=verify, trust_env=False)
        elif owner == "aiohttp":
            options["http_client"] = portal.call(aiohttp_client)
        caller = Caller(AsyncOktaOIDC(url, auth, **options), portal)
        try:
            yield caller
        finally:
            portal.call(cast("AsyncOktaOIDC", caller.client).aclose)
            if owner == "borrowed":
                portal.call(options["http_client"].aclose)


def without_waiting(caller: Caller) -> list[float]:
    """Let no retry wait; the seconds that each would have waited are in the list."""
    waits: list[float] = []

    async def no_time(seconds: float) -> None:
        waits.append(seconds)

    # There is no time to pass in a test.
    set_runtime(caller.client, Runtime(sleep=waits.append, sleep_async=no_time))
    return waits
