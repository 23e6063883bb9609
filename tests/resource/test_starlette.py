"""Starlette's endpoints, and a whole application, behind the guard."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import anyio.to_thread
import pytest
from okta_oidc import (
    AsyncBearerGuard,
    BearerGuard,
    ClientSecretPost,
    ConfigurationError,
    Introspection,
)
from okta_oidc.starlette import BearerMiddleware, requires
from okta_oidc.testing import FakeOkta
from starlette.applications import Starlette
from starlette.datastructures import URL, Secret
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from ._api import AUDIENCE, REALM, Org, check_api, check_own_credentials, over

Guard = AsyncBearerGuard[Introspection] | BearerGuard[Introspection]
Endpoint = Callable[[Request, Introspection], Awaitable[Response] | Response]


async def in_json(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)


def application(guard: Guard, *, plain: bool = False) -> Starlette:
    @requires(guard, "orders:read")
    async def read(_: Request, info: Introspection) -> Response:
        return JSONResponse({"read_by": info.sub})

    @requires(guard, "orders:read", "orders:write")
    def place(_: Request, info: Introspection) -> Response:
        return JSONResponse({"placed_by": info.sub})

    def numbered(request: Request, info: Introspection) -> Response:
        return JSONResponse({"number": request.path_params["number"], "by": info.sub})

    async def numbered_async(request: Request, info: Introspection) -> Response:
        return numbered(request, info)

    endpoint: Endpoint = numbered if plain else numbered_async
    return Starlette(
        routes=[
            Route("/orders", read),
            Route("/orders", place, methods=["POST"]),
            Route("/orders/{number:int}", requires(guard, "orders:read")(endpoint)),
        ],
        exception_handlers={HTTPException: in_json},
    )


def guard_of(org: Org, kind: str) -> Guard:
    if kind == "async":
        return AsyncBearerGuard(org.async_client(), audience=AUDIENCE, realm="orders")
    return BearerGuard(org.client(), audience=AUDIENCE, realm="orders")


KINDS: Final = pytest.mark.parametrize("kind", ["async", "sync"])


@KINDS
@pytest.mark.parametrize("plain", [False, True])
def test_requires(kind: str, plain: bool) -> None:
    org = Org()
    with TestClient(application(guard_of(org, kind), plain=plain)) as client:
        check_api(org, over(client))


@KINDS
def test_class_based_endpoints(kind: str) -> None:
    org = Org()
    guard = guard_of(org, kind)

    class Orders(HTTPEndpoint):
        @requires(guard, "orders:read")
        async def get(self, request: Request, info: Introspection) -> Response:
            return JSONResponse({"by": info.sub, "method": request.method})

        @requires(guard, "orders:write")
        def put(self, request: Request, info: Introspection) -> Response:
            return self._told(request, info)

        def _told(self, request: Request, info: Introspection) -> Response:
            return JSONResponse({"by": info.sub, "method": request.method})

    reader, writer = (
        {"Authorization": f"Bearer {org.token(f'orders:{what}')}"} for what in ("read", "write")
    )
    with TestClient(Starlette(routes=[Route("/orders", Orders)])) as client:
        told = {"by": org.fake.client_id}
        assert client.get("/orders", headers=reader).json() == {**told, "method": "GET"}
        assert client.put("/orders", headers=writer).json() == {**told, "method": "PUT"}
        assert client.head("/orders", headers=reader).status_code == 200
        assert client.head("/orders").status_code == 401
        assert client.put("/orders", headers=reader).status_code == 403


@KINDS
def test_own_credentials(kind: str) -> None:
    org = Org(okta_is_known=False)
    with TestClient(application(guard_of(org, kind))) as client:
        check_own_credentials(org, over(client))


def test_a_scope_that_is_none_is_found_when_the_program_starts() -> None:
    guard = guard_of(Org(), "async")
    with pytest.raises(ConfigurationError):
        requires(guard, "orders:read orders:write")
    with pytest.raises(ConfigurationError):
        BearerMiddleware(PlainTextResponse("x"), guard, scopes=["a b"])


def test_decorated_endpoints_keep_their_names() -> None:
    @requires(guard_of(Org(), "async"))
    async def read_orders(_: Request, info: Introspection) -> Response:
        """All orders."""
        return JSONResponse(info.sub)

    assert (read_orders.__name__, read_orders.__doc__) == ("read_orders", "All orders.")


def whole(guard: Guard, lifespans: list[str]) -> Starlette:
    async def read(request: Request) -> Response:
        info: Introspection = request.state.bearer
        return JSONResponse({"read_by": info.sub, "started": request.state.started})

    async def health(request: Request) -> Response:
        return JSONResponse(hasattr(request.state, "bearer"))

    async def greet(websocket: WebSocket) -> None:
        info: Introspection = websocket.state.bearer
        await websocket.accept()
        await websocket.send_text(info.sub or "")
        await websocket.close()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[dict[str, Any]]:
        lifespans.append("on")
        yield {"started": True}
        lifespans.append("off")

    middleware: Any = Middleware(
        BearerMiddleware, guard=guard, scopes=["orders:read"], exempt=["/health"]
    )
    return Starlette(
        routes=[Route("/orders", read), Route("/health", health), WebSocketRoute("/greet", greet)],
        middleware=[middleware],
        lifespan=lifespan,
    )


@KINDS
def test_middleware(kind: str) -> None:
    org = Org()
    lifespans: list[str] = []
    good = {"Authorization": f"Bearer {org.token()}"}
    with TestClient(whole(guard_of(org, kind), lifespans)) as client:
        assert client.get("/health").json() is False
        answer = client.get("/orders", headers=good)
        assert answer.json() == {"read_by": org.fake.client_id, "started": True}
        nobody = client.get("/orders")
        assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, REALM)
        assert nobody.json() == {"error_description": "An access token is needed."}
        bad = client.get("/nowhere", headers={"Authorization": "Bearer made-up"})
        assert (bad.status_code, bad.json()["error"]) == (401, "invalid_token")
        writer = {"Authorization": f"Bearer {org.token('orders:write')}"}
        assert client.get("/orders", headers=writer).status_code == 403
        with client.websocket_connect("/greet", headers=good) as websocket:
            assert websocket.receive_text() == org.fake.client_id
        with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect("/greet"):
            pytest.fail("let in")
        assert caught.value.code == 1008
    assert lifespans == ["on", "off"]


def test_a_worker_thread_is_handed_nothing_that_shows_the_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error tracker keeps the locals of its frame, which goes on and cannot be emptied."""
    handed: list[str] = []
    run_sync = anyio.to_thread.run_sync

    async def seen(*args: Any, **options: Any) -> Any:
        handed.append(repr(args))
        return await run_sync(*args, **options)

    monkeypatch.setattr("anyio.to_thread.run_sync", seen)
    with TestClient(application(guard_of(Org(), "sync"))) as client:
        answer = client.get("/orders", headers={"Authorization": "Bearer planted-token"})
    assert answer.status_code == 401
    assert handed
    assert "planted" not in "".join(handed)


def test_its_own_types_are_taken_for_what_they_hold() -> None:
    """``request.url_for`` and ``request.url`` of a sign-in, and what its settings hold."""
    secret: Any = Secret("a-secret-of-the-client")
    assert ClientSecretPost("client-id", secret).secrets == ("a-secret-of-the-client",)

    fake = FakeOkta()
    callback, home = (URL(f"https://app.example.com/{path}") for path in ("callback", "home"))
    with fake.client() as okta:
        begun = okta.authorization_request(cast("Any", callback))
        answered: Any = URL(fake.visit(begun.url))
        assert okta.finish_sign_in(begun, answered).claims.sub == fake.user.user_id
        page = okta.logout_url("a-token", post_logout_redirect_uri=cast("Any", home))
    assert "post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fhome" in page
