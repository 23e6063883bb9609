"""FakeOkta: tokens bound to a key (RFC 9449)."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from okta_oidc.testing import FakeClient, FakeOkta

from .fake_keys import P256, P384, RSA, SERVICE, asserted, assertion, proof, with_assertion
from .fake_wire import CALLBACK, CHALLENGE, VERIFIER, Wire, assert_oauth_error, basic, members

OTHER: ECKey = ECKey.generate_key("P-256")


class Bound:
    """A client whose tokens are bound, and its calls."""

    def __init__(self, fake: FakeOkta | None = None, **options: Any) -> None:
        self.fake = fake or FakeOkta(require_dpop_nonce=False)
        self.client: FakeClient = self.fake.add_client(dpop_bound_access_tokens=True, **options)
        self.wire = Wire(self.fake, self.client)

    @property
    def token_url(self) -> str:
        return self.wire.url("token")

    def post(
        self,
        parameters: Mapping[str, str] = SERVICE,
        *,
        proven: str | None = None,
        endpoint: str = "token",
    ) -> httpx.Response:
        headers = {} if proven is None else {"DPoP": proven}
        pairs = dict(parameters)
        if self.client.client_secret is None:
            pairs["client_id"] = self.client.client_id
        else:
            secret = basic(self.client.client_id, self.client.client_secret)
            headers["Authorization"] = secret
        return self.wire.form(endpoint, pairs, headers=headers)

    def sign_in(self, key: RSAKey | ECKey = P256, scope: str = "openid offline_access") -> Any:
        code = self.fake.authorize(
            CALLBACK, scope=scope, client_id=self.client.client_id, code_challenge=CHALLENGE
        )
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        proven = proof(self.token_url, key)
        response = self.post({**grant, "code_verifier": VERIFIER}, proven=proven)
        assert response.status_code == 200
        return members(response)

    def refresh(self, token: str, key: RSAKey | ECKey) -> httpx.Response:
        grant = {"grant_type": "refresh_token", "refresh_token": token}
        return self.post(grant, proven=proof(self.token_url, key))


def _claims(jwt: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(jwt.split(".")[1] + "=="))
    return decoded


def _challenge(response: httpx.Response, error: str) -> None:
    assert response.status_code == 401
    assert response.content == b""
    assert response.headers["www-authenticate"].startswith("DPoP ")
    assert f'error="{error}"' in response.headers["www-authenticate"]


@pytest.mark.parametrize(("key", "alg"), [(P256, "ES256"), (P384, "ES384"), (RSA, "RS256")])
def test_a_proof_binds_the_token_to_its_key(key: RSAKey | ECKey, alg: str) -> None:
    app = Bound()
    response = app.post(proven=proof(app.token_url, key, alg=alg))
    answer = members(response)
    assert answer["token_type"] == "DPoP"
    assert _claims(answer["access_token"])["cnf"] == {"jkt": key.thumbprint()}
    assert response.headers["dpop-nonce"]
    info = app.wire.introspect(answer["access_token"])
    assert info["token_type"] == "DPoP"
    assert info["cnf"] == {"jkt": key.thumbprint()}


def test_without_a_proof_there_are_no_tokens() -> None:
    app = Bound()
    response = app.post()
    assert_oauth_error(response, 400, "invalid_dpop_proof")
    assert response.headers["dpop-nonce"]


def test_an_app_that_is_not_registered_for_it_gets_bearer_tokens_all_the_same() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    headers = {
        "Authorization": basic(fake.client_id, fake.client_secret),
        "DPoP": proof(wire.url("token")),
    }
    response = wire.form("token", SERVICE, headers=headers)
    assert members(response)["token_type"] == "Bearer"
    assert "dpop-nonce" not in response.headers
    assert "cnf" not in _claims(members(response)["access_token"])


# The nonce


def test_the_first_proof_learns_the_nonce_and_the_second_has_it() -> None:
    app = Bound(FakeOkta())
    response = app.post(proven=proof(app.token_url))
    assert_oauth_error(response, 400, "use_dpop_nonce")
    nonce = response.headers["dpop-nonce"]
    response = app.post(proven=proof(app.token_url, nonce=nonce))
    assert response.status_code == 200
    # It is good for more than one proof, and every answer tells it.
    assert response.headers["dpop-nonce"] == nonce
    assert app.post(proven=proof(app.token_url, nonce=nonce)).status_code == 200
    for wrong in ("never-issued", "", 7):
        response = app.post(proven=proof(app.token_url, nonce=wrong))
        assert_oauth_error(response, 400, "use_dpop_nonce")


def test_a_nonce_lives_for_three_days_and_is_followed_after_one() -> None:
    app = Bound(FakeOkta())

    def answer(nonce: str | None) -> httpx.Response:
        now = int(app.fake.clock.now())
        return app.post(proven=proof(app.token_url, nonce=nonce, iat=now))

    first = answer(None).headers["dpop-nonce"]
    app.fake.clock.advance(86_399)
    assert answer(first).headers["dpop-nonce"] == first
    app.fake.clock.advance(1)
    response = answer(first)
    assert response.status_code == 200
    second = response.headers["dpop-nonce"]
    assert second != first
    app.fake.clock.advance(2 * 86_400 - 1)
    assert answer(first).status_code == 200
    app.fake.clock.advance(1)
    assert_oauth_error(answer(first), 400, "use_dpop_nonce")
    assert answer(second).status_code == 200


def test_nonces_can_be_withdrawn() -> None:
    app = Bound(FakeOkta())
    nonce = app.post(proven=proof(app.token_url)).headers["dpop-nonce"]
    app.fake.rotate_dpop_nonce()
    response = app.post(proven=proof(app.token_url, nonce=nonce))
    assert_oauth_error(response, 400, "use_dpop_nonce")
    assert response.headers["dpop-nonce"] != nonce


# What a proof has to be


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": None},
        {"htu": "https://fake.okta.test/oauth2/default/v1/introspect"},
        {"htu": "https://fake.okta.test/oauth2/default/v1/token?x=1"},
        {"htu": None},
        {"iat": int(time.time()) - 301},
        {"iat": int(time.time()) + 3600},
        {"iat": time.time()},
        {"iat": True},
        {"iat": None},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
    ],
    ids=", ".join,
)
def test_a_claim_that_is_not_right_is_an_invalid_proof(changes: dict[str, Any]) -> None:
    app = Bound()
    response = app.post(proven=proof(app.token_url, **changes))
    assert_oauth_error(response, 400, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"jwk": None},
        {"jwk": OTHER.as_dict(private=False)},
        {"jwk": P256.as_dict(private=True)},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA"}},
        {"jwk": {"kty": "EC"}},
    ],
    ids=[
        "typ JWT",
        "no typ",
        "no jwk",
        "another key",
        "a private key",
        "a secret",
        "half a key",
        "no numbers",
    ],
)
def test_a_header_that_is_not_right_is_an_invalid_proof(header: dict[str, Any]) -> None:
    app = Bound()
    response = app.post(proven=proof(app.token_url, header=header))
    assert_oauth_error(response, 400, "invalid_dpop_proof")


def test_a_secret_proves_nothing() -> None:
    app = Bound()
    key = OctKey.import_key("s" * 32)
    jwt = proof(app.token_url, key, alg="HS256", header={"jwk": OTHER.as_dict()})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_oauth_error(app.post(proven=jwt), 400, "invalid_dpop_proof")


@pytest.mark.parametrize("jwt", ["a.b.c", "nothing", "e30.e30.e30"])
def test_what_is_no_jwt_is_an_invalid_proof(jwt: str) -> None:
    assert_oauth_error(Bound().post(proven=jwt), 400, "invalid_dpop_proof")


def test_two_proofs_are_none() -> None:
    app = Bound()
    request = httpx.Request(
        "POST",
        app.token_url,
        data=SERVICE,
        headers=[
            ("Authorization", basic(app.client.client_id, app.client.client_secret or "")),
            ("DPoP", proof(app.token_url)),
            ("DPoP", proof(app.token_url)),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ],
    )
    assert_oauth_error(app.wire.send(request), 400, "invalid_dpop_proof")


def test_a_proof_is_good_for_one_request_even_if_that_fails() -> None:
    app = Bound()
    jwt = proof(app.token_url)
    assert app.post(proven=jwt).status_code == 200
    assert_oauth_error(app.post(proven=jwt), 400, "invalid_dpop_proof")
    jwt = proof(app.token_url)
    app.fake.faults.rate_limited()
    assert app.post(proven=jwt).status_code == 429
    assert_oauth_error(app.post(proven=jwt), 400, "invalid_dpop_proof")


def test_asking_for_a_nonce_uses_assertion_and_proof_up() -> None:
    app = Bound(FakeOkta(), auth_method="private_key_jwt", keys=RSA)
    jwt, proven = assertion(app.client, app.token_url, RSA), proof(app.token_url)
    form = {
        **SERVICE,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt,
    }
    response = app.wire.form("token", form, headers={"DPoP": proven})
    assert_oauth_error(response, 400, "use_dpop_nonce")
    nonce = response.headers["dpop-nonce"]
    response = app.wire.form("token", form, headers={"DPoP": proof(app.token_url, nonce=nonce)})
    assert_oauth_error(response, 401, "invalid_client")
    assert_oauth_error(with_assertion(app.wire, jwt), 401, "invalid_client")
    assert asserted(app.fake, app.client, RSA).status_code == 400


def test_a_code_that_only_met_a_missing_nonce_is_not_spent() -> None:
    app = Bound(FakeOkta())
    code = app.fake.authorize(CALLBACK, client_id=app.client.client_id)
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    response = app.post(grant, proven=proof(app.token_url))
    assert_oauth_error(response, 400, "use_dpop_nonce")
    nonce = response.headers["dpop-nonce"]
    assert app.post(grant, proven=proof(app.token_url, nonce=nonce)).status_code == 200


# What stays bound


@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_a_refresh_needs_the_same_key(method: Any) -> None:
    app = Bound(auth_method=method)
    first = app.sign_in()
    assert first["token_type"] == "DPoP"
    response = app.refresh(first["refresh_token"], OTHER)
    assert_oauth_error(response, 400, "invalid_dpop_proof")
    second = members(app.refresh(first["refresh_token"], P256))
    assert second["token_type"] == "DPoP"
    assert _claims(second["access_token"])["cnf"] == {"jkt": P256.thumbprint()}
    assert app.wire.introspect(second["refresh_token"])["token_type"] == "DPoP"
    assert app.refresh(second["refresh_token"], P256).status_code == 200


def test_a_code_may_be_bound_before_it_is_issued() -> None:
    app = Bound()
    query = {
        "client_id": app.client.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "dpop_jkt": P256.thumbprint(),
    }
    location = app.wire.get("authorize", query).headers["location"]
    grant = {
        "grant_type": "authorization_code",
        "code": httpx.URL(location).params["code"],
        "redirect_uri": CALLBACK,
    }
    response = app.post(grant, proven=proof(app.token_url, OTHER))
    assert_oauth_error(response, 400, "invalid_dpop_proof")
    assert app.post(grant, proven=proof(app.token_url)).status_code == 200


# At a resource: userinfo


def _userinfo(app: Bound, token: str, scheme: str = "DPoP", **changes: Any) -> httpx.Response:
    url = app.wire.url("userinfo")
    jwt = proof(url, changes.pop("key", P256), method="GET", **changes)
    return app.wire.get("userinfo", headers={"Authorization": f"{scheme} {token}", "DPoP": jwt})


def _ath(token: str) -> str:
    from hashlib import sha256

    from joserfc.util import urlsafe_b64encode

    return urlsafe_b64encode(sha256(token.encode()).digest()).decode()


def test_a_bound_token_opens_a_resource_with_its_proof() -> None:
    app = Bound()
    token = app.sign_in()["access_token"]
    response = _userinfo(app, token, ath=_ath(token))
    assert response.status_code == 200
    assert members(response)["sub"] == app.fake.user.user_id


@pytest.mark.parametrize(
    "changes",
    [{}, {"ath": _ath("another")}, {"htm": "POST"}, {"htu": "https://fake.okta.test/"}],
    ids=["no ath", "another token", "htm", "htu"],
)
def test_a_proof_of_something_else_opens_nothing(changes: dict[str, Any]) -> None:
    app = Bound()
    token = app.sign_in()["access_token"]
    whole = {"ath": _ath(token), **changes} if changes else {}
    _challenge(_userinfo(app, token, **whole), "invalid_dpop_proof")


def test_a_bound_token_is_no_bearer_token_and_the_reverse() -> None:
    app = Bound()
    token = app.sign_in()["access_token"]
    _challenge(_userinfo(app, token, "Bearer", ath=_ath(token)), "invalid_token")
    _challenge(_userinfo(app, token, ath=_ath(token), key=OTHER), "invalid_token")
    bearer = Wire(app.fake).sign_in()["access_token"]
    response = _userinfo(app, bearer, ath=_ath(bearer))
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer ")


def test_a_resource_refuses_a_nonce_that_it_never_gave() -> None:
    app = Bound()
    token = app.sign_in()["access_token"]
    response = _userinfo(app, token, ath=_ath(token), nonce="never-issued")
    _challenge(response, "use_dpop_nonce")
    nonce = response.headers["dpop-nonce"]
    assert _userinfo(app, token, ath=_ath(token), nonce=nonce).status_code == 200


def test_clients_of_a_bound_app_come_with_one_key() -> None:
    fake = FakeOkta()
    app = fake.add_client(dpop_bound_access_tokens=True)
    code = fake.authorize(CALLBACK, client_id=app.client_id)
    with fake.client(client_id=app.client_id) as okta:
        tokens = okta.token_for_code(code, CALLBACK)
    with fake.client(client_id=app.client_id) as okta:
        refreshed = okta.token_for_refresh_token(tokens.refresh_token or "")
    assert refreshed.token_type == "DPoP"
