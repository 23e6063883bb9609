"""FakeOkta: a login in a browser from end to end: pushed requests, callbacks, userinfo, logout."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from okta_oidc import ORG
from okta_oidc.testing import AuthorizationError, FakeOkta

from .fake_keys import P256, RSA, asserted, proof
from .fake_wire import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    Wire,
    assert_oauth_error,
    assert_okta_error,
    basic,
    members,
)

SERVERS = pytest.mark.parametrize("server", ["default", None], ids=["custom", "org"])
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def _request(wire: Wire, **parameters: str) -> dict[str, str]:
    whole = {
        "client_id": wire.fake.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "state": "s",
        **parameters,
    }
    return {name: value for name, value in whole.items() if value}


def _url(wire: Wire, parameters: dict[str, str], server: str | None = "default") -> str:
    return f"{wire.url('authorize', server)}?{urlencode(parameters)}"


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _claims(jwt: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(jwt.split(".")[1] + "=="))
    return decoded


# The browser


@SERVERS
def test_a_visit_ends_at_the_callback_with_a_code(server: str | None) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    back = fake.visit(_url(wire, _request(wire, nonce="n", **PKCE), server))
    assert back.startswith(f"{CALLBACK}?")
    assert set(_query(back)) == {"code", "state"}
    answer = members(wire.redeem(_query(back)["code"], server=server, code_verifier=VERIFIER))
    assert _claims(answer["id_token"])["nonce"] == "n"
    assert fake.requests[0].endpoint == "authorize"


def test_somebody_else_may_sit_at_the_browser() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    grace = fake.add_user("grace@example.com")
    url = _url(wire, _request(wire, login_hint=fake.user.username))

    def who(back: str) -> object:
        return _claims(members(wire.redeem(_query(back)["code"]))["id_token"])["sub"]

    assert who(fake.visit(url)) == fake.user.user_id
    assert who(fake.visit(url, username=grace.username)) == grace.user_id
    with pytest.raises(LookupError):
        fake.visit(url, username="nobody@example.com")


def test_an_error_for_the_application_is_in_the_callback() -> None:
    wire = Wire(FakeOkta())
    back = wire.fake.visit(_url(wire, _request(wire, scope="nothing")))
    assert _query(back)["error"] == "invalid_scope"
    assert _query(back)["state"] == "s"


def test_what_sends_nobody_back_raises() -> None:
    wire = Wire(FakeOkta())
    with pytest.raises(AuthorizationError) as caught:
        wire.fake.visit(_url(wire, _request(wire, client_id="0oaNobody")))
    assert caught.value.error == "invalid_client"
    wire.fake.faults.html(503)
    with pytest.raises(AuthorizationError) as caught:
        wire.fake.visit(_url(wire, _request(wire)))
    assert caught.value.error == "503"
    with pytest.raises(LookupError, match="another host"):
        wire.fake.visit("https://elsewhere.test/oauth2/v1/authorize?client_id=x")


@pytest.mark.parametrize("says", [True, False])
def test_callbacks_say_who_issued_them_where_metadata_promise_it(says: bool) -> None:
    fake = FakeOkta(callback_iss=says)
    wire = Wire(fake)
    metadata = members(wire.well_known("openid-configuration"))
    assert metadata.get("authorization_response_iss_parameter_supported", False) is says
    expected = fake.issuer() if says else None
    assert _query(fake.visit(_url(wire, _request(wire)))).get("iss") == expected
    refused = fake.visit(_url(wire, _request(wire, scope="nothing")))
    assert _query(refused).get("iss") == expected
    at_org = fake.visit(_url(wire, _request(wire), None))
    assert _query(at_org).get("iss") == (fake.issuer(ORG) if says else None)


def test_a_session_may_be_older_than_the_sign_in() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    identity = _claims(wire.sign_in(auth_age=600)["id_token"])
    assert identity["auth_time"] == identity["iat"] - 600
    fresh = _claims(wire.sign_in()["id_token"])
    assert fresh["auth_time"] == fresh["iat"]


def test_signed_request_objects_are_refused() -> None:
    wire = Wire(FakeOkta())
    back = wire.fake.visit(_url(wire, _request(wire, request="a.b.c")))
    assert _query(back)["error"] == "invalid_request"


# Pushed requests


def _pushed(wire: Wire, server: str | None = "default", **parameters: str) -> httpx.Response:
    return wire.post("par", _request(wire, **parameters), server=server)


@SERVERS
def test_a_pushed_request_is_authorized_once(server: str | None) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    response = _pushed(wire, server, nonce="n", **PKCE)
    assert response.status_code == 200
    answer = members(response)
    assert answer["expires_in"] == 3600
    assert answer["request_uri"].startswith("urn:okta:")
    url = _url(wire, {"client_id": fake.client_id, "request_uri": answer["request_uri"]}, server)
    back = fake.visit(url)
    assert _query(back)["state"] == "s"
    tokens = members(wire.redeem(_query(back)["code"], server=server, code_verifier=VERIFIER))
    assert _claims(tokens["id_token"])["nonce"] == "n"
    with pytest.raises(AuthorizationError, match="invalid_request"):
        fake.visit(url)


def test_what_was_pushed_is_what_counts() -> None:
    wire = Wire(FakeOkta())
    uri = members(_pushed(wire, state="pushed"))["request_uri"]
    url = _url(wire, _request(wire, state="in the query", request_uri=uri))
    assert _query(wire.fake.visit(url))["state"] == "pushed"


def test_a_request_uri_belongs_to_client_server_and_time() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    other = fake.add_client()
    uri = members(_pushed(wire))["request_uri"]
    for client_id, server in ((other.client_id, "default"), (fake.client_id, None)):
        with pytest.raises(AuthorizationError, match="invalid_request"):
            fake.visit(_url(wire, {"client_id": client_id, "request_uri": uri}, server))
    fake.clock.advance(3599)
    own = {"client_id": fake.client_id, "request_uri": uri}
    assert _query(fake.visit(_url(wire, own)))["code"]
    uri = members(_pushed(wire))["request_uri"]
    fake.clock.advance(3600)
    with pytest.raises(AuthorizationError, match="invalid_request"):
        fake.visit(_url(wire, {**own, "request_uri": uri}))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": ""}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"redirect_uri": "not a uri"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "nothing"}, "invalid_scope"),
        ({"request_uri": "urn:okta:x"}, "invalid_request"),
        ({"request": "a.b.c"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
    ids=str,
)
def test_what_authorize_would_refuse_is_refused_at_once(change: dict[str, str], error: str) -> None:
    assert_oauth_error(_pushed(Wire(FakeOkta()), **change), 400, error)


def test_the_client_is_named_beside_its_credentials_there_and_must_be_the_same() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    other = fake.add_client()
    assert_oauth_error(_pushed(wire, client_id=other.client_id), 401, "invalid_client")
    response = wire.form("par", _request(wire))
    assert response.status_code == 401
    by_key = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    named = {**_request(wire), "client_id": by_key.client_id}
    assert asserted(fake, by_key, RSA, named, endpoint="par").status_code == 200
    nameless = {name: value for name, value in named.items() if name != "client_id"}
    response = asserted(fake, by_key, RSA, nameless, endpoint="par")
    assert_oauth_error(response, 400, "invalid_request")
    # Everywhere else an id beside a header is a second method.
    headers = {"Authorization": basic(fake.client_id, fake.client_secret)}
    named = {"token": "t", "client_id": fake.client_id}
    assert wire.form("introspect", named, headers=headers).status_code == 401


def test_public_clients_push_with_pkce() -> None:
    fake = FakeOkta()
    wire = Wire(fake, fake.add_client(auth_method="none"))
    client_id = str(wire.credentials[0])
    bare = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}
    assert_oauth_error(wire.post("par", bare), 400, "invalid_request")
    assert wire.post("par", {**bare, **PKCE}).status_code == 200
    assert fake.requests[-1].client_id == client_id


def test_a_proof_there_binds_the_code() -> None:
    fake = FakeOkta()
    app = fake.add_client(dpop_bound_access_tokens=True)
    wire = Wire(fake, app)
    secret = basic(app.client_id, app.client_secret or "")
    form = _request(wire, client_id=app.client_id)

    def push(nonce: str | None, **more: str) -> httpx.Response:
        headers = {"Authorization": secret, "DPoP": proof(wire.url("par"), nonce=nonce)}
        return wire.form("par", {**form, **more}, headers=headers)

    response = push(None)
    assert_oauth_error(response, 400, "use_dpop_nonce")
    nonce = response.headers["dpop-nonce"]
    assert_oauth_error(push(nonce, dpop_jkt="another"), 400, "invalid_dpop_proof")
    uri = members(push(nonce, dpop_jkt=P256.thumbprint()))["request_uri"]
    back = fake.visit(_url(wire, {"client_id": app.client_id, "request_uri": uri}))
    grant = {
        "grant_type": "authorization_code",
        "code": _query(back)["code"],
        "redirect_uri": CALLBACK,
    }
    for key, alg, status in ((RSA, "RS256", 400), (P256, "ES256", 200)):
        proven = proof(wire.url("token"), key, alg=alg, nonce=nonce)
        headers = {"Authorization": secret, "DPoP": proven}
        assert wire.form("token", grant, headers=headers).status_code == status


# Userinfo


@SERVERS
def test_userinfo_tells_what_the_scopes_allow(server: str | None) -> None:
    fake = FakeOkta()
    grace = fake.add_user("grace@example.com", claims={"team": "compilers"})
    wire = Wire(fake)

    def about(scope: str) -> dict[str, Any]:
        token = wire.sign_in(scope, server=server, username=grace.username)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        response = wire.get("userinfo", server=server, headers=headers)
        assert response.status_code == 200
        return members(response)

    least = {"sub": grace.user_id, "team": "compilers"}
    assert about("openid") == least
    assert about("openid profile") == {**least, "preferred_username": grace.username}
    mail = {"email": grace.username, "email_verified": True}
    assert about("openid email") == {**least, **mail}


def _refused(response: httpx.Response, status: int, error: str | None) -> None:
    assert response.status_code == status
    assert response.content == b""
    assert "content-type" not in response.headers
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert (f'error="{error}"' in challenge) if error else ("error=" not in challenge)


def test_userinfo_refuses_with_an_empty_body_and_a_challenge() -> None:
    fake = FakeOkta()
    wire = Wire(fake)

    def ask(authorization: str | None, server: str | None = "default") -> httpx.Response:
        headers = {} if authorization is None else {"Authorization": authorization}
        return wire.get("userinfo", server=server, headers=headers)

    for nothing in (None, "Basic YTpi", "Bearer", "Bearer "):
        _refused(ask(nothing), 401, None)
    token = wire.sign_in()["access_token"]
    assert ask(f"bearer {token}").status_code == 200
    _refused(ask("Bearer unknown"), 401, "invalid_token")
    _refused(ask(f"Bearer {token}", None), 401, "invalid_token")
    _refused(ask(f"Bearer {wire.sign_in()['refresh_token']}"), 401, "invalid_token")
    _refused(ask(f"Bearer {wire.sign_in('api:read')['access_token']}"), 403, "insufficient_scope")
    service = members(
        wire.post("token", {"grant_type": "client_credentials", "scope": "api:read"})
    )["access_token"]
    _refused(ask(f"Bearer {service}"), 403, "insufficient_scope")
    wire.revoke(token)
    _refused(ask(f"Bearer {token}"), 401, "invalid_token")
    late = wire.sign_in()["access_token"]
    fake.clock.advance(3600)
    _refused(ask(f"Bearer {late}"), 401, "invalid_token")


def test_userinfo_takes_get_and_is_no_client_authentication() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    token = wire.sign_in()["access_token"]
    wire.get("userinfo", headers={"Authorization": f"Bearer {token}"})
    assert (fake.requests[-1].auth_method, fake.requests[-1].client_id) == (None, None)
    assert_okta_error(wire.post("userinfo"), 405, "E0000022")


# Logout


def _logout(wire: Wire, server: str | None = "default", **parameters: str) -> str:
    return f"{wire.url('logout', server)}?{urlencode(parameters)}"


@SERVERS
def test_logout_goes_where_the_application_asked(server: str | None) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = wire.sign_in(server=server)
    hint = answer["id_token"]
    address = "https://app.example/bye?lang=en"
    back = fake.visit(
        _logout(wire, server, id_token_hint=hint, post_logout_redirect_uri=address, state="a b&c")
    )
    assert back == f"{address}&state=a+b%26c"
    back = fake.visit(_logout(wire, server, id_token_hint=hint, post_logout_redirect_uri=address))
    assert back == address
    assert fake.visit(_logout(wire, server, id_token_hint=hint)) == f"{fake.url}/login/default"
    # It ends the session in the browser, no token.
    assert wire.is_active(answer["access_token"], server=server)


def test_logout_knows_whose_token_it_is() -> None:
    fake = FakeOkta()
    app = fake.add_client(post_logout_redirect_uris=["https://app.example/bye"])
    wire = Wire(fake, app)
    hint = wire.sign_in()["id_token"]
    fake.clock.advance(7200)
    own = {"id_token_hint": hint, "post_logout_redirect_uri": "https://app.example/bye"}
    assert fake.visit(_logout(wire, **own)) == "https://app.example/bye"
    for change in (
        {"id_token_hint": "unknown"},
        {"id_token_hint": wire.sign_in()["access_token"]},
        {"post_logout_redirect_uri": "https://app.example/bye/"},
        {"post_logout_redirect_uri": "https://evil.example/"},
    ):
        with pytest.raises(AuthorizationError, match="invalid_request"):
            fake.visit(_logout(wire, **{**own, **change}))
    with pytest.raises(AuthorizationError, match="invalid_request"):
        fake.visit(_logout(wire, None, **own))
    with pytest.raises(AuthorizationError, match="invalid_request"):
        fake.visit(_logout(wire))
