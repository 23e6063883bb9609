"""One test body for both faces: ``OktaOIDC``, and ``AsyncOktaOIDC`` on a loop in a thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import ModuleType, TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, ClientSecretPost, Introspection, OktaOIDC
from okta_oidc import Tokens as Tokens
from okta_oidc._ratelimit import RateLimits
from okta_oidc._runtime import Runtime
from okta_oidc_api.models import TokenResponse
from okta_oidc_api.types import Response

from ._samples import BASIC, CALLBACK, ORG_URL

Kind: TypeAlias = Literal["sync", "asyncio", "trio"]
Handler: TypeAlias = Callable[[httpx.Request], httpx.Response]

KINDS: Final[tuple[Kind, ...]] = ("sync", "asyncio", "trio")


def borrowed_client(
    kind: Kind, handler: Handler, **options: Any
) -> httpx.Client | httpx.AsyncClient:
    """An httpx client of the right kind over an ``httpx.MockTransport``."""
    transport = httpx.MockTransport(handler)
    if kind == "sync":
        return httpx.Client(transport=transport, **options)
    return httpx.AsyncClient(transport=transport, **options)


class Face:
    """A client of either kind, called as if it were synchronous. Waits are recorded, not waited.

    ``handler`` answers in place of a network; without it, and without an ``http_client``, the
    client opens connections of its own.
    """

    def __init__(
        self,
        kind: Kind,
        base_url: Any = ORG_URL,
        auth: Any = BASIC,
        *,
        handler: Handler | None = None,
        **options: Any,
    ) -> None:
        self.kind: Final[Kind] = kind
        self.waits: Final[list[float]] = []
        self._stack: Final = ExitStack()
        self._portal: BlockingPortal | None = None
        if handler is not None:
            options["http_client"] = borrowed_client(kind, handler)
        self.http_client: Any = options.get("http_client")
        self.client: OktaOIDC | AsyncOktaOIDC
        if kind == "sync":
            self.client = OktaOIDC(base_url, auth, **options)
        else:
            self.client = AsyncOktaOIDC(base_url, auth, **options)
            self._portal = self._stack.enter_context(start_blocking_portal(kind))

        async def wait(seconds: float) -> None:  # in place of a coroutine
            self.waits.append(seconds)

        # What a test learns of a limit must not hold back the others.
        self.runtime: Final = Runtime(
            sleep=self.waits.append, sleep_async=wait, limits=RateLimits()
        )
        vars(self.client)["_flow"].runtime = self.runtime

    def run(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call a function, or a coroutine function where the face is asynchronous."""
        if self._portal is None:
            return function(*args, **options)
        return self._portal.call(partial(function, *args, **options))

    def token(self, *args: Any, **options: Any) -> TokenResponse:
        response: TokenResponse = self.run(self.client.token, *args, **options)
        return response

    def token_for_code(self, *args: Any, **options: Any) -> Tokens:
        tokens: Tokens = self.run(self.client.token_for_code, *args, **options)
        return tokens

    def token_for_refresh_token(self, *args: Any, **options: Any) -> Tokens:
        tokens: Tokens = self.run(self.client.token_for_refresh_token, *args, **options)
        return tokens

    def introspect(self, *args: Any, **options: Any) -> Introspection:
        info: Introspection = self.run(self.client.introspect, *args, **options)
        return info

    def revoke(self, *args: Any, **options: Any) -> object:
        nothing: object = self.run(self.client.revoke, *args, **options)
        return nothing

    def generated(self, module: ModuleType, *args: Any, **options: Any) -> Response[Any]:
        """Call an endpoint of the generated package with this client's ``api``."""
        name = "sync_detailed" if self.kind == "sync" else "asyncio_detailed"
        response: Response[Any] = self.run(
            getattr(module, name), *args, client=self.client.api, **options
        )
        return response

    def close(self) -> None:
        """Close the client, and a client that was borrowed to it, as its owner would."""
        try:
            if isinstance(self.client, OktaOIDC):
                self.client.close()
            else:
                self.run(self.client.aclose)
            if isinstance(self.http_client, httpx.Client):
                self.http_client.close()
            elif isinstance(self.http_client, httpx.AsyncClient):
                self.run(self.http_client.aclose)
        finally:
            self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


Call: TypeAlias = Callable[[Face], object]

# Each method with the least it takes, and whether its answer may be asked for a second time.
CALLS: Final[dict[str, Call]] = {
    "token": lambda okta: okta.token(
        {"grant_type": "authorization_code", "code": "C", "redirect_uri": CALLBACK}
    ),
    "token_for_code": lambda okta: okta.token_for_code("the-code", CALLBACK),
    "token_for_refresh_token": lambda okta: okta.token_for_refresh_token("the-refresh-token"),
    "introspect": lambda okta: okta.introspect("the-token"),
    "revoke": lambda okta: okta.revoke("the-token"),
}

AuthClass: TypeAlias = type[ClientSecretBasic] | type[ClientSecretPost]
AUTHS: Final[tuple[AuthClass, ...]] = (ClientSecretBasic, ClientSecretPost)
