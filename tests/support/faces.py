"""One test body for every way to call: both faces, by their methods and by generated functions."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import ExitStack, asynccontextmanager, nullcontext
from functools import partial
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any, Final, Literal, Self, TypeAlias

import httpx
from anyio import to_thread
from anyio.from_thread import BlockingPortal, start_blocking_portal
from okta_oidc import (
    ORG,
    AsyncOktaOIDC,
    ClientSecretBasic,
    ClientSecretPost,
    Introspection,
    OktaOIDC,
    Tokens,
    aiohttp_client,
)
from okta_oidc._http import Reply
from okta_oidc._introspection import read_introspection
from okta_oidc._operations import given, grants
from okta_oidc._ratelimit import RateLimits
from okta_oidc._results import read_tokens
from okta_oidc._runtime import Runtime
from okta_oidc_api.models import (
    AuthorizationCodeGrant,
    CustomRevokeRequest,
    IntrospectRequest,
    OrgRevokeRequest,
    RefreshTokenGrant,
    TokenResponse,
)
from okta_oidc_api.types import Response

from .runtimes import set_runtime
from .samples import BASIC, CALLBACK, CODE, ORG_URL, PASSWORD, REFRESH_TOKEN, TOKEN, VERIFIER

# A client's loop, none of which is one, too; and whether generated functions stand for its methods.
Kind: TypeAlias = Literal["sync", "asyncio", "trio", "sync generated", "asyncio generated"]
KINDS: Final[tuple[Kind, ...]] = ("sync", "asyncio", "trio")
EVERY_KIND: Final[tuple[Kind, ...]] = (*KINDS, "sync generated", "asyncio generated")
# Whose connections a client uses: its own, those of an httpx client it was given, or aiohttp's.
Owner: TypeAlias = Literal["own", "borrowed", "aiohttp"]
Handler: TypeAlias = Callable[[httpx.Request], httpx.Response]
CallName: TypeAlias = Literal["code", "refresh", "token", "introspect", "revoke"]


def borrowed_client(
    kind: Kind, handler: Handler, **options: Any
) -> httpx.Client | httpx.AsyncClient:
    """An httpx client of the right kind over an ``httpx.MockTransport``."""
    transport = httpx.MockTransport(handler)
    if kind.startswith("sync"):
        return httpx.Client(transport=transport, **options)
    return httpx.AsyncClient(transport=transport, **options)


class Face:
    """A client of either face, called as if it were synchronous. Waits are recorded, not waited.

    ``handler`` answers in place of a network, and ``client`` is one that is made already. Without
    either, without an ``http_client`` and with connections of its ``own``, the client opens them.
    """

    def __init__(
        self,
        kind: Kind,
        base_url: Any = ORG_URL,
        auth: Any = BASIC,
        *,
        handler: Handler | None = None,
        owner: Owner = "own",
        verify: Any = True,
        client: OktaOIDC | AsyncOktaOIDC | None = None,
        **options: Any,
    ) -> None:
        self.kind: Final[Kind] = kind
        self.is_sync: Final = kind.startswith("sync")
        self.waits: Final[list[float]] = []
        self._stack: Final = ExitStack()
        self.portal: BlockingPortal | None = None
        if not self.is_sync:
            loop = start_blocking_portal(kind.partition(" ")[0])
            self.portal = self._stack.enter_context(loop)
        if handler is not None:
            options["http_client"] = borrowed_client(kind, handler)
        elif owner == "borrowed":
            http: Any = httpx.Client if self.is_sync else httpx.AsyncClient
            options["http_client"] = http(verify=verify, trust_env=False)
        elif owner == "aiohttp":
            options["http_client"] = self.run(aiohttp_client)
        self.http_client: Any = options.get("http_client")
        cls: Any = OktaOIDC if self.is_sync else AsyncOktaOIDC
        self.client: OktaOIDC | AsyncOktaOIDC = client or cls(base_url, auth, **options)
        self.okta: Any = _by(kind, self.client)

        async def wait(seconds: float) -> None:  # in place of a coroutine
            self.waits.append(seconds)

        # What a test learns of a limit must not hold back the others.
        self.runtime: Final = Runtime(
            sleep=self.waits.append, sleep_async=wait, limits=RateLimits()
        )
        set_runtime(self.client, self.runtime)

    def run(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call a function, or a coroutine function where the face is asynchronous."""
        if self.portal is None:
            return function(*args, **options)
        return self.portal.call(partial(function, *args, **options))

    def token(self, *args: Any, **options: Any) -> TokenResponse:
        response: TokenResponse = self.run(self.okta.token, *args, **options)
        return response

    def token_for_code(self, *args: Any, **options: Any) -> Tokens:
        tokens: Tokens = self.run(self.okta.token_for_code, *args, **options)
        return tokens

    def token_for_refresh_token(self, *args: Any, **options: Any) -> Tokens:
        tokens: Tokens = self.run(self.okta.token_for_refresh_token, *args, **options)
        return tokens

    def introspect(self, *args: Any, **options: Any) -> Introspection:
        info: Introspection = self.run(self.okta.introspect, *args, **options)
        return info

    def revoke(self, *args: Any, **options: Any) -> object:
        nothing: object = self.run(self.okta.revoke, *args, **options)
        return nothing

    def call(self, name: CallName, *, generated: bool = False, **options: Any) -> Any:
        """One of the five, with planted arguments; ``generated``: whatever the kind."""
        okta: Any = Generated(self.client) if generated else self.okta
        match name:
            case "code":
                options = {"code_verifier": VERIFIER} | options
                return self.run(okta.token_for_code, CODE, CALLBACK, **options)
            case "refresh":
                return self.run(okta.token_for_refresh_token, REFRESH_TOKEN, **options)
            case "token":
                request = {"username": "ada", "password": PASSWORD, "scope": "openid"}
                return self.run(okta.token, {"grant_type": "password", **request}, **options)
            case "introspect":
                return self.run(okta.introspect, TOKEN, **options)
            case "revoke":
                return self.run(okta.revoke, TOKEN, **options)

    def generated(self, module: ModuleType, *args: Any, **options: Any) -> Response[Any]:
        """Call an endpoint of the generated package with this client's ``api``."""
        name = "sync_detailed" if self.is_sync else "asyncio_detailed"
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
            if self.http_client is not None:
                self.run(self.http_client.close if self.is_sync else self.http_client.aclose)
        finally:
            self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Awaited:
    """``OktaOIDC``, each call in a thread of its own, to be awaited like the other face."""

    def __init__(self, okta: Any) -> None:
        self.okta: Final = okta

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        method = getattr(self.okta, name)

        async def call(*args: Any, **options: Any) -> Any:
            return await to_thread.run_sync(partial(method, *args, **options))

        return call


@asynccontextmanager
async def awaited(kind: str, base_url: str, auth: Any, **options: Any) -> AsyncGenerator[Any]:
    """A client of either face to be awaited, by its methods or by generated functions.

    It, and an ``http_client`` that is lent to it, are closed at the end of the block.
    """
    http = options.get("http_client")
    if kind.startswith("sync"):
        with http or nullcontext(), OktaOIDC(base_url, auth, **options) as client:
            yield Awaited(_by(kind, client))
    else:
        async with (
            http or nullcontext(),
            AsyncOktaOIDC(base_url, auth, **options) as async_client,
        ):
            yield _by(kind, async_client)


def _by(kind: str, client: OktaOIDC | AsyncOktaOIDC) -> Any:
    return Generated(client) if kind.endswith("generated") else client


class _Parameters(dict[str, Any]):
    """A grant that the document does not have."""

    def to_dict(self) -> dict[str, Any]:
        return dict(self)


class Generated:
    """The five methods of a client, by generated functions and its ``api``.

    A result of ours is read from the members of the generated model, so that what a test asks of
    one it asks of the other. The coroutines of an asynchronous client are to be awaited.
    """

    def __init__(self, client: OktaOIDC | AsyncOktaOIDC) -> None:
        self.client: Final = client

    def token(self, request: Mapping[str, Any], *, auth_server_id: Any = None) -> Any:
        model: Any = grants().get(request["grant_type"])
        body = _Parameters(request) if model is None else model.from_dict(request)
        return self._call("token.{}_token", auth_server_id, body, None)

    def token_for_code(
        self,
        code: str,
        redirect_uri: str,
        *,
        code_verifier: str | None = None,
        auth_server_id: Any = None,
    ) -> Any:
        body = AuthorizationCodeGrant(code, redirect_uri, code_verifier=given(code_verifier))
        return self._call("token.{}_token", auth_server_id, body, read_tokens)

    def token_for_refresh_token(
        self,
        refresh_token: str,
        redirect_uri: str | None = None,
        *,
        scope: str | None = None,
        auth_server_id: Any = None,
    ) -> Any:
        body = RefreshTokenGrant(
            refresh_token, scope=given(scope), redirect_uri=given(redirect_uri)
        )
        return self._call("token.{}_token", auth_server_id, body, read_tokens)

    def introspect(
        self, token: str, *, token_type_hint: Any = None, auth_server_id: Any = None
    ) -> Any:
        body = IntrospectRequest(token, token_type_hint=given(token_type_hint))
        return self._call("introspection.{}_introspect", auth_server_id, body, read_introspection)

    def revoke(self, token: str, *, token_type_hint: Any = None, auth_server_id: Any = None) -> Any:
        server = self._server(auth_server_id)
        model: Any = OrgRevokeRequest if server is ORG else CustomRevokeRequest
        body = model(token, token_type_hint=given(token_type_hint))
        return self._call("revocation.{}_revoke", server, body, None)

    def _server(self, auth_server_id: Any) -> Any:
        return (
            vars(self.client)["_flow"].server.default if auth_server_id is None else auth_server_id
        )

    def _call(self, function: str, auth_server_id: Any, body: Any, read: Any) -> Any:
        server = self._server(auth_server_id)
        name = function.format("org" if server is ORG else "custom")
        module = import_module(f"okta_oidc_api.api.{name}")
        place = () if server is ORG else (server,)
        call: Any = module.sync_detailed
        if isinstance(self.client, OktaOIDC):
            return _result(call(*place, client=self.client.api, body=body), body, read)

        async def later() -> Any:
            call = module.asyncio_detailed
            return _result(await call(*place, client=self.client.api, body=body), body, read)

        return later()


def _result(response: Response[Any], body: Any, read: Any) -> Any:
    parsed: Any = response.parsed
    if read is None:
        return parsed
    reply = Reply(
        response.status_code,
        httpx.Headers(response.headers),
        json.dumps(parsed.to_dict()).encode(),
        arrived_at=time.time(),
    )
    return read(reply, SimpleNamespace(value=body.to_dict().get))


Call: TypeAlias = Callable[[Face], object]

# Each method with the least it takes.
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
