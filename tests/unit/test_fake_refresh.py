"""FakeOkta: refresh tokens, rotation and reuse; the grants without a browser."""

from __future__ import annotations

from typing import Any

import pytest
from okta_oidc.testing import FakeOkta

from .fake_wire import CALLBACK, Wire, assert_oauth_error, members

DAY = 86_400


def test_rotation_replaces_the_token_and_keeps_the_scopes() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first = wire.sign_in("openid offline_access api:read")
    second = members(wire.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert second["scope"] == first["scope"]
    assert "id_token" in second
    assert wire.is_active(first["access_token"])


def test_static_tokens_stay_the_same() -> None:
    wire = Wire(FakeOkta(rotation="STATIC"))
    token = wire.sign_in()["refresh_token"]
    for _ in range(3):
        wire.fake.clock.advance(1000)
        assert members(wire.refresh(token))["refresh_token"] == token


def test_rotation_is_the_apps_setting() -> None:
    fake = FakeOkta(rotation="STATIC")
    wire = Wire(fake, fake.add_client(rotation="ROTATE"))
    token = wire.sign_in()["refresh_token"]
    assert members(wire.refresh(token))["refresh_token"] != token


@pytest.mark.parametrize(
    ("scope", "present", "absent"),
    [
        ("openid", {"id_token"}, {"refresh_token"}),
        ("offline_access", {"refresh_token"}, {"id_token"}),
        ("api:read", set[str](), {"refresh_token", "id_token"}),
        ("offline_access openid", {"refresh_token", "id_token"}, set[str]()),
        ("api:read offline_access openid", {"refresh_token", "id_token"}, set[str]()),
    ],
)
def test_a_narrower_scope_decides_what_comes_back(
    scope: str, present: set[str], absent: set[str]
) -> None:
    wire = Wire(FakeOkta())
    token = wire.sign_in("openid offline_access api:read")["refresh_token"]
    answer = members(wire.refresh(token, scope=scope))
    assert set(answer["scope"].split()) == set(scope.split())
    assert present <= set(answer)
    assert not absent & set(answer)


def test_narrowing_once_does_not_narrow_the_grant_or_rotate_unseen() -> None:
    wire = Wire(FakeOkta())
    token = wire.sign_in("openid offline_access api:read")["refresh_token"]
    wire.refresh(token, scope="api:read")
    wire.fake.clock.advance(1000)
    answer = members(wire.refresh(token))
    assert answer["scope"] == "api:read offline_access openid"


def test_a_wider_scope_is_400_access_denied_and_changes_nothing() -> None:
    wire = Wire(FakeOkta())
    token = wire.sign_in("openid offline_access")["refresh_token"]
    for scope in ("openid offline_access api:read", "profile", "never-heard-of"):
        assert_oauth_error(wire.refresh(token, scope=scope), 400, "access_denied")
    wire.fake.clock.advance(1000)
    assert wire.refresh(token).status_code == 200


def test_a_malformed_scope_is_invalid_scope() -> None:
    wire = Wire(FakeOkta())
    token = wire.sign_in()["refresh_token"]
    for scope in ('open"id', "openid\\", "openid\ttab", "é", " ", "a" * 4097):
        assert_oauth_error(wire.refresh(token, scope=scope), 400, "invalid_scope")
    assert_oauth_error(wire.refresh(token, scope="a" * 4096), 400, "access_denied")


def test_a_redirect_uri_beside_the_refresh_token_is_tolerated() -> None:
    wire = Wire(FakeOkta())
    token = wire.sign_in()["refresh_token"]
    assert wire.refresh(token, redirect_uri=CALLBACK).status_code == 200


# Leeway and reuse


@pytest.mark.parametrize("age", [0, 29, 29.9])
def test_within_the_leeway_the_old_token_works_and_yields_the_same_successor(age: float) -> None:
    fake = FakeOkta(leeway=30)
    wire = Wire(fake)
    first = wire.sign_in()["refresh_token"]
    second = members(wire.refresh(first))["refresh_token"]
    fake.clock.advance(age)
    assert wire.is_active(first)
    assert members(wire.refresh(first))["refresh_token"] == second
    assert wire.is_active(second)


@pytest.mark.parametrize("age", [30, 30.1, 3000])
def test_reuse_after_the_leeway_ends_the_whole_family(age: float) -> None:
    fake = FakeOkta(leeway=30)
    wire = Wire(fake)
    bystander = wire.sign_in()
    first = wire.sign_in()
    second = members(wire.refresh(first["refresh_token"]))
    third = members(wire.refresh(second["refresh_token"]))
    fake.clock.advance(age)
    assert not wire.is_active(first["refresh_token"])
    assert wire.is_active(third["refresh_token"])
    assert_oauth_error(wire.refresh(first["refresh_token"]), 400, "invalid_grant")
    for answer in (first, second, third):
        assert not wire.is_active(answer["access_token"])
        assert not wire.is_active(answer["refresh_token"])
    assert_oauth_error(wire.refresh(third["refresh_token"]), 400, "invalid_grant")
    assert wire.is_active(bystander["access_token"])
    assert wire.refresh(bystander["refresh_token"]).status_code == 200


@pytest.mark.parametrize("of", ["fake", "app"])
def test_without_leeway_reuse_is_seen_at_once_on_a_standing_clock(of: str) -> None:
    fake = FakeOkta(leeway=0) if of == "fake" else FakeOkta()
    wire = Wire(fake, None if of == "fake" else fake.add_client(leeway=0))
    first = wire.sign_in()["refresh_token"]
    second = members(wire.refresh(first))
    assert wire.is_active(second["refresh_token"])
    assert not wire.is_active(first)
    assert_oauth_error(wire.refresh(first), 400, "invalid_grant")
    assert not wire.is_active(second["refresh_token"])
    assert_oauth_error(wire.refresh(second["refresh_token"]), 400, "invalid_grant")


def test_without_leeway_the_newest_token_always_works() -> None:
    wire = Wire(FakeOkta(leeway=0))
    token = wire.sign_in()["refresh_token"]
    for _ in range(3):
        token = members(wire.refresh(token))["refresh_token"]
    assert wire.is_active(token)


def test_families_ended_by_reuse_are_counted_once_each() -> None:
    fake = FakeOkta(leeway=0)
    wire = Wire(fake)
    families = [wire.sign_in()["refresh_token"] for _ in range(3)]
    for token in families:
        wire.refresh(token)
    assert fake.families_ended == 0
    for token in families[:2]:
        for _ in range(2):
            assert_oauth_error(wire.refresh(token), 400, "invalid_grant")
    assert fake.families_ended == 2
    # What ends otherwise is no reuse.
    code = fake.authorize(CALLBACK)
    wire.redeem(code)
    wire.redeem(code)
    last = wire.sign_in()["refresh_token"]
    wire.revoke(last)
    wire.refresh(last)
    assert fake.families_ended == 2


@pytest.mark.parametrize(
    ("setting", "within", "past"),
    [("leeway", True, False), ("active", True, True), ("inactive", False, False)],
)
def test_what_introspection_says_of_a_spent_token_is_a_setting(
    setting: Any, within: bool, past: bool
) -> None:
    fake = FakeOkta(leeway=30, introspect_spent=setting, refresh_token_lifetime=600)
    wire = Wire(fake)
    first = wire.sign_in()["refresh_token"]
    assert wire.is_active(first)
    second = members(wire.refresh(first))["refresh_token"]
    assert wire.is_active(first) is within
    fake.clock.advance(30)
    assert wire.is_active(first) is past
    # Asking is no reuse, and the answer promises nothing.
    assert wire.is_active(second)
    assert fake.families_ended == 0
    fake.clock.advance(570)
    assert not wire.is_active(first)


def test_a_revoked_family_is_inactive_whatever_the_setting() -> None:
    wire = Wire(FakeOkta(introspect_spent="active"))
    first = wire.sign_in()["refresh_token"]
    wire.revoke(members(wire.refresh(first))["refresh_token"])
    assert not wire.is_active(first)


def test_introspecting_a_superseded_token_is_not_reuse() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first = wire.sign_in()["refresh_token"]
    second = members(wire.refresh(first))["refresh_token"]
    fake.clock.advance(100)
    assert not wire.is_active(first)
    assert wire.refresh(second).status_code == 200


def test_a_strangers_use_is_refused_and_harms_nobody() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    first = wire.sign_in()["refresh_token"]
    second = members(wire.refresh(first))["refresh_token"]
    fake.clock.advance(100)
    thief = Wire(fake, fake.add_client())
    for token in (first, second):
        assert_oauth_error(thief.refresh(token), 400, "invalid_grant")
    assert wire.is_active(second)


def test_a_refresh_token_belongs_to_its_server() -> None:
    fake = FakeOkta()
    fake.add_authorization_server("ausOther")
    wire = Wire(fake)
    token = wire.sign_in()["refresh_token"]
    assert_oauth_error(wire.refresh(token, server="ausOther"), 400, "invalid_request")
    assert_oauth_error(wire.refresh(token, server=None), 400, "invalid_request")
    org_token = wire.sign_in(server=None)["refresh_token"]
    assert_oauth_error(wire.refresh(org_token), 400, "invalid_request")
    assert wire.refresh(token).status_code == 200
    assert wire.refresh(org_token, server=None).status_code == 200


def test_only_a_refresh_token_refreshes() -> None:
    wire = Wire(FakeOkta())
    tokens = wire.sign_in()
    for token in (tokens["access_token"], tokens["id_token"], "never-issued"):
        assert_oauth_error(wire.refresh(token), 400, "invalid_grant")
    assert_oauth_error(wire.post("token", {"grant_type": "refresh_token"}), 400, "invalid_request")


# Expiry


def test_a_rotated_token_keeps_the_first_ones_end() -> None:
    fake = FakeOkta(refresh_token_lifetime=1000, refresh_token_idle=None)
    wire = Wire(fake)
    token = wire.sign_in()["refresh_token"]
    end = wire.introspect(token)["exp"]
    fake.clock.advance(600)
    token = members(wire.refresh(token))["refresh_token"]
    assert wire.introspect(token)["exp"] == end
    fake.clock.advance(399)
    token = members(wire.refresh(token))["refresh_token"]
    fake.clock.advance(1)
    assert wire.introspect(token) == {"active": False}
    assert_oauth_error(wire.refresh(token), 400, "invalid_grant")


def test_an_idle_token_ends_and_a_used_one_does_not() -> None:
    fake = FakeOkta(refresh_token_idle=7 * DAY, refresh_token_lifetime=None)
    wire = Wire(fake)
    token = wire.sign_in()["refresh_token"]
    for _ in range(5):
        fake.clock.advance(7 * DAY - 1)
        token = members(wire.refresh(token))["refresh_token"]
    fake.clock.advance(7 * DAY)
    assert_oauth_error(wire.refresh(token), 400, "invalid_grant")


def test_the_org_server_knows_no_idle_limit() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    token = wire.sign_in(server=None)["refresh_token"]
    fake.clock.advance(30 * DAY)
    assert wire.refresh(token, server=None).status_code == 200


def test_a_refresh_token_without_end_has_no_exp() -> None:
    wire = Wire(FakeOkta(refresh_token_idle=None, refresh_token_lifetime=None))
    assert "exp" not in wire.introspect(wire.sign_in()["refresh_token"])


# client_credentials, password and the rest


def test_client_credentials_bring_an_access_token_and_nothing_else() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = members(
        wire.post("token", {"grant_type": "client_credentials", "scope": "api:write api:read"})
    )
    assert set(answer) == {"token_type", "expires_in", "access_token", "scope"}
    assert set(answer["scope"].split()) == {"api:read", "api:write"}


@pytest.mark.parametrize(
    "scope", ["openid", "offline_access", "api:read profile", "nothing", "okta.users.read", "a\\b"]
)
def test_client_credentials_refuse_scopes_of_users_and_of_nobody(scope: str) -> None:
    response = Wire(FakeOkta()).post("token", {"grant_type": "client_credentials", "scope": scope})
    assert_oauth_error(response, 400, "invalid_scope")


def test_without_a_scope_the_servers_defaults_decide() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    grant = {"grant_type": "client_credentials"}
    assert_oauth_error(wire.post("token", grant), 400, "invalid_scope")
    fake.add_authorization_server("ausDefaults", scopes=["orders", "x"], default_scopes=["orders"])
    assert members(wire.post("token", grant, server="ausDefaults"))["scope"] == "orders"


def test_the_org_server_gives_services_nothing_for_a_secret() -> None:
    response = Wire(FakeOkta()).post(
        "token", {"grant_type": "client_credentials", "scope": "okta.users.read"}, server=None
    )
    assert_oauth_error(response, 401, "invalid_client")


def test_the_password_grant() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    right = {
        "grant_type": "password",
        "username": fake.user.username,
        "password": fake.user.password,
        "scope": "openid offline_access",
    }
    answer = members(wire.post("token", right))
    assert {"access_token", "id_token", "refresh_token"} <= set(answer)
    for change in ({"password": "wrong"}, {"username": "nobody@example.com"}):
        assert_oauth_error(wire.post("token", {**right, **change}), 400, "invalid_grant")
    for missing in ("username", "password"):
        rest = {name: value for name, value in right.items() if name != missing}
        assert_oauth_error(wire.post("token", rest), 400, "invalid_request")
    rest = {name: value for name, value in right.items() if name != "scope"}
    assert_oauth_error(wire.post("token", rest), 400, "invalid_scope")


def test_expired_passwords_and_second_factors() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.add_user("old@example.com", password="p", password_expired=True)
    fake.add_user("mfa@example.com", password="p", mfa_required=True)
    grant = {"grant_type": "password", "password": "p", "scope": "openid"}
    response = wire.post("token", {**grant, "username": "old@example.com"})
    assert_oauth_error(response, 400, "invalid_grant")
    response = wire.post("token", {**grant, "username": "mfa@example.com"})
    assert_oauth_error(response, 403, "mfa_required")
    assert members(response)["mfa_token"]
    response = wire.post("token", {**grant, "username": "mfa@example.com", "password": "q"})
    assert_oauth_error(response, 400, "invalid_grant")


def test_suspension_ends_everything_of_a_user() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    grace = fake.add_user("grace@example.com")
    hers, his = wire.sign_in(username=grace.username), wire.sign_in()
    code = fake.authorize(CALLBACK, username=grace.username)
    fake.suspend_user(grace.username)
    assert not any(wire.is_active(hers[name]) for name in ("access_token", "refresh_token"))
    assert_oauth_error(wire.refresh(hers["refresh_token"]), 400, "invalid_grant")
    assert_oauth_error(wire.redeem(code), 400, "invalid_grant")
    with pytest.raises(ValueError, match="access_denied"):
        fake.authorize(CALLBACK, username=grace.username)
    assert wire.is_active(his["access_token"])
    with pytest.raises(LookupError):
        fake.suspend_user("nobody@example.com")


@pytest.mark.parametrize(
    ("grant_type", "server", "error"),
    [
        ("nonsense", "default", "unsupported_grant_type"),
        ("implicit", "default", "unsupported_grant_type"),
        ("Password", "default", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:device_code", "default", "invalid_request"),
        ("urn:ietf:params:oauth:grant-type:token-exchange", None, "invalid_request"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "default", "invalid_request"),
        ("urn:ietf:params:oauth:grant-type:saml2-bearer", "default", "unauthorized_client"),
        ("interaction_code", None, "unauthorized_client"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", None, "unsupported_grant_type"),
    ],
)
def test_other_grants(grant_type: str, server: str | None, error: str) -> None:
    response = Wire(FakeOkta()).post("token", {"grant_type": grant_type}, server=server)
    assert_oauth_error(response, 400, error)


@pytest.mark.parametrize("server", ["default", None], ids=["custom", "org"])
def test_a_grant_the_fake_does_not_offer_is_refused_although_the_app_has_it(
    server: str | None,
) -> None:
    fake = FakeOkta()
    names: list[Any] = ["urn:ietf:params:oauth:grant-type:saml2-bearer", "interaction_code"]
    wire = Wire(fake, fake.add_client(grant_types=names))
    for grant_type in names:
        response = wire.post("token", {"grant_type": grant_type}, server=server)
        assert_oauth_error(response, 400, "unsupported_grant_type")


def test_a_grant_the_app_is_not_registered_for() -> None:
    fake = FakeOkta()
    wire = Wire(fake, fake.add_client(grant_types=["authorization_code"]))
    for grant_type in ("refresh_token", "client_credentials", "password"):
        response = wire.post("token", {"grant_type": grant_type})
        assert_oauth_error(response, 400, "unauthorized_client")
