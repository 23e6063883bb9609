"""What the tests of all frameworks share: an Okta, tokens of it, and what is expected of an API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import pytest
from okta_oidc import AsyncOktaOIDC, ClientSecretBasic, IntrospectionCache, OktaOIDC
from okta_oidc.testing import FakeOkta

AUDIENCE: Final = "api://orders"
REALM: Final = 'Bearer realm="orders"'


@dataclass(frozen=True)
class Answer:
    """An answer, whatever test client it came to."""

    status: int
    headers: Mapping[str, str]
    json: object


# Method, path, the Authorization headers.
Call: TypeAlias = Callable[[str, str, Sequence[str]], Answer]


class Org:
    """A FakeOkta with the API's authorization server, and clients for the API on it."""

    def __init__(self, *, okta_is_known: bool = True) -> None:
        self.fake: Final = FakeOkta(scopes=("orders:read", "orders:write"), rate_limit=None)
        self.fake.add_authorization_server("default", audience=AUDIENCE)
        self.cache: Final = IntrospectionCache(ttl=30)
        secret = self.fake.client_secret if okta_is_known else "wrong"
        self._secret: Final = secret

    def client(self) -> OktaOIDC:
        return self.fake.client(
            auth=ClientSecretBasic(self.fake.client_id, self._secret),
            introspection_cache=self.cache,
            retry=None,
        )

    def async_client(self) -> AsyncOktaOIDC:
        return self.fake.async_client(
            auth=ClientSecretBasic(self.fake.client_id, self._secret),
            introspection_cache=self.cache,
            retry=None,
        )

    def token(self, scope: str = "orders:read") -> str:
        """An access token for a service."""
        with self.fake.client() as okta:
            answer = okta.token({"grant_type": "client_credentials", "scope": scope})
        return str(answer.access_token)

    def introspections(self) -> int:
        """How often Okta was asked."""
        return sum(request.endpoint == "introspect" for request in self.fake.requests)


def check_api(org: Org, call: Call) -> None:
    """Hold ``call`` to what every adapter promises: GET and POST /orders, and /orders/{number}.

    GET needs ``orders:read``, POST ``orders:write`` too; both tell whose token it was.
    """
    reader, writer = org.token(), org.token("orders:read orders:write")
    good = call("GET", "/orders", [f"Bearer {reader}"])
    assert (good.status, good.json) == (200, {"read_by": org.fake.client_id})
    asked = org.introspections()
    for number in (1, 2):
        again = call("GET", f"/orders/{number}", [f"bearer  {reader}"])
        assert (again.status, again.json) == (200, {"number": number, "by": org.fake.client_id})
    placed = call("POST", "/orders", [f"Bearer {writer}"])
    assert (placed.status, placed.json) == (200, {"placed_by": org.fake.client_id})
    assert org.introspections() == asked + 1

    def refused(
        status: int, challenge: str | None, *authorization: str, method: str = "GET"
    ) -> None:
        answer = call(method, "/orders", authorization)
        assert answer.status == status
        assert answer.headers.get("www-authenticate") == challenge

    refused(401, REALM)
    refused(401, REALM, "Basic YTpi")
    malformed = (
        f'{REALM}, error="invalid_request", '
        'error_description="The Authorization header is malformed."'
    )
    refused(400, malformed, "Bearer")
    refused(400, malformed, f"Bearer {reader}", "Bearer other")
    invalid = (
        f'{REALM}, error="invalid_token", error_description="The access token is not valid here."'
    )
    refused(401, invalid, "Bearer made-up")
    scope = (
        f'{REALM}, error="insufficient_scope", '
        'error_description="The access token lacks a scope.", '
        'scope="orders:read orders:write"'
    )
    refused(403, scope, f"Bearer {reader}", method="POST")

    org.fake.faults.rate_limited(reset_in=7, endpoint="introspect")
    away = call("GET", "/orders", [f"Bearer {org.token()}"])
    assert (away.status, away.headers.get("retry-after")) == (503, "7")
    assert "www-authenticate" not in away.headers
    org.fake.clock.advance(8)
    with org.client() as okta:
        okta.revoke(writer)
    refused(401, invalid, f"Bearer {writer}")


def check_own_credentials(org: Org, call: Call) -> None:
    """Hold ``call`` to a 500 where ``org`` refuses the API's own credentials."""
    answer = call("GET", "/orders", ["Bearer made-up"])
    assert answer.status == 500
    assert "www-authenticate" not in answer.headers


def over(client: Any) -> Call:
    """Calls by a test client that is an httpx client, or one of httpx2."""

    def call(method: str, path: str, authorization: Sequence[str]) -> Answer:
        headers = [("Authorization", value) for value in authorization]
        response = client.request(method, path, headers=headers)
        try:
            body: object = response.json()
        except ValueError:
            pytest.fail(f"HTTP {response.status_code}, and no JSON")
        return Answer(response.status_code, response.headers, body)

    return call
