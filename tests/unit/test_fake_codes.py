"""FakeOkta: authorization codes, PKCE and the authorization endpoint."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from okta_oidc import ORG
from okta_oidc.testing import AuthorizationError, FakeClock, FakeOkta

from .fake_wire import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    Wire,
    assert_oauth_error,
    assert_okta_error,
    members,
)


def claims(jwt: str) -> dict[str, Any]:
    header, payload, signature = jwt.split(".")
    assert signature
    assert json.loads(urlsafe_b64decode(header + "=="))["alg"] == "RS256"
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=="))
    return decoded


def test_a_code_brings_the_tokens_its_scopes_ask_for() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    for scope, expected in (
        ("openid offline_access", {"refresh_token", "id_token"}),
        ("openid", {"id_token"}),
        ("offline_access api:read", {"refresh_token"}),
        ("api:read", set[str]()),
    ):
        answer = wire.sign_in(scope)
        assert set(answer) == {"token_type", "expires_in", "access_token", "scope"} | expected
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
        assert set(answer["scope"].split(" ")) == set(scope.split(" "))


def test_tokens_carry_claims_a_decoder_can_read() -> None:
    fake = FakeOkta(clock=FakeClock(1_700_000_000.9))
    wire = Wire(fake)
    answer = wire.sign_in("openid email offline_access api:read", nonce="n-0S6")
    access, identity = claims(answer["access_token"]), claims(answer["id_token"])
    assert access["iss"] == identity["iss"] == fake.issuer() == f"{fake.url}/oauth2/default"
    assert access["aud"] == "api://default"
    assert identity["aud"] == access["cid"] == fake.client_id
    assert access["sub"] == identity["preferred_username"] == fake.user.username
    assert access["uid"] == identity["sub"] == fake.user.user_id
    assert access["exp"] - access["iat"] == 3600
    assert access["iat"] == 1_700_000_000
    assert access["jti"].startswith("AT.")
    assert ".oar" in access["jti"]
    assert identity["jti"].startswith("ID.")
    assert identity["nonce"] == "n-0S6"
    assert identity["email"] == fake.user.username
    assert set(access["scp"]) == {"openid", "email", "offline_access", "api:read"}
    assert ".oar" not in claims(wire.sign_in("openid")["access_token"])["jti"]


def test_the_org_server_has_issuer_and_scopes_of_its_own() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = wire.sign_in("openid groups okta.users.read", server=None)
    assert claims(answer["id_token"])["iss"] == fake.issuer(ORG) == fake.url
    assert claims(answer["access_token"])["aud"] == fake.url
    with pytest.raises(AuthorizationError, match="invalid_scope"):
        fake.authorize(CALLBACK, scope="openid api:read", auth_server_id=ORG)
    with pytest.raises(AuthorizationError, match="invalid_scope"):
        fake.authorize(CALLBACK, scope="openid okta.users.read")


def test_a_spent_code_is_refused_and_takes_its_tokens_along() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    other = wire.sign_in()
    code = fake.authorize(CALLBACK)
    tokens = members(wire.redeem(code))
    assert wire.is_active(tokens["access_token"])
    assert_oauth_error(wire.redeem(code), 400, "invalid_grant")
    assert not wire.is_active(tokens["access_token"])
    assert not wire.is_active(tokens["refresh_token"])
    assert_oauth_error(wire.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    assert wire.is_active(other["access_token"])


def test_a_failed_redemption_does_not_spend_the_code() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    code = fake.authorize(CALLBACK, code_challenge=CHALLENGE)
    assert_oauth_error(
        wire.redeem(code, redirect_uri=CALLBACK + "/", code_verifier=VERIFIER), 400, "invalid_grant"
    )
    assert_oauth_error(wire.redeem(code, code_verifier="x" * 43), 400, "invalid_grant")
    assert wire.redeem(code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize(("age", "status"), [(299.9, 200), (300, 400), (301, 400)])
def test_a_code_lives_for_its_lifetime(age: float, status: int) -> None:
    fake = FakeOkta()
    code = fake.authorize(CALLBACK)
    fake.clock.advance(age)
    assert Wire(fake).redeem(code).status_code == status


def test_lifetimes_can_be_set() -> None:
    fake = FakeOkta(code_lifetime=5, access_token_lifetime=60)
    wire = Wire(fake)
    assert wire.sign_in()["expires_in"] == 60
    code = fake.authorize(CALLBACK)
    fake.clock.advance(5)
    assert_oauth_error(wire.redeem(code), 400, "invalid_grant")


@pytest.mark.parametrize(
    "redirect_uri",
    [
        CALLBACK + "/",
        CALLBACK + "?",
        CALLBACK.replace("callback", "Callback"),
        CALLBACK.replace(".example", ".example:443"),
        "http" + CALLBACK.removeprefix("https"),
    ],
)
def test_the_redirect_uri_is_compared_character_by_character(redirect_uri: str) -> None:
    fake = FakeOkta()
    response = Wire(fake).redeem(fake.authorize(CALLBACK), redirect_uri=redirect_uri)
    assert_oauth_error(response, 400, "invalid_grant")


def test_a_code_belongs_to_its_client_and_its_server() -> None:
    fake = FakeOkta()
    fake.add_authorization_server("ausOther")
    code = fake.authorize(CALLBACK)
    thief = Wire(fake, fake.add_client())
    assert_oauth_error(thief.redeem(code), 400, "invalid_grant")
    wire = Wire(fake)
    assert_oauth_error(wire.redeem(code, server="ausOther"), 400, "invalid_request")
    assert_oauth_error(wire.redeem(code, server=None), 400, "invalid_request")
    assert wire.redeem(code).status_code == 200


def test_a_stranger_cannot_end_the_tokens_of_a_spent_code() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    code = fake.authorize(CALLBACK)
    tokens = members(wire.redeem(code))
    assert_oauth_error(Wire(fake, fake.add_client()).redeem(code), 400, "invalid_grant")
    assert wire.is_active(tokens["access_token"])


def test_code_and_redirect_uri_must_be_there() -> None:
    wire = Wire(FakeOkta())
    grant = {"grant_type": "authorization_code"}
    response = wire.post("token", {**grant, "redirect_uri": CALLBACK})
    assert_oauth_error(response, 400, "invalid_request")
    response = wire.post("token", {**grant, "code": wire.fake.authorize(CALLBACK)})
    assert_oauth_error(response, 400, "invalid_request")
    assert_oauth_error(wire.redeem("never-issued"), 400, "invalid_grant")


def test_scopes_are_fixed_when_the_code_is_made() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = members(wire.redeem(fake.authorize(CALLBACK, scope="openid"), scope="api:write"))
    assert answer["scope"] == "openid"
    response = wire.redeem(fake.authorize(CALLBACK), scope="openid offline_access")
    assert_oauth_error(response, 400, "invalid_scope")


# PKCE


def test_pkce_takes_the_verifier_of_the_challenge() -> None:
    fake = FakeOkta()
    code = fake.authorize(CALLBACK, code_challenge=CHALLENGE)
    assert Wire(fake).redeem(code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize(
    "verifier", [VERIFIER[:-1], VERIFIER.lower(), CHALLENGE, "short", "é" * 43]
)
def test_a_wrong_verifier_is_invalid_grant(verifier: str) -> None:
    fake = FakeOkta()
    code = fake.authorize(CALLBACK, code_challenge=CHALLENGE)
    assert_oauth_error(Wire(fake).redeem(code, code_verifier=verifier), 400, "invalid_grant")


def test_a_missing_or_a_superfluous_verifier_is_invalid_request() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    challenged = fake.authorize(CALLBACK, code_challenge=CHALLENGE)
    assert_oauth_error(wire.redeem(challenged), 400, "invalid_request")
    plain = fake.authorize(CALLBACK)
    assert_oauth_error(wire.redeem(plain, code_verifier=VERIFIER), 400, "invalid_request")


def test_a_public_client_cannot_do_without_pkce() -> None:
    fake = FakeOkta()
    for client in (
        fake.add_client(auth_method="none", pkce_required=False),
        fake.add_client(pkce_required=True),
    ):
        with pytest.raises(AuthorizationError) as caught:
            fake.authorize(CALLBACK, client_id=client.client_id)
        assert caught.value.error == "invalid_request"
        code = fake.authorize(CALLBACK, client_id=client.client_id, code_challenge=CHALLENGE)
        assert Wire(fake, client).redeem(code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (CHALLENGE, "plain"),
        (CHALLENGE, "s256"),
        (CHALLENGE + "=", "S256"),
        (CHALLENGE[:-1], "S256"),
        ("", "S256"),
        (None, "S256"),
    ],
)
def test_only_sound_s256_challenges_are_taken(challenge: str | None, method: str) -> None:
    with pytest.raises(AuthorizationError) as caught:
        FakeOkta().authorize(CALLBACK, code_challenge=challenge, code_challenge_method=method)
    assert caught.value.error == "invalid_request"


# The authorization endpoint


def authorize(
    wire: Wire, *, server: str | None = "default", drop: str = "", **parameters: str
) -> httpx.Response:
    query = {
        "client_id": wire.fake.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": "af0 ifjs&ldkj",
        **parameters,
    }
    query.pop(drop, None)
    url = httpx.URL(wire.url("authorize", server), params=query)
    return wire.raw("GET", str(url))


def callback(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302
    location = response.headers["location"]
    assert location.startswith(CALLBACK + "?")
    pairs = parse_qsl(urlsplit(location).query, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


@pytest.mark.parametrize("server", ["default", None], ids=["custom", "org"])
def test_the_browser_comes_back_with_code_and_state(server: str | None) -> None:
    wire = Wire(FakeOkta())
    answer = callback(
        authorize(
            wire, server=server, nonce="n", code_challenge=CHALLENGE, code_challenge_method="S256"
        )
    )
    assert set(answer) == {"code", "state"}
    assert answer["state"] == "af0 ifjs&ldkj"
    tokens = members(wire.redeem(answer["code"], server=server, code_verifier=VERIFIER))
    assert claims(tokens["id_token"])["nonce"] == "n"


def test_state_is_not_invented() -> None:
    assert set(callback(authorize(Wire(FakeOkta()), drop="state"))) == {"code"}


def test_login_hint_chooses_the_user() -> None:
    fake = FakeOkta()
    grace = fake.add_user("grace@example.com")
    wire = Wire(fake)
    code = callback(authorize(wire, login_hint=grace.username))["code"]
    assert claims(members(wire.redeem(code))["id_token"])["sub"] == grace.user_id
    answer = callback(authorize(wire, login_hint="nobody@example.com"))
    assert answer["error"] == "access_denied"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"drop": "response_type"}, "invalid_request"),
        ({"scope": "openid nothing"}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": 'openid "'}, "invalid_scope"),
        ({"scope": " "}, "invalid_scope"),
        ({"drop": "scope"}, "invalid_scope"),
        ({"scope": "api:read" + " api:read" * 500}, "invalid_scope"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_errors_go_back_to_the_application(change: dict[str, str], error: str) -> None:
    answer = callback(authorize(Wire(FakeOkta()), **change))
    assert answer["error"] == error
    assert answer["state"] == "af0 ifjs&ldkj"
    assert "code" not in answer


def test_nobody_is_redirected_to_an_address_that_is_not_the_apps() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    strict = fake.add_client(redirect_uris=[CALLBACK])
    known = {"client_id": strict.client_id}
    assert "code" in callback(authorize(wire, **known))
    for redirect_uri in (CALLBACK + "/", "https://evil.example/callback"):
        response = authorize(wire, **known, redirect_uri=redirect_uri)
        assert_oauth_error(response, 400, "invalid_request")
        assert "location" not in response.headers
        with pytest.raises(AuthorizationError):
            fake.authorize(redirect_uri, client_id=strict.client_id)
    for redirect_uri in (
        "callback",
        "//app.example/callback",
        CALLBACK + "#part",
        CALLBACK + "#",
        CALLBACK + "\r\nX-Injected: 1",
        CALLBACK + "/é",
        CALLBACK + "/a b",
        "http://[",
    ):
        assert_oauth_error(authorize(wire, redirect_uri=redirect_uri), 400, "invalid_request")
    assert_oauth_error(authorize(wire, drop="redirect_uri"), 400, "invalid_request")
    assert_oauth_error(authorize(wire, drop="client_id"), 400, "invalid_request")
    assert_okta_error(authorize(wire, client_id="0oaNobody"), 400, "invalid_client")


@pytest.mark.parametrize(
    ("redirect_uri", "start"),
    [
        ("https://app.example/cb?a=1", "https://app.example/cb?a=1&code="),
        ("myapp:/callback", "myapp:/callback?code="),
        ("myapp:///callback", "myapp:///callback?code="),
        ("http://[::1]:8080/cb", "http://[::1]:8080/cb?code="),
    ],
)
def test_the_redirect_uri_is_only_added_to(redirect_uri: str, start: str) -> None:
    response = authorize(Wire(FakeOkta()), redirect_uri=redirect_uri)
    location = response.headers["location"]
    assert location.startswith(start)
    assert parse_qs(urlsplit(location).query)["state"] == ["af0 ifjs&ldkj"]


def test_a_browser_may_keep_its_cookies_and_must_use_get() -> None:
    wire = Wire(FakeOkta())
    url = str(
        httpx.URL(
            wire.url("authorize"),
            params={
                "client_id": wire.fake.client_id,
                "redirect_uri": CALLBACK,
                "response_type": "code",
                "scope": "openid",
            },
        )
    )
    response = wire.raw("GET", url, headers={"Cookie": "sid=1"})
    assert response.status_code == 302
    response = wire.raw("POST", url)
    assert_okta_error(response, 405, "E0000022")
    assert response.headers["allow"] == "GET"


def test_an_app_without_the_grant_gets_no_code() -> None:
    fake = FakeOkta()
    client = fake.add_client(grant_types=["client_credentials"])
    with pytest.raises(AuthorizationError) as caught:
        fake.authorize(CALLBACK, client_id=client.client_id)
    assert caught.value.error == "unauthorized_client"
    client = fake.add_client(grant_types=["authorization_code"])
    with pytest.raises(AuthorizationError) as caught:
        fake.authorize(CALLBACK, client_id=client.client_id)
    assert caught.value.error == "access_denied"


def test_authorize_names_what_it_does_not_know() -> None:
    fake = FakeOkta()
    with pytest.raises(LookupError):
        fake.authorize(CALLBACK, client_id="0oaNobody")
    with pytest.raises(LookupError):
        fake.authorize(CALLBACK, username="nobody@example.com")
    with pytest.raises(LookupError):
        fake.authorize(CALLBACK, auth_server_id="ausNobody")
