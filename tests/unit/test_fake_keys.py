"""FakeOkta: signatures that hold, the keys they are checked by, and what metadata say."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import httpx
import pytest
from joserfc import jwk, jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.util import urlsafe_b64encode
from okta_oidc import ORG
from okta_oidc.testing import FakeClock, FakeOkta

from .fake_keys import without_joserfc
from .fake_wire import CALLBACK, Wire, assert_okta_error, members

SERVERS = pytest.mark.parametrize("server", ["default", None], ids=["custom", "org"])


def _keys(wire: Wire, server: str | None = "default") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = members(wire.get("keys", server=server))["keys"]
    return found


def _verified(wire: Wire, token: str, server: str | None = "default") -> Mapping[str, Any]:
    ring = jwk.KeySet([jwk.RSAKey.import_key(key) for key in _keys(wire, server)])
    return jwt.decode(token, ring, algorithms=["RS256"]).claims


def _part(token: str, index: int) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[index] + "=="))
    return decoded


def _half_hash(token: str) -> str:
    return urlsafe_b64encode(sha256(token.encode()).digest()[:16]).decode()


# Signatures


@SERVERS
def test_id_and_access_tokens_verify_against_the_published_keys(server: str | None) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = wire.sign_in(server=server, nonce="n")
    identity = _verified(wire, answer["id_token"], server)
    assert identity["iss"] == fake.issuer(ORG if server is None else server)
    assert identity["nonce"] == "n"
    assert identity["at_hash"] == _half_hash(answer["access_token"])
    assert identity["amr"] == ["pwd"]
    assert identity["auth_time"] == identity["iat"]
    assert "azp" not in identity
    assert _verified(wire, answer["access_token"], server)["cid"] == fake.client_id


def test_a_services_token_verifies_too() -> None:
    wire = Wire(FakeOkta())
    grant = {"grant_type": "client_credentials", "scope": "api:read"}
    token = members(wire.post("token", grant))["access_token"]
    assert _verified(wire, token)["sub"] == wire.fake.client_id


def test_an_altered_token_does_not_verify() -> None:
    wire = Wire(FakeOkta())
    header, payload, signature = wire.sign_in()["id_token"].split(".")
    other = wire.sign_in()["id_token"].split(".")[1]
    assert payload != other
    with pytest.raises(BadSignatureError):
        _verified(wire, f"{header}.{other}.{signature}")


def test_servers_and_fakes_have_keys_of_their_own() -> None:
    fake = FakeOkta()
    fake.add_authorization_server("ausOther")
    wire = Wire(fake)
    kids = {
        _part(wire.sign_in(server=server)["id_token"], 0)["kid"]
        for server in ("default", "ausOther", None)
    }
    assert len(kids) == 3
    numbers = {_keys(Wire(each))[0]["n"] for each in (FakeOkta(), FakeOkta())}
    assert len(numbers) == 2
    with pytest.raises(InvalidKeyIdError):
        _verified(wire, wire.sign_in(server="ausOther")["id_token"])


def test_published_keys_hold_nothing_private() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    wire.sign_in()
    (key,) = _keys(wire)
    assert set(key) == {"kty", "n", "e", "alg", "kid", "use"}
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    # 2048 bits, which verifiers ask for.
    assert len(urlsafe_b64decode(key["n"] + "==")) == 256
    shown = repr(vars(fake)["_state"])
    assert "PRIVATE" not in shown
    assert "RSAPrivateKey object" not in shown


# Rotation


def test_a_new_key_signs_and_the_old_ones_still_verify() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first = wire.sign_in()["id_token"]
    kid = fake.rotate_keys()
    second = wire.sign_in()["id_token"]
    assert _part(second, 0)["kid"] == kid != _part(first, 0)["kid"]
    keys = _keys(wire)
    assert [key["kid"] for key in keys] == [kid, _part(first, 0)["kid"]]
    assert keys[0]["n"] != keys[1]["n"]
    assert _verified(wire, first)["sub"] == _verified(wire, second)["sub"]


def test_a_new_key_is_never_one_that_is_still_published() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    wire.sign_in()
    for _ in range(8):
        for _ in range(3):
            Wire(FakeOkta()).sign_in()
        fake.rotate_keys()
        assert len({key["n"] for key in _keys(wire)}) == len(_keys(wire))


def test_no_more_than_three_are_published() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first = wire.sign_in()["id_token"]
    kids = [fake.rotate_keys() for _ in range(6)]
    assert [key["kid"] for key in _keys(wire)] == kids[:-4:-1]
    assert len({key["n"] for key in _keys(wire)}) == 3
    with pytest.raises(InvalidKeyIdError):
        _verified(wire, first)


def test_keys_can_be_retired_at_once() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first = wire.sign_in()["id_token"]
    kid = fake.rotate_keys(retire=True)
    assert [key["kid"] for key in _keys(wire)] == [kid]
    with pytest.raises(InvalidKeyIdError):
        _verified(wire, first)
    # It is the signature that cannot be checked: the token is as active as before.
    assert wire.is_active(first)


def test_each_server_rotates_by_itself() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    before = _keys(wire)
    fake.rotate_keys(ORG)
    assert _keys(wire) == before
    assert len(_keys(wire, None)) == 2
    with pytest.raises(LookupError):
        fake.rotate_keys("ausNobody")


# Keys over the wire


@pytest.mark.parametrize(("seconds", "options"), [(3_832_304, {}), (60, {"keys_max_age": 60})])
def test_keys_say_how_long_they_may_be_kept(seconds: int, options: dict[str, Any]) -> None:
    response = Wire(FakeOkta(**options)).get("keys")
    assert response.headers.get_list("cache-control") == [f"max-age={seconds}, must-revalidate"]
    assert "pragma" not in response.headers


def test_keys_and_metadata_are_not_metered() -> None:
    fake = FakeOkta(rate_limit=1)
    wire = Wire(fake)
    assert wire.revoke("t").status_code == 200
    for response in (
        *(wire.get("keys") for _ in range(3)),
        *(wire.well_known("openid-configuration") for _ in range(3)),
    ):
        assert response.status_code == 200
        assert "x-rate-limit-limit" not in response.headers
    assert wire.revoke("t").status_code == 429


def test_the_org_server_knows_its_clients_at_keys_and_the_others_do_not_look() -> None:
    wire = Wire(FakeOkta())
    assert wire.get("keys", {"client_id": wire.fake.client_id}, server=None).status_code == 200
    response = wire.get("keys", {"client_id": "0oaNobody"}, server=None)
    assert_okta_error(response, 400, "invalid_client")
    assert wire.get("keys", {"client_id": "0oaNobody"}).status_code == 200


def test_planned_failures_strike_keys_and_metadata() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.faults.html(502, endpoint="keys")
    fake.faults.answer(200, body=b'{"keys":null}', endpoint="keys")
    fake.faults.disconnect(endpoint="openid-configuration")
    assert wire.revoke("t").status_code == 200
    assert wire.raw("GET", wire.url("keys"), documented=False).status_code == 502
    assert wire.raw("GET", wire.url("keys"), documented=False).content == b'{"keys":null}'
    assert wire.get("keys").status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        wire.well_known("openid-configuration")
    assert [request.endpoint for request in fake.requests if request.fault] == [
        "keys",
        "keys",
        "openid-configuration",
    ]


# Metadata


@SERVERS
@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_metadata_name_what_is_there(server: str | None, name: str) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    response = wire.well_known(name, server)
    found = members(response)
    assert response.headers["cache-control"].startswith("max-age=")
    assert found["issuer"] == fake.issuer(ORG if server is None else server)
    endpoints = {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "jwks_uri": "keys",
        "introspection_endpoint": "introspect",
        "revocation_endpoint": "revoke",
        "end_session_endpoint": "logout",
        "device_authorization_endpoint": "device/authorize",
        "pushed_authorization_request_endpoint": "par",
        "backchannel_authentication_endpoint": "bc/authorize",
    }
    if name == "openid-configuration":
        endpoints["userinfo_endpoint"] = "userinfo"
    assert {key: found.get(key) for key in endpoints} == {
        key: wire.url(endpoint, server) for key, endpoint in endpoints.items()
    }
    for url in endpoints:
        assert wire.raw("PATCH", found[url]).status_code == 405
    assert ("userinfo_endpoint" in found) == (name == "openid-configuration")
    assert ("id_token_signing_alg_values_supported" in found) == (name == "openid-configuration")
    assert "authorization_response_iss_parameter_supported" not in found


def test_the_form_of_rfc_8414_gives_the_same() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    rfc = wire.raw("GET", f"{fake.url}/.well-known/oauth-authorization-server/oauth2/default")
    assert members(rfc) == members(wire.well_known("oauth-authorization-server"))
    other = wire.raw("GET", f"{fake.url}/.well-known/openid-configuration/oauth2/default")
    assert_okta_error(other, 404, "E0000008")


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_metadata_of_nobody(name: str) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    assert_okta_error(wire.well_known(name, "ausNobody"), 404, "E0000007")
    url = f"{fake.url}/oauth2/default/.well-known/{name}?client_id="
    assert_okta_error(wire.raw("GET", url + "0oaNobody"), 400, "invalid_client")
    assert wire.raw("GET", url + fake.client_id).status_code == 200
    assert_okta_error(wire.raw("POST", url + fake.client_id), 405, "E0000022")


def test_the_issuer_may_have_another_host_than_the_org_is_called_by() -> None:
    fake = FakeOkta(url="https://login.example.com", issuer_url="https://org.okta.test")
    wire = Wire(fake)
    found = members(wire.well_known("openid-configuration"))
    assert found["issuer"] == fake.issuer() == "https://org.okta.test/oauth2/default"
    assert found["token_endpoint"] == "https://login.example.com/oauth2/default/v1/token"
    assert _verified(wire, wire.sign_in()["id_token"])["iss"] == fake.issuer()
    with fake.serve():
        assert fake.issuer() == "https://org.okta.test/oauth2/default"
    with pytest.raises(ValueError, match="URL"):
        FakeOkta(issuer_url="org.okta.test")


# Without joserfc


def test_without_joserfc_tokens_can_be_decoded_and_there_is_nothing_to_verify_them_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_joserfc(monkeypatch)
    fake = FakeOkta(clock=FakeClock(1_700_000_000))
    wire = Wire(fake)
    answer = wire.sign_in()
    assert _part(answer["id_token"], 0)["alg"] == "HS256"
    assert _part(answer["id_token"], 1)["iat"] == 1_700_000_000
    assert answer["id_token"].count(".") == 2
    assert wire.is_active(answer["access_token"])
    assert _keys(wire) == []
    kid = fake.rotate_keys()
    assert _part(wire.sign_in()["id_token"], 0)["kid"] == kid
    assert fake.authorize(CALLBACK)
