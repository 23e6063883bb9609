"""FakeOkta: token exchange in each of Okta's flavours."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import httpx
import pytest
from okta_oidc.testing import FakeClient, FakeOkta

from .fake_wire import CALLBACK, Wire, assert_oauth_error, members

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
IETF = "urn:ietf:params:oauth:token-type:"
OKTA = "urn:okta:params:oauth:token-type:"
ACCESS, ID, JAG = IETF + "access_token", IETF + "id_token", IETF + "id-jag"
DEVICE_SECRET = "urn:x-oath:params:oauth:token-type:device-secret"
STS, VAULT, ACCOUNT = OKTA + "oauth-sts", OKTA + "vaulted-secret", OKTA + "service-account"
RESOURCE = "orn:okta:app:calendar"


def _claims(jwt: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(jwt.split(".")[1] + "=="))
    return decoded


def _exchange(
    wire: Wire, server: str | None = "default", **parameters: str | None
) -> httpx.Response:
    sent = {name: value for name, value in parameters.items() if value is not None}
    return wire.post("token", {"grant_type": EXCHANGE, **sent}, server=server)


# On behalf of


def _on_behalf_of(wire: Wire, token: str, **change: str | None) -> httpx.Response:
    parameters: dict[str, str | None] = {
        "subject_token": token,
        "subject_token_type": ACCESS,
        "audience": "api://default",
        "scope": "api:read",
    }
    return _exchange(wire, **{**parameters, **change})


def test_an_api_acts_on_behalf_of_the_user() -> None:
    fake = FakeOkta()
    service = fake.add_client()
    user = Wire(fake).sign_in("openid api:read", auth_age=60)["access_token"]
    response = _on_behalf_of(Wire(fake, service), user)
    answer = members(response)
    assert answer["token_type"] == "Bearer"
    assert answer["issued_token_type"] == ACCESS
    assert answer["scope"] == "api:read"
    assert not {"refresh_token", "id_token"} & set(answer)
    claims = _claims(answer["access_token"])
    assert (claims["cid"], claims["uid"]) == (service.client_id, fake.user.user_id)
    assert claims["auth_time"] == _claims(user)["auth_time"]
    assert Wire(fake, service).is_active(answer["access_token"])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"audience": None}, "invalid_target"),
        ({"audience": "api://other"}, "invalid_target"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "api:read offline_access"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"subject_token": "unknown"}, "invalid_request"),
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token_type": ID}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"requested_token_type": JAG}, "invalid_request"),
        ({"requested_token_type": "nonsense"}, "invalid_request"),
    ],
    ids=str,
)
def test_an_exchange_that_is_not_sound(change: dict[str, str | None], error: str) -> None:
    wire = Wire(FakeOkta())
    user = wire.sign_in("openid api:read")["access_token"]
    assert_oauth_error(_on_behalf_of(wire, user, **change), 400, error)


def test_only_an_active_access_token_of_a_user_will_do() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = wire.sign_in("openid offline_access api:read")
    grant = {"grant_type": "client_credentials", "scope": "api:read"}
    service = members(wire.post("token", grant))["access_token"]
    for token in (service, answer["id_token"], answer["refresh_token"]):
        assert_oauth_error(_on_behalf_of(wire, token), 400, "invalid_request")
    assert _on_behalf_of(wire, answer["access_token"]).status_code == 200
    fake.clock.advance(3600)
    response = _on_behalf_of(wire, answer["access_token"])
    assert_oauth_error(response, 400, "invalid_request")


def test_a_server_exchanges_tokens_of_servers_it_trusts() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.add_authorization_server("ausOther", scopes=["api:read"])
    user = wire.sign_in("openid api:read", server="ausOther")["access_token"]
    assert_oauth_error(_on_behalf_of(wire, user), 400, "invalid_request")
    fake.add_authorization_server("default", audience="api://default", trusted=["ausOther"])
    assert _on_behalf_of(wire, user).status_code == 200


def test_the_org_server_makes_no_access_tokens_by_exchange() -> None:
    wire = Wire(FakeOkta())
    user = wire.sign_in("openid", server=None)["access_token"]
    response = _exchange(wire, None, subject_token=user, subject_token_type=ACCESS)
    assert_oauth_error(response, 400, "invalid_request")


# Native SSO


def _native_sso(
    wire: Wire, first: dict[str, Any], server: str | None = "default", **change: str | None
) -> httpx.Response:
    parameters: dict[str, str | None] = {
        "subject_token": first["id_token"],
        "subject_token_type": ID,
        "actor_token": first["device_secret"],
        "actor_token_type": DEVICE_SECRET,
        "audience": "api://default",
        "scope": "openid offline_access",
    }
    return _exchange(wire, server, **{**parameters, **change})


SSO = "openid offline_access device_sso"


def test_a_second_app_of_the_device_signs_in_without_a_browser() -> None:
    fake = FakeOkta()
    first = Wire(fake).sign_in(SSO)
    assert _claims(first["id_token"])["sid"]
    assert _claims(first["id_token"])["ds_hash"]
    app = Wire(fake, fake.add_client())
    # The ID token may well have expired by then.
    fake.clock.advance(7200)
    answer = members(_native_sso(app, first))
    assert {"access_token", "id_token", "refresh_token"} <= set(answer)
    assert "device_secret" not in answer
    assert _claims(answer["id_token"])["sid"] == _claims(first["id_token"])["sid"]
    assert _claims(answer["id_token"])["sub"] == fake.user.user_id
    assert app.is_active(answer["refresh_token"])


def test_a_refreshed_id_token_still_speaks_for_the_session() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first = wire.sign_in(SSO)
    fresh = members(wire.refresh(first["refresh_token"]))
    assert "device_secret" not in fresh
    assert _native_sso(wire, {**first, "id_token": fresh["id_token"]}).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"actor_token": "unknown"}, "invalid_request"),
        ({"actor_token": None}, "invalid_request"),
        ({"actor_token_type": ACCESS}, "invalid_request"),
        ({"subject_token_type": ACCESS}, "invalid_request"),
        ({"subject_token": "unknown"}, "invalid_request"),
        ({"audience": None}, "invalid_target"),
        ({"scope": "nothing"}, "invalid_scope"),
    ],
    ids=str,
)
def test_native_sso_that_is_not_sound(change: dict[str, str | None], error: str) -> None:
    wire = Wire(FakeOkta())
    assert_oauth_error(_native_sso(wire, wire.sign_in(SSO), **change), 400, error)


def test_id_token_and_device_secret_are_of_one_session() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    one, two = wire.sign_in(SSO), wire.sign_in(SSO)
    # A refreshed ID token no longer says which secret it belongs to.
    fresh = members(wire.refresh(one["refresh_token"]))
    for identity in (one, fresh):
        mixed = {"id_token": identity["id_token"], "device_secret": two["device_secret"]}
        assert_oauth_error(_native_sso(wire, mixed), 400, "invalid_request")
    elsewhere = wire.sign_in(SSO, server=None)
    assert_oauth_error(_native_sso(wire, elsewhere), 400, "invalid_request")


def test_a_device_secret_can_be_introspected_and_ends_all_its_apps() -> None:
    fake = FakeOkta()
    wire, second = Wire(fake), Wire(fake, fake.add_client())
    first = wire.sign_in(SSO)
    other = members(_native_sso(second, first))
    info = wire.introspect(first["device_secret"], token_type_hint="device_secret")
    assert info["token_type"] == DEVICE_SECRET
    assert info["sid"] == _claims(first["id_token"])["sid"]
    assert info["exp"] > fake.clock.now()
    assert not second.is_active(first["device_secret"])
    bystander = wire.sign_in(SSO)
    wire.revoke(first["device_secret"])
    for token in (first["access_token"], first["refresh_token"], first["device_secret"]):
        assert not wire.is_active(token)
    assert not second.is_active(other["refresh_token"])
    assert wire.is_active(bystander["access_token"])
    assert_oauth_error(_native_sso(second, first), 400, "invalid_request")


def test_a_logout_may_end_the_device_session() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first = wire.sign_in(SSO)
    secret = str(httpx.QueryParams({"device_secret": first["device_secret"]}))
    fake.visit(f"{wire.url('logout')}?id_token_hint={first['id_token']}&{secret}")
    assert not wire.is_active(first["refresh_token"])


# At the org server


def _at_org(wire: Wire, **parameters: str | None) -> httpx.Response:
    return _exchange(wire, None, **parameters)


def _identity(wire: Wire, username: str | None = None) -> dict[str, Any]:
    return wire.sign_in("openid", server=None, username=username)


def _short_lived(answer: dict[str, Any], issued: str) -> None:
    assert (answer["token_type"], answer["expires_in"]) == ("N_A", 300)
    assert answer["issued_token_type"] == issued
    assert "scope" not in answer


def test_a_native_app_opens_a_web_app() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    web = fake.add_client()
    first = _identity(wire)
    parameters: dict[str, str | None] = {
        "subject_token": first["id_token"],
        "subject_token_type": ID,
        "actor_token": first["access_token"],
        "actor_token_type": ACCESS,
        "requested_token_type": OKTA + "interclient_token",
        "audience": f"urn:okta:apps:{web.client_id}",
    }
    answer = members(_at_org(wire, **parameters))
    _short_lived(answer, OKTA + "interclient_token")
    assert answer["access_token"]
    fake.add_user("grace@example.com")
    for change, error in (
        ({"audience": "urn:okta:apps:0oaNobody"}, "invalid_target"),
        ({"audience": web.client_id}, "invalid_target"),
        ({"audience": None}, "invalid_target"),
        ({"actor_token": "unknown"}, "invalid_request"),
        ({"actor_token_type": ID}, "invalid_request"),
        ({"actor_token": _identity(wire, "grace@example.com")["access_token"]}, "invalid_request"),
    ):
        assert_oauth_error(_at_org(wire, **{**parameters, **change}), 400, error)


def _jag(wire: Wire, **change: str | None) -> httpx.Response:
    parameters: dict[str, str | None] = {
        "subject_token": _identity(wire)["id_token"],
        "subject_token_type": ID,
        "requested_token_type": JAG,
        "audience": wire.fake.issuer(),
        "scope": "api:read",
    }
    return _at_org(wire, **{**parameters, **change})


def _redeem(wire: Wire, jag: str, server: str = "default", **more: str) -> httpx.Response:
    grant = {"grant_type": JWT_BEARER, "assertion": jag, **more}
    return wire.post("token", grant, server=server)


def test_an_agent_takes_a_users_identity_to_another_server() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = members(_jag(wire, resource="https://api.example"))
    _short_lived(answer, JAG)
    header = json.loads(urlsafe_b64decode(answer["access_token"].split(".")[0] + "=="))
    assert header["typ"] == "oauth-id-jag+jwt"
    claims = _claims(answer["access_token"])
    assert (claims["iss"], claims["aud"]) == (fake.url, fake.issuer())
    assert (claims["sub"], claims["client_id"]) == (fake.user.user_id, fake.client_id)
    assert (claims["scope"], claims["resource"]) == ("api:read", "https://api.example")
    redeemed = members(_redeem(wire, answer["access_token"]))
    assert (redeemed["token_type"], redeemed["scope"]) == ("Bearer", "api:read")
    assert not {"refresh_token", "id_token"} & set(redeemed)
    assert _claims(redeemed["access_token"])["uid"] == fake.user.user_id
    assert_oauth_error(_redeem(wire, answer["access_token"]), 400, "invalid_grant")


def test_an_access_token_speaks_for_the_user_as_well() -> None:
    wire = Wire(FakeOkta())
    token = _identity(wire)["access_token"]
    response = _jag(wire, subject_token=token, subject_token_type=ACCESS)
    assert _redeem(wire, members(response)["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"audience": None}, "invalid_target"),
        ({"audience": "https://fake.okta.test"}, "invalid_target"),
        ({"audience": "api://default"}, "invalid_target"),
        ({"scope": "nothing"}, "invalid_scope"),
        ({"subject_token": "unknown"}, "invalid_request"),
        ({"subject_token_type": ACCESS}, "invalid_request"),
    ],
    ids=str,
)
def test_an_identity_assertion_that_cannot_be(change: dict[str, str | None], error: str) -> None:
    assert_oauth_error(_jag(Wire(FakeOkta()), **change), 400, error)


def test_an_identity_assertion_is_its_clients_its_servers_and_short() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.add_authorization_server("ausOther")
    jag = members(_jag(wire))["access_token"]
    assert_oauth_error(_redeem(Wire(fake, fake.add_client()), jag), 400, "invalid_grant")
    assert_oauth_error(_redeem(wire, jag, "ausOther"), 400, "invalid_grant")
    assert_oauth_error(_redeem(wire, jag, scope="api:read"), 400, "invalid_request")
    assert_oauth_error(_redeem(wire, "unknown"), 400, "invalid_grant")
    fake.clock.advance(299)
    assert _redeem(wire, jag).status_code == 200
    jag = members(_jag(wire))["access_token"]
    fake.clock.advance(300)
    assert_oauth_error(_redeem(wire, jag), 400, "invalid_grant")


def _for_resource(wire: Wire, kind: str, **change: str | None) -> httpx.Response:
    parameters: dict[str, str | None] = {
        "subject_token": _identity(wire)["id_token"],
        "subject_token_type": ID,
        "requested_token_type": kind,
        "resource": RESOURCE,
    }
    return _at_org(wire, **{**parameters, **change})


def test_another_services_token_needs_an_account_there_first() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.add_resource(RESOURCE, scopes=["events.read", "events.write"])
    response = _for_resource(wire, STS)
    assert_oauth_error(response, 400, "interaction_required")
    address = members(response)["interaction_uri"]
    assert members(_for_resource(wire, STS))["interaction_uri"] == address
    fake.approve(address)
    answer = members(_for_resource(wire, STS))
    assert answer["token_type"] == "Bearer"
    assert answer["issued_token_type"] == STS
    assert answer["scope"] == "events.read events.write"
    assert members(_for_resource(wire, STS, scope="events.read"))["scope"] == "events.read"
    assert_oauth_error(_for_resource(wire, STS, scope="mail"), 400, "invalid_scope")


def test_each_user_connects_an_account_of_their_own() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.add_user("grace@example.com")
    fake.add_resource(RESOURCE)
    fake.approve(members(_for_resource(wire, STS))["interaction_uri"])
    assert _for_resource(wire, STS).status_code == 200
    hers = _identity(wire, "grace@example.com")["id_token"]
    response = _for_resource(wire, STS, subject_token=hers)
    assert_oauth_error(response, 400, "interaction_required")
    fake.deny(members(response)["interaction_uri"])
    assert_oauth_error(_for_resource(wire, STS, subject_token=hers), 400, "access_denied")


def test_secrets_and_accounts_come_without_an_access_token() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.add_resource(
        RESOURCE,
        vaulted_secret={"api_key": "k"},
        service_account={"username": "u", "password": "p"},
    )
    answer = members(_for_resource(wire, VAULT))
    _short_lived(answer, VAULT)
    assert answer["vaulted_secret"] == {"api_key": "k"}
    assert "access_token" not in answer
    answer = members(_for_resource(wire, ACCOUNT))
    _short_lived(answer, ACCOUNT)
    assert answer["service_account"] == {"username": "u", "password": "p"}
    assert "access_token" not in answer


@pytest.mark.parametrize("kind", [STS, VAULT, ACCOUNT])
def test_a_resource_has_to_be_known_and_to_have_what_is_asked_for(kind: str) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    for change in ({}, {"resource": None}):
        assert_oauth_error(_for_resource(wire, kind, **change), 400, "invalid_target")
    fake.add_resource(RESOURCE)
    error = "interaction_required" if kind == STS else "invalid_target"
    assert_oauth_error(_for_resource(wire, kind), 400, error)
    access = _identity(wire)["access_token"]
    response = _for_resource(wire, kind, subject_token=access, subject_token_type=ACCESS)
    assert_oauth_error(response, 400, "invalid_request")


def test_nothing_is_exchanged_for_a_suspended_user() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first, token = wire.sign_in(SSO), _identity(wire)["id_token"]
    fake.suspend_user(fake.user.username)
    assert_oauth_error(_native_sso(wire, first), 400, "invalid_request")
    response = _at_org(
        wire,
        subject_token=token,
        subject_token_type=ID,
        requested_token_type=JAG,
        audience=fake.issuer(),
    )
    assert_oauth_error(response, 400, "invalid_request")


def test_an_exchange_needs_the_grant() -> None:
    fake = FakeOkta()
    app: FakeClient = fake.add_client(grant_types=["authorization_code"])
    wire = Wire(fake, app)
    fake.authorize(CALLBACK, scope="openid", client_id=app.client_id)
    assert_oauth_error(_on_behalf_of(wire, "t"), 400, "unauthorized_client")
    assert_oauth_error(_redeem(wire, "t"), 400, "unauthorized_client")


def test_no_secret_of_a_resource_shows() -> None:
    fake = FakeOkta()
    resource = fake.add_resource(RESOURCE, vaulted_secret={"api_key": "planted-secret"})
    assert "planted-secret" not in repr([resource, vars(fake)["_state"].resources])
