"""FastAPI's dependency: what handlers are given, what the application's document says."""

from __future__ import annotations

from typing import Annotated, Any, Final

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient
from okta_oidc import AsyncBearerGuard, BearerGuard, ConfigurationError, Introspection
from okta_oidc.fastapi import requires
from starlette.websockets import WebSocketDisconnect

from ._api import AUDIENCE, REALM, Org, check_api, check_own_credentials, over

# Annotations of handlers in this module are texts, and are read by FastAPI: what they name must be
# here, at the top of it.
ORG: Final = Org()
UNKNOWN: Final = Org(okta_is_known=False)
GUARDS: Final[dict[str, Any]] = {
    "async": AsyncBearerGuard(ORG.async_client(), audience=AUDIENCE, realm="orders"),
    "sync": BearerGuard(ORG.client(), audience=AUDIENCE, realm="orders"),
    "unknown": AsyncBearerGuard(UNKNOWN.async_client(), audience=AUDIENCE, realm="orders"),
}


Reader = Annotated[Introspection, Depends(requires(GUARDS["async"], "orders:read"))]


def application(guard: Any) -> FastAPI:
    app = FastAPI()
    read = Depends(requires(guard, "orders:read"))
    write = Depends(requires(guard, "orders:read", "orders:write"))

    @app.get("/orders")
    async def read_orders(info: Introspection = read) -> dict[str, Any]:
        return {"read_by": info.sub}

    @app.post("/orders")
    def place_order(info: Introspection = write) -> dict[str, Any]:
        return {"placed_by": info.sub}

    @app.get("/orders/{number}", dependencies=[read])
    async def read_order(number: int, info: Introspection = read) -> dict[str, Any]:
        return {"number": number, "by": info.sub}

    @app.get("/health")
    async def health() -> bool:
        return True

    @app.websocket("/greet")
    async def greet(websocket: WebSocket, info: Introspection = read) -> None:
        await websocket.accept()
        await websocket.send_text(info.sub or "")
        await websocket.close()

    _ = (read_orders, place_order, read_order, health, greet)
    return app


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_requires(kind: str) -> None:
    with TestClient(application(GUARDS[kind])) as client:
        check_api(ORG, over(client))


def test_own_credentials() -> None:
    with TestClient(application(GUARDS["unknown"])) as client:
        check_own_credentials(UNKNOWN, over(client))


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_websocket(kind: str) -> None:
    good = {"Authorization": f"Bearer {ORG.token()}"}
    with TestClient(application(GUARDS[kind])) as client:
        with client.websocket_connect("/greet", headers=good) as websocket:
            assert websocket.receive_text() == ORG.fake.client_id
        with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect("/greet"):
            pytest.fail("let in")
        assert caught.value.code == 1008


def test_the_document_tells_what_a_caller_needs() -> None:
    document = application(GUARDS["async"]).openapi()
    assert document["components"]["securitySchemes"] == {
        "okta": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of Okta's.",
        }
    }
    paths = document["paths"]
    assert paths["/orders"]["get"]["security"] == [{"okta": ["orders:read"]}]
    assert paths["/orders"]["post"]["security"] == [{"okta": ["orders:read", "orders:write"]}]
    assert paths["/orders/{number}"]["get"]["security"] == [{"okta": ["orders:read"]}]
    assert "security" not in paths["/health"]["get"]
    # Nothing of the dependency's own is a parameter.
    assert "parameters" not in paths["/orders"]["get"]
    assert [each["name"] for each in paths["/orders/{number}"]["get"]["parameters"]] == ["number"]


def test_a_name_for_a_kind_of_caller() -> None:
    app = FastAPI()

    @app.get("/orders")
    async def read_orders(info: Reader) -> str | None:
        return info.sub

    _ = read_orders
    with TestClient(app) as client:
        answer = client.get("/orders", headers={"Authorization": f"Bearer {ORG.token()}"})
        assert answer.json() == ORG.fake.client_id
        assert client.get("/orders").status_code == 401


def test_a_whole_router() -> None:
    guard = AsyncBearerGuard(ORG.async_client(), audience=AUDIENCE, realm="orders")
    router = APIRouter(dependencies=[Depends(requires(guard))])

    @router.get("/any")
    async def read_any() -> str:
        return "in"

    _ = read_any
    app = FastAPI()
    app.include_router(router)
    with TestClient(app) as client:
        assert client.get("/any").headers["www-authenticate"] == REALM
        assert client.get("/any", headers={"Authorization": f"Bearer {ORG.token()}"}).json() == "in"


def test_a_test_may_replace_it() -> None:
    """As FastAPI's own way has it: by the dependency itself."""
    dependency = requires(AsyncBearerGuard(ORG.async_client(), audience=AUDIENCE), "orders:read")
    app = FastAPI()

    @app.get("/orders")
    async def read_orders(info: Introspection = Depends(dependency)) -> str | None:  # noqa: B008
        return info.sub

    _ = read_orders
    with ORG.client() as okta:
        known = okta.introspect(ORG.token())
    app.dependency_overrides[dependency] = lambda: known
    with TestClient(app) as client:
        assert client.get("/orders").json() == known.sub


def test_a_scope_that_is_none_is_found_when_the_program_starts() -> None:
    guard = AsyncBearerGuard(ORG.async_client(), audience=AUDIENCE)
    with pytest.raises(ConfigurationError):
        requires(guard, "orders:read orders:write")
