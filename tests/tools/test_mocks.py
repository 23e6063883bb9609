"""Mocks that teams have already: one line, ``http_client=httpx.Client()``, brings them in.

They patch httpx's classes, and a client that is left to itself sends below those.
``no_okta_network`` says so in each test: what is not mocked is not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from okta_oidc import (
    AsyncOktaOIDC,
    ClientSecretBasic,
    Introspection,
    InvalidClientError,
    OktaOIDC,
    RateLimitError,
    Tokens,
)
from okta_oidc.testing import FakeOkta, NetworkGuard

respx = pytest.importorskip("respx")
pytest.importorskip("pytest_httpx")
vcr: Any = pytest.importorskip("vcr")

URL = "https://dev-000000.okta.com"
INTROSPECT = f"{URL}/oauth2/default/v1/introspect"
TOKEN = f"{URL}/oauth2/default/v1/token"
AUTH = ClientSecretBasic("client-id", "client-secret-that-nobody-sees")
ISSUED = {"token_type": "Bearer", "expires_in": 3600, "access_token": "at", "scope": "api:read"}

# What mocking libraries offer, whose own annotations are partial.
Mock: TypeAlias = Any

introspects = pytest.mark.parametrize("introspect", ["sync", "async"], indirect=True)


@pytest.fixture
def introspect(request: pytest.FixtureRequest) -> Callable[[str], Introspection]:
    """An introspection by either face, through a client that the tools know."""

    def sync(url: str) -> Introspection:
        with httpx.Client() as http, OktaOIDC(url, AUTH, retry=None, http_client=http) as okta:
            return okta.introspect("token")

    async def in_async(url: str) -> Introspection:
        async with (
            httpx.AsyncClient() as http,
            AsyncOktaOIDC(url, AUTH, retry=None, http_client=http) as okta,
        ):
            return await okta.introspect("token")

    return sync if request.param == "sync" else lambda url: asyncio.run(in_async(url))


@introspects
def test_respx(no_okta_network: NetworkGuard, introspect: Callable[[str], Introspection]) -> None:
    router: Mock
    with respx.mock as router:
        route = router.post(INTROSPECT).respond(json={"active": True, "sub": "ada"})
        assert introspect(URL).sub == "ada"
        sent = route.calls.last.request
        assert sent.content == b"token=token"
        assert sent.headers["authorization"].startswith("Basic ")

        route.respond(status_code=429, headers={"X-Rate-Limit-Reset": "1"}, json={})
        with pytest.raises(RateLimitError):
            introspect(URL)


@introspects
def test_pytest_httpx(
    httpx_mock: Mock, no_okta_network: NetworkGuard, introspect: Callable[[str], Introspection]
) -> None:
    httpx_mock.add_response(url=INTROSPECT, method="POST", json={"active": True, "sub": "ada"})
    assert introspect(URL).sub == "ada"
    (sent,) = httpx_mock.get_requests()
    assert sent.content == b"token=token"

    refusal = {"error": "invalid_client", "error_description": "The client secret is wrong."}
    httpx_mock.add_response(url=INTROSPECT, status_code=401, json=refusal)
    with pytest.raises(InvalidClientError):
        introspect(URL)


def test_pytest_httpx_serves_what_a_grant_asks_for(
    httpx_mock: Mock, no_okta_network: NetworkGuard
) -> None:
    httpx_mock.add_response(url=TOKEN, match_content=b"grant_type=client_credentials", json=ISSUED)
    with httpx.Client() as http, OktaOIDC(URL, AUTH, http_client=http) as okta:
        answer = okta.token({"grant_type": "client_credentials"})
    assert answer.access_token == "at"


@introspects
def test_vcrpy_records_once_and_plays_for_ever(
    tmp_path: Path,
    fake_okta: FakeOkta,
    introspect: Callable[[str], Introspection],
    no_okta_network: NetworkGuard,
) -> None:
    cassette = tmp_path / "introspection.yaml"
    recorder = vcr.VCR(filter_headers=["authorization"], match_on=["method", "uri", "body"])
    fake_okta.add_client("client-id", "client-secret-that-nobody-sees")
    with fake_okta.serve() as server:
        no_okta_network.allow(server.url)
        with recorder.use_cassette(cassette):
            assert introspect(server.url).active is False
    assert len(fake_okta.requests) == 1
    # Nothing answers at the port any more.
    with recorder.use_cassette(cassette, record_mode="none") as played:
        assert introspect(server.url).active is False
        assert played.all_played
    written = cassette.read_text("utf-8")
    assert "active" in written
    assert "Basic" not in written


def test_a_client_left_to_itself_is_not_mocked_and_is_stopped(
    httpx_mock: Mock, no_okta_network: NetworkGuard
) -> None:
    httpx_mock.add_response(json={"active": True}, is_optional=True)
    with OktaOIDC(URL, AUTH, retry=None) as okta, pytest.raises(pytest.fail.Exception):
        okta.introspect("token")
    assert no_okta_network.attempts == ["dev-000000.okta.com:443"]
    assert httpx_mock.get_requests() == []
    no_okta_network.attempts.clear()


def test_mocks_of_the_whole_login(no_okta_network: NetworkGuard) -> None:
    router: Mock
    with respx.mock as router, httpx.Client() as http:
        router.post(TOKEN).respond(json={**ISSUED, "refresh_token": "rt"})
        with OktaOIDC(URL, AUTH, http_client=http) as okta:
            tokens = okta.token_for_code("code", "http://localhost/callback")
    assert isinstance(tokens, Tokens)
    assert tokens.refresh_token == "rt"
