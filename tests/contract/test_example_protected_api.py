"""The protected API against FakeOkta: RFC 6750, answer by answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from okta_oidc import ORG
from okta_oidc.testing import FakeOkta
from starlette.testclient import TestClient

from examples.protected_api.app import create_app

CALLBACK = "https://app.example/callback"
REALM = 'Bearer realm="orders"'


@pytest.fixture
def fake() -> FakeOkta:
    fake = FakeOkta(scopes=("orders:read", "orders:write"))
    fake.add_authorization_server("other", audience="api://other", scopes=("orders:read",))
    return fake


@pytest.fixture
def api(fake: FakeOkta) -> Iterator[TestClient]:
    environment = {
        "OKTA_ORG_URL": fake.issuer(),
        "OKTA_CLIENT_ID": fake.client_id,
        "OKTA_CLIENT_SECRET": fake.client_secret,
    }
    http = httpx.AsyncClient(transport=fake.transport)
    with TestClient(create_app(environment, http_client=http)) as client:
        yield client


def token(fake: FakeOkta, scope: str) -> str:
    with fake.client() as okta:
        answer = okta.token({"grant_type": "client_credentials", "scope": scope})
    return str(answer.access_token)


def call(api: TestClient, *authorization: str, method: str = "GET") -> Any:
    headers = [("Authorization", value) for value in authorization]
    return api.request(method, "/orders", headers=headers)


def test_scopes_open_what_they_name(api: TestClient, fake: FakeOkta) -> None:
    reader = f"Bearer {token(fake, 'orders:read')}"
    writer = f"Bearer {token(fake, 'orders:read orders:write')}"
    placed = call(api, writer, method="POST")
    assert (placed.status_code, placed.json()["number"]) == (201, 1)
    read = call(api, reader)
    assert read.status_code == 200
    assert read.json() == {
        "orders": [{"number": 1, "placed_by": fake.client_id}],
        "read_by": fake.client_id,
    }


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_scheme_is_in_any_case(api: TestClient, fake: FakeOkta, scheme: str) -> None:
    assert call(api, f"{scheme} {token(fake, 'orders:read')}").status_code == 200


@pytest.mark.parametrize("given", [(), ("Basic YTpi",), ("Digest x",)], ids=str)
def test_nobody(api: TestClient, fake: FakeOkta, given: tuple[str, ...]) -> None:
    """No error code for one who may not know that a token is needed (RFC 6750 section 3.1)."""
    response = call(api, *given)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, REALM)
    assert not fake.requests


@pytest.mark.parametrize("given", [("Bearer",), ("Bearer a b",), ("Bearer \x7f",), ("bearer ,",)])
def test_malformed(api: TestClient, fake: FakeOkta, given: tuple[str, ...]) -> None:
    response = call(api, *given)
    assert response.status_code == 400
    assert response.headers["www-authenticate"].startswith(f'{REALM}, error="invalid_request"')
    assert not fake.requests


def test_two_tokens(api: TestClient, fake: FakeOkta) -> None:
    good = f"Bearer {token(fake, 'orders:read')}"
    assert call(api, good, "Bearer other").status_code == 400
    assert call(api, "Bearer other", good).status_code == 400


def test_token_elsewhere_than_in_the_header(api: TestClient, fake: FakeOkta) -> None:
    good = token(fake, "orders:read")
    assert api.get("/orders", params={"access_token": good}).status_code == 401


def assert_is_invalid(response: Any) -> None:
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith(f'{REALM}, error="invalid_token"')
    assert "scope=" not in response.headers["www-authenticate"]


def test_unknown_token(api: TestClient) -> None:
    assert_is_invalid(call(api, "Bearer never-issued"))


def test_expired_token(api: TestClient, fake: FakeOkta, monkeypatch: pytest.MonkeyPatch) -> None:
    # The API keeps answers for a while, by its own clock.
    for name in ("now", "monotonic"):
        monkeypatch.setattr(f"okta_oidc._runtime.RUNTIME.{name}", fake.clock.now)
    good = f"Bearer {token(fake, 'orders:read')}"
    assert call(api, good).status_code == 200
    fake.clock.advance(3601)
    assert_is_invalid(call(api, good))


def test_revoked_token(api: TestClient, fake: FakeOkta) -> None:
    good = token(fake, "orders:read")
    with fake.client() as okta:
        okta.revoke(good)
    assert_is_invalid(call(api, f"Bearer {good}"))


@pytest.mark.parametrize("auth_server_id", ["other", ORG], ids=["other", "org"])
def test_token_of_another_server(api: TestClient, fake: FakeOkta, auth_server_id: Any) -> None:
    code = fake.authorize(CALLBACK, scope="openid", auth_server_id=auth_server_id)
    with fake.client(auth_server_id=auth_server_id) as okta:
        tokens = okta.token_for_code(code, CALLBACK)
    assert_is_invalid(call(api, f"Bearer {tokens.access_token}"))


def test_token_for_another_api(api: TestClient, fake: FakeOkta) -> None:
    fake.add_authorization_server("default", audience="api://elsewhere", scopes=("orders:read",))
    assert_is_invalid(call(api, f"Bearer {token(fake, 'orders:read')}"))


@pytest.mark.parametrize("kind", ["refresh_token", "id_token"])
def test_token_that_is_no_access_token(api: TestClient, fake: FakeOkta, kind: str) -> None:
    """It introspects as active, and must not open the door all the same."""
    scope = "openid offline_access orders:read"
    with fake.client() as okta:
        tokens = okta.token_for_code(fake.authorize(CALLBACK, scope=scope), CALLBACK)
        other = getattr(tokens, kind)
        assert okta.introspect(other)
    assert call(api, f"Bearer {tokens.access_token}").status_code == 200
    assert_is_invalid(call(api, f"Bearer {other}"))


def test_missing_scope(api: TestClient, fake: FakeOkta) -> None:
    response = call(api, f"Bearer {token(fake, 'orders:read')}", method="POST")
    assert response.status_code == 403
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith(f'{REALM}, error="insufficient_scope"')
    assert challenge.endswith('scope="orders:read orders:write"')
    assert call(api, f"Bearer {token(fake, 'orders:read')}").json()["orders"] == []


def test_okta_is_away(api: TestClient, fake: FakeOkta) -> None:
    good = f"Bearer {token(fake, 'orders:read')}"
    fake.faults.rate_limited(reset_in=3600, endpoint="introspect")
    response = call(api, good)
    assert response.status_code == 503
    assert "www-authenticate" not in response.headers


def test_credentials_of_the_api_are_refused(fake: FakeOkta) -> None:
    environment = {
        "OKTA_ORG_URL": fake.issuer(),
        "OKTA_CLIENT_ID": fake.client_id,
        "OKTA_CLIENT_SECRET": "wrong",
    }
    http = httpx.AsyncClient(transport=fake.transport)
    with TestClient(create_app(environment, http_client=http)) as api:
        assert call(api, f"Bearer {token(fake, 'orders:read')}").status_code == 500


def test_environment_is_needed() -> None:
    with pytest.raises(KeyError, match="OKTA_ORG_URL"):
        create_app({})
