"""Flask's views behind the guard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient
from flask.views import MethodView
from okta_oidc import AsyncBearerGuard, BearerGuard, ConfigurationError, Introspection
from okta_oidc.flask import requires
from werkzeug.exceptions import HTTPException

from ._api import AUDIENCE, REALM, Answer, Call, Org, check_api, check_own_credentials


def application(org: Org, *, asynchronous: bool) -> Flask:
    app = Flask(__name__)
    guard = BearerGuard(org.client(), audience=AUDIENCE, realm="orders")

    def read(info: Introspection) -> Any:
        return jsonify(read_by=info.sub)

    def numbered(info: Introspection, number: int) -> Any:
        return {"number": number, "by": info.sub}

    async def read_async(info: Introspection) -> Any:
        return read(info)

    async def numbered_async(info: Introspection, number: int) -> Any:
        return numbered(info, number)

    reads = requires(guard, "orders:read")
    if asynchronous:
        app.get("/orders")(reads(read_async))
        app.get("/orders/<int:number>")(reads(numbered_async))
    else:
        app.get("/orders")(reads(read))
        app.get("/orders/<int:number>")(reads(numbered))

    @app.post("/orders")
    @requires(guard, "orders:read", "orders:write")
    def place(info: Introspection) -> Any:
        """Place an order."""
        return {"placed_by": info.sub}

    assert (place.__name__, place.__doc__) == ("place", "Place an order.")

    @app.errorhandler(HTTPException)
    def in_json(error: HTTPException) -> Any:
        response = error.get_response()
        response.data = jsonify(detail=error.description).data
        return response

    _ = in_json
    return app


def over(client: FlaskClient) -> Call:
    def call(method: str, path: str, authorization: Sequence[str]) -> Answer:
        headers = [("Authorization", value) for value in authorization]
        response = client.open(path, method=method, headers=headers)
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, named, response.get_json(force=True))

    return call


@pytest.mark.parametrize("asynchronous", [False, True])
def test_requires(asynchronous: bool) -> None:
    org = Org()
    check_api(org, over(application(org, asynchronous=asynchronous).test_client()))


def test_class_based_views() -> None:
    org = Org()
    guard = BearerGuard(org.client(), audience=AUDIENCE)

    class Orders(MethodView):
        def __init__(self, kind: str) -> None:
            self.kind = kind

        @requires(guard, "orders:read")
        def get(self, info: Introspection, number: int) -> Any:
            return {"number": number, "kind": self.kind, "by": info.sub}

        @requires(guard, "orders:write")
        async def put(self, info: Introspection, number: int) -> Any:
            return {"number": number, "kind": self.kind, "by": info.sub}

    app = Flask(__name__)
    view = Orders.as_view("orders", "books")
    app.add_url_rule("/orders/<int:number>", view_func=view)
    call = over(app.test_client())
    reader, writer = (f"Bearer {org.token(f'orders:{what}')}" for what in ("read", "write"))
    told = {"number": 7, "kind": "books", "by": org.fake.client_id}
    assert call("GET", "/orders/7", [reader]).json == told
    assert call("PUT", "/orders/7", [writer]).json == told
    client = app.test_client()
    assert client.head("/orders/7", headers={"Authorization": reader}).status_code == 200
    assert client.head("/orders/7").status_code == 401
    assert client.put("/orders/7", headers={"Authorization": reader}).status_code == 403


def test_a_view_may_be_called_by_another() -> None:
    """With its own arguments, by name or by place."""
    org = Org()
    app = Flask(__name__)

    @requires(BearerGuard(org.client(), audience=AUDIENCE))
    def read(info: Introspection, number: int) -> Any:
        return info.sub, number

    with app.test_request_context(headers={"Authorization": f"Bearer {org.token()}"}):
        assert read(7) == read(number=7) == (org.fake.client_id, 7)


def test_own_credentials() -> None:
    org = Org(okta_is_known=False)
    check_own_credentials(org, over(application(org, asynchronous=False).test_client()))


def test_error_handlers_find_a_refusal_by_its_status() -> None:
    org = Org()
    app = Flask(__name__)
    guard = BearerGuard(org.client(), audience=AUDIENCE, realm="orders")

    @app.get("/orders")
    @requires(guard)
    def read(info: Introspection) -> Any:
        return info.raw

    @app.errorhandler(401)
    def unauthorized(error: HTTPException) -> Any:
        return {"why": error.description}, 401, error.get_headers()

    _ = (read, unauthorized)
    response = app.test_client().get("/orders")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == REALM
    assert b"An access token is needed." in response.data


def test_without_an_error_handler() -> None:
    org = Org()
    app = Flask(__name__)
    app.get("/orders")(requires(BearerGuard(org.client(), audience=AUDIENCE))(read_all))
    response = app.test_client().get("/orders")
    assert response.status_code == 401
    assert response.headers.getlist("WWW-Authenticate") == [f'Bearer realm="{AUDIENCE}"']
    assert "An access token is needed." in response.text


def read_all(info: Introspection) -> Any:
    return info.raw


def test_wrong_arguments_are_found_when_the_program_starts() -> None:
    org = Org()
    with pytest.raises(ConfigurationError):
        requires(BearerGuard(org.client(), audience=AUDIENCE), "a b")
    wrong: Any = AsyncBearerGuard(org.async_client(), audience=AUDIENCE)
    with pytest.raises(ConfigurationError, match="BearerGuard"):
        requires(wrong)
