"""FakeOkta: clients that prove themselves by a JWT."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from okta_oidc import ConfigurationError
from okta_oidc.testing import FakeClock, FakeOkta

from .fake_keys import (
    JWT_BEARER,
    KEYS,
    OTHER_RSA,
    P256,
    P384,
    RSA,
    SERVICE,
    Key,
    asserted,
    assertion,
    with_assertion,
    without_joserfc,
)
from .fake_wire import Wire, assert_oauth_error, assert_okta_error, basic, members

HOUR = 3600
SECRET = "a-secret-of-thirty-two-characters!"


@pytest.mark.parametrize("alg", KEYS)
@pytest.mark.parametrize("server", ["default", None], ids=["custom", "org"])
@pytest.mark.parametrize(
    ("endpoint", "parameters"),
    [("token", SERVICE), ("introspect", {"token": "t"}), ("revoke", {"token": "t"})],
)
def test_a_key_of_each_algorithm_opens_each_endpoint(
    alg: str, server: str | None, endpoint: str, parameters: Mapping[str, str]
) -> None:
    fake = FakeOkta()
    key = KEYS[alg]
    client = fake.add_client(auth_method="private_key_jwt", keys=key.as_dict(private=False))
    if endpoint == "token" and server is None:
        parameters = {**SERVICE, "scope": "okta.users.read"}
    response = asserted(fake, client, key, parameters, endpoint=endpoint, server=server, alg=alg)
    assert response.status_code == 200
    assert fake.requests[-1].auth_method == "private_key_jwt"
    assert fake.requests[-1].client_id == client.client_id


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_a_secret_signs_too(alg: str) -> None:
    fake = FakeOkta()
    client = fake.add_client(client_secret=SECRET, auth_method="client_secret_jwt")
    assert asserted(fake, client, OctKey.import_key(SECRET), alg=alg).status_code == 200
    assert fake.requests[-1].auth_method == "client_secret_jwt"
    wrong = OctKey.import_key(SECRET[::-1])
    assert_oauth_error(asserted(fake, client, wrong, alg=alg), 401, "invalid_client")


def _pem(key: RSAKey | ECKey, *, private: bool) -> str:
    return key.as_pem(private=private).decode()


@pytest.mark.parametrize("key", [RSA, P256], ids=["RSA", "EC"])
@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
@pytest.mark.parametrize("form", ["pem", "bytes", "jwk", "jwks", "object", "joserfc", "list"])
def test_keys_come_in_every_form(key: RSAKey | ECKey, private: bool, form: str) -> None:
    forms: dict[str, Any] = {
        "pem": _pem(key, private=private),
        "bytes": key.as_pem(private=private),
        "jwk": key.as_dict(private=private),
        "jwks": {"keys": [key.as_dict(private=private)]},
        "object": key.private_key if private else key.public_key,
        "joserfc": key,
        "list": [{**key.as_dict(private=private), "kid": "mine"}, OTHER_RSA.public_key],
    }
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt", keys=forms[form])
    alg = "RS256" if key is RSA else "ES256"
    kid = "mine" if form == "list" else None
    assert asserted(fake, client, key, alg=alg, kid=kid).status_code == 200


def test_a_key_is_made_where_none_is_given() -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt")
    key, kid = ECKey.import_key(client.private_key), client.private_key["kid"]
    assert asserted(fake, client, key, alg="ES256", kid=kid).status_code == 200
    assert client.private_key["d"] not in repr(client)
    assert client.client_secret is None
    other = fake.add_client(auth_method="private_key_jwt")
    assert other.private_key["d"] != client.private_key["d"]


@pytest.mark.parametrize(
    "keys",
    ["no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", 7, {"kty": "oct"}],
)
def test_what_is_no_key_cannot_be_registered(keys: object) -> None:
    with pytest.raises(ValueError, match="key"):
        FakeOkta().add_client(auth_method="private_key_jwt", keys=keys)


def test_credentials_belong_to_their_method() -> None:
    fake = FakeOkta()
    public = RSA.as_dict(private=False)
    with pytest.raises(ValueError, match="private_key_jwt"):
        fake.add_client(keys=public)
    with pytest.raises(ValueError, match="no secret"):
        fake.add_client(client_secret="s", auth_method="private_key_jwt", keys=public)
    with pytest.raises(ValueError, match="32"):
        fake.add_client(client_secret="s" * 31, auth_method="client_secret_jwt")


def _refused(**changes: Any) -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    assert asserted(fake, client, RSA).status_code == 200
    assert_oauth_error(asserted(fake, client, RSA, **changes), 401, "invalid_client")


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp"])
def test_every_needed_claim_is_needed(claim: str) -> None:
    _refused(**{claim: None})


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "somebody-else"),
        ("iss", 7),
        ("aud", "https://fake.okta.test"),
        ("aud", "https://fake.okta.test/oauth2/default"),
        ("aud", "https://fake.okta.test/oauth2/v1/token"),
        ("aud", "https://fake.okta.test/oauth2/default/v1/introspect"),
        ("aud", "https://fake.okta.test/oauth2/default/v1/token/"),
        ("aud", "http://fake.okta.test/oauth2/default/v1/token"),
        ("aud", []),
        ("aud", 7),
        ("exp", "soon"),
        ("exp", True),
        ("exp", 4_000_000_000.5),
        ("exp", -1),
        ("exp", 4_000_000_000),
        ("iat", 4_000_000_000),
        ("iat", "now"),
    ],
)
def test_a_claim_that_is_not_right_is_invalid_client(claim: str, value: object) -> None:
    _refused(**{claim: value})


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("aud", ["https://elsewhere.test", "https://fake.okta.test/oauth2/default/v1/token"]),
        ("exp", int(time.time()) + HOUR - 60),
        ("iat", int(time.time()) - HOUR),
        ("jti", None),
        ("nbf", int(time.time()) + 60),
    ],
    ids=["aud", "exp", "iat", "jti", "nbf"],
)
def test_a_claim_that_okta_takes_is_taken(claim: str, value: Any) -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    for _ in range(2):
        assert asserted(fake, client, RSA, **{claim: value}).status_code == 200


@pytest.mark.parametrize(
    ("key", "alg"),
    [(OTHER_RSA, "RS256"), (P256, "ES256"), (OctKey.import_key(SECRET), "HS256")],
    ids=["key", "kind", "secret"],
)
def test_only_the_registered_key_will_do(key: Key, alg: str) -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    assert_oauth_error(asserted(fake, client, key, alg=alg), 401, "invalid_client")


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    # The old confusion: HS256 with what everybody knows.
    fake = FakeOkta()
    jwk = RSA.as_dict(private=False)
    client = fake.add_client(auth_method="private_key_jwt", keys=jwk)
    key = OctKey.import_key(json.dumps(jwk))
    assert_oauth_error(asserted(fake, client, key, alg="HS256"), 401, "invalid_client")


def test_several_keys_are_told_apart_by_their_names() -> None:
    fake = FakeOkta()
    keys = [
        {**RSA.as_dict(private=False), "kid": "old"},
        {**OTHER_RSA.as_dict(private=False), "kid": "new"},
        {**P384.as_dict(private=False), "kid": "curve"},
    ]
    client = fake.add_client(auth_method="private_key_jwt", keys=keys)
    assert asserted(fake, client, RSA, kid="old").status_code == 200
    assert asserted(fake, client, OTHER_RSA, kid="new").status_code == 200
    assert asserted(fake, client, P384, alg="ES384").status_code == 200
    for key, kid in ((RSA, "new"), (OTHER_RSA, "old"), (RSA, "third"), (RSA, None)):
        response = asserted(fake, client, key, kid=kid)
        assert_oauth_error(response, 401, "invalid_client")


def test_an_assertion_is_good_for_one_request_even_if_that_fails() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    jwt = assertion(client, wire.url("token"), RSA)
    assert with_assertion(wire, jwt).status_code == 200
    assert_oauth_error(with_assertion(wire, jwt), 401, "invalid_client")
    jwt = assertion(client, wire.url("token"), RSA)
    response = with_assertion(wire, jwt, {**SERVICE, "scope": "nobody:knows"})
    assert_oauth_error(response, 400, "invalid_scope")
    assert_oauth_error(with_assertion(wire, jwt), 401, "invalid_client")


@pytest.mark.parametrize("how", ["planned", "counted"])
def test_a_refusal_for_the_limit_uses_the_assertion_up(how: str) -> None:
    fake = FakeOkta(rate_limit=1)
    wire = Wire(fake)
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    if how == "planned":
        fake.faults.rate_limited()
    else:
        assert asserted(fake, client, RSA).status_code == 200
    jwt = assertion(client, wire.url("token"), RSA)
    assert with_assertion(wire, jwt).status_code == 429
    fake.clock.advance(60)
    assert_oauth_error(with_assertion(wire, jwt), 401, "invalid_client")


def test_a_request_that_never_came_uses_nothing_up() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    jwt = assertion(client, wire.url("token"), RSA)
    fake.faults.disconnect()
    with pytest.raises(httpx.RemoteProtocolError):
        with_assertion(wire, jwt)
    assert with_assertion(wire, jwt).status_code == 200


def test_two_methods_at_once_are_401_invalid_request() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    proof = {
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion(client, wire.url("token"), RSA),
    }
    header = {"Authorization": basic(fake.client_id, fake.client_secret)}
    assert_oauth_error(
        wire.form("token", {**SERVICE, **proof}, headers=header), 401, "invalid_request"
    )
    response = wire.form("token", {**SERVICE, **proof, "client_secret": "s"})
    assert_oauth_error(response, 401, "invalid_request")


def test_an_id_beside_the_assertion_is_tolerated_if_it_is_the_same() -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    named = {**SERVICE, "client_id": client.client_id}
    assert asserted(fake, client, RSA, named).status_code == 200
    other = {**SERVICE, "client_id": fake.client_id}
    assert_oauth_error(asserted(fake, client, RSA, other), 401, "invalid_client")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_client_of_another_method_has_no_assertions(method: Any) -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method=method)
    for key, alg in ((RSA, "RS256"), (OctKey.import_key(client.client_secret or SECRET), "HS256")):
        response = asserted(fake, client, key, alg=alg)
        assert_oauth_error(response, 401, "invalid_client")
        assert "another authentication method" in members(response)["error_description"]


def test_a_client_with_a_key_has_no_other_way_in() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    for parameters in ({"client_id": client.client_id}, {"client_secret": "s"}):
        response = wire.form("token", {**SERVICE, "client_id": client.client_id, **parameters})
        assert_oauth_error(response, 401, "invalid_client")


def test_an_unknown_client_comes_in_oktas_shape() -> None:
    fake, other = FakeOkta(), FakeOkta()
    stranger = other.add_client(auth_method="private_key_jwt", keys=RSA)
    assert_okta_error(asserted(fake, stranger, RSA), 401, "invalid_client")


@pytest.mark.parametrize("jwt", ["a.b.c", "not-a-jwt", "e30.e30.e30", "..", "a.b.c.d.e"])
def test_what_is_no_jwt_is_invalid_client(jwt: str) -> None:
    wire = Wire(FakeOkta())
    assert_oauth_error(with_assertion(wire, jwt), 401, "invalid_client")
    assert wire.fake.requests[-1].auth_method == "client_assertion"
    assert wire.fake.requests[-1].client_id is None


def test_the_audience_is_the_url_as_called() -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    with fake.serve() as server:
        own = f"{server.url}/oauth2/default/v1/token"
        assert asserted(fake, client, RSA, aud=own).status_code == 200
        by_name = f"http://localhost:{server.port}/oauth2/default/v1/token"
        jwt = assertion(client, by_name, RSA)
        form = {**SERVICE, "client_assertion_type": JWT_BEARER, "client_assertion": jwt}
        with httpx.Client() as http:
            assert http.post(by_name, data=form).status_code == 200


@pytest.mark.parametrize("moved", [10 * HOUR, 0], ids=["moved", "standing"])
def test_a_client_may_live_on_the_machines_clock_or_on_the_fakes(moved: int) -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    fake.clock.advance(moved)
    assert asserted(fake, client, RSA).status_code == 200
    on_the_fakes = int(fake.clock.now()) + 300
    assert asserted(fake, client, RSA, exp=on_the_fakes).status_code == 200
    past_both = int(min(fake.clock.now(), time.time())) - 1
    assert_oauth_error(asserted(fake, client, RSA, exp=past_both), 401, "invalid_client")


def test_a_clock_of_another_year_goes_with_clients_of_today() -> None:
    fake = FakeOkta(clock=FakeClock(1_700_000_000))
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    assert asserted(fake, client, RSA).status_code == 200
    assert asserted(fake, client, RSA, exp=1_700_000_300).status_code == 200
    assert_oauth_error(asserted(fake, client, RSA, exp=1_700_010_000), 401, "invalid_client")


def test_services_get_tokens_of_the_org_server_by_a_key_alone() -> None:
    fake = FakeOkta()
    client = fake.add_client(auth_method="private_key_jwt", keys=RSA)
    service = {**SERVICE, "scope": "okta.users.read okta.groups.read"}
    answer = members(asserted(fake, client, RSA, service, server=None))
    assert answer["scope"] == "okta.groups.read okta.users.read"
    secret = fake.add_client(client_secret=SECRET, auth_method="client_secret_jwt")
    response = asserted(fake, secret, OctKey.import_key(SECRET), service, server=None, alg="HS256")
    assert_oauth_error(response, 401, "invalid_client")


@pytest.mark.parametrize(
    "options",
    [
        {"auth_method": "private_key_jwt"},
        {"auth_method": "client_secret_jwt"},
        {"dpop_bound_access_tokens": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_without_joserfc_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    without_joserfc(monkeypatch)
    fake = FakeOkta()
    with pytest.raises(ConfigurationError, match=r"okta-oidc\[jwt\]"):
        fake.add_client(**options)
    response = with_assertion(Wire(fake), "a.b.c")
    assert_oauth_error(response, 401, "invalid_client")


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt", "none"])
def test_clients_of_every_method_come_wired(method: Any) -> None:
    fake = FakeOkta()
    app = fake.add_client(auth_method=method)
    with fake.client(client_id=app.client_id) as okta:
        for _ in range(2):
            assert not okta.introspect("token")
    assert {request.auth_method for request in fake.requests} == {method}
