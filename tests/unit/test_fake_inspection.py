"""FakeOkta: introspection and revocation."""

from __future__ import annotations

import pytest
from okta_oidc.testing import FakeClock, FakeOkta

from .fake_wire import Wire, assert_oauth_error, members

INACTIVE = {"active": False}


def test_an_access_token_of_a_user() -> None:
    fake = FakeOkta(clock=FakeClock(1_700_000_000))
    wire = Wire(fake)
    answer = wire.introspect(wire.sign_in("openid api:read")["access_token"])
    assert answer.pop("jti").startswith("AT.")
    assert answer == {
        "active": True,
        "token_type": "Bearer",
        "scope": "api:read openid",
        "client_id": fake.client_id,
        "username": fake.user.username,
        "sub": fake.user.username,
        "uid": fake.user.user_id,
        "iss": fake.issuer(),
        "aud": "api://default",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    }


def test_an_access_token_of_a_service() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    token = members(wire.post("token", {"grant_type": "client_credentials", "scope": "api:read"}))
    answer = wire.introspect(token["access_token"])
    assert answer["sub"] == answer["client_id"] == fake.client_id
    assert {"active", "token_type", "scope", "exp", "iat", "aud", "iss", "jti"} <= set(answer)
    assert not {"uid", "username"} & set(answer)


def test_a_refresh_token() -> None:
    fake = FakeOkta(clock=FakeClock(1_700_000_000), refresh_token_idle=1000)
    wire = Wire(fake)
    assert wire.introspect(wire.sign_in()["refresh_token"]) == {
        "active": True,
        "token_type": "Bearer",
        "scope": "offline_access openid",
        "client_id": fake.client_id,
        "username": fake.user.username,
        "sub": fake.user.username,
        "exp": 1_700_001_000,
    }


def test_an_id_token() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = wire.introspect(wire.sign_in("openid", nonce="n")["id_token"])
    assert answer["active"] is True
    assert answer["sub"] == fake.user.user_id
    assert answer["aud"] == fake.client_id
    assert {"exp", "iat", "iss", "jti", "amr", "auth_time", "idp", "at_hash"} <= set(answer)
    assert (answer["nonce"], answer["preferred_username"]) == ("n", fake.user.username)


def test_custom_claims_stand_at_the_top_but_never_displace_oktas() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    extra = {
        "groups": ["a", "b"],
        "class": {"deep": None},
        "ratio": 0.5,
        "sub": "forged",
        "active": False,
        "client_id": "forged",
        "exp": 1,
    }
    fake.add_user("grace@example.com", claims=extra)
    tokens = wire.sign_in("openid", username="grace@example.com")
    for name in ("access_token", "id_token"):
        answer = wire.introspect(tokens[name])
        assert answer["active"] is True
        assert (answer["groups"], answer["class"], answer["ratio"]) == (
            ["a", "b"],
            {"deep": None},
            0.5,
        )
        assert answer["sub"] != "forged"
        assert answer["exp"] > 1
    assert wire.introspect(tokens["access_token"])["client_id"] == fake.client_id
    org = wire.sign_in("openid", server=None, username="grace@example.com")
    assert "groups" not in wire.introspect(org["access_token"], server=None)
    assert "groups" in wire.introspect(org["id_token"], server=None)


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "made_up"])
def test_a_hint_is_only_a_hint(hint: str) -> None:
    wire = Wire(FakeOkta())
    tokens = wire.sign_in()
    for name in ("access_token", "refresh_token", "id_token"):
        assert wire.introspect(tokens[name], token_type_hint=hint)["active"] is True


@pytest.mark.parametrize("token", ["unknown", "a.b.c", "é", " ", "x" * 10_000, "null"])
def test_an_unknown_token_is_inactive_and_nothing_more(token: str) -> None:
    assert Wire(FakeOkta()).introspect(token) == INACTIVE


def test_a_token_altered_in_one_character_is_unknown() -> None:
    wire = Wire(FakeOkta())
    token = wire.sign_in()["access_token"]
    assert wire.introspect(token[:-1]) == INACTIVE
    assert wire.introspect(token + "=") == INACTIVE
    assert wire.introspect(token.swapcase()) == INACTIVE


@pytest.mark.parametrize(("age", "active"), [(3599, True), (3600, False), (3601, False)])
@pytest.mark.parametrize("name", ["access_token", "id_token"])
def test_tokens_expire(name: str, age: int, active: bool) -> None:
    wire = Wire(FakeOkta(clock=FakeClock(1_700_000_000)))
    token = wire.sign_in()[name]
    wire.fake.clock.advance(age)
    assert wire.is_active(token) is active


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "id_token"])
def test_another_server_does_not_know_the_token(name: str) -> None:
    fake = FakeOkta()
    fake.add_authorization_server("ausOther")
    wire = Wire(fake)
    custom, org = wire.sign_in()[name], wire.sign_in(server=None)[name]
    for server in ("ausOther", None):
        assert wire.introspect(custom, server=server) == INACTIVE
        assert wire.revoke(custom, server=server).status_code == 200
    for server in ("ausOther", "default"):
        assert wire.introspect(org, server=server) == INACTIVE
        assert wire.revoke(org, server=server).status_code == 200
    assert wire.is_active(custom)
    assert wire.is_active(org, server=None)


@pytest.mark.parametrize("shared", [True, False])
def test_what_another_client_learns(shared: bool) -> None:
    fake = FakeOkta(introspect_other_clients=shared)
    tokens = Wire(fake).sign_in()
    other = Wire(fake, fake.add_client())
    assert other.is_active(tokens["access_token"]) is shared
    assert other.introspect(tokens["refresh_token"]) == INACTIVE
    assert other.introspect(tokens["id_token"]) == INACTIVE


def test_a_public_client_introspects_with_its_id_alone() -> None:
    fake = FakeOkta()
    public = fake.add_client(auth_method="none")
    wire = Wire(fake, public)
    assert wire.introspect(Wire(fake).sign_in()["access_token"])["active"] is True


def test_introspection_does_not_use_up_a_token() -> None:
    fake = FakeOkta(refresh_token_idle=100)
    wire = Wire(fake)
    token = wire.sign_in()["refresh_token"]
    end = wire.introspect(token)["exp"]
    fake.clock.advance(99)
    assert wire.introspect(token)["exp"] == end
    fake.clock.advance(1)
    assert wire.introspect(token) == INACTIVE


# Revocation


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "made_up"])
def test_revoking_an_access_token_leaves_the_rest(hint: str | None) -> None:
    wire = Wire(FakeOkta())
    tokens = wire.sign_in()
    response = wire.revoke(
        tokens["access_token"], **({} if hint is None else {"token_type_hint": hint})
    )
    assert (response.status_code, response.content) == (200, b"")
    assert wire.introspect(tokens["access_token"]) == INACTIVE
    assert wire.is_active(tokens["refresh_token"])
    assert wire.is_active(tokens["id_token"])
    assert wire.refresh(tokens["refresh_token"]).status_code == 200


def test_revoking_a_refresh_token_ends_its_access_tokens() -> None:
    wire = Wire(FakeOkta())
    bystander = wire.sign_in()
    first = wire.sign_in()
    second = members(wire.refresh(first["refresh_token"]))
    wire.revoke(second["refresh_token"])
    for answer in (first, second):
        assert wire.introspect(answer["access_token"]) == INACTIVE
        assert wire.introspect(answer["refresh_token"]) == INACTIVE
    assert_oauth_error(wire.refresh(second["refresh_token"]), 400, "invalid_grant")
    assert wire.is_active(bystander["refresh_token"])


def test_revoking_a_superseded_refresh_token_ends_the_family_too() -> None:
    wire = Wire(FakeOkta())
    first = wire.sign_in()
    second = members(wire.refresh(first["refresh_token"]))
    wire.revoke(first["refresh_token"])
    assert wire.introspect(second["refresh_token"]) == INACTIVE


def test_revoking_is_silent_about_everything_else() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    tokens = wire.sign_in()
    stranger = Wire(fake, fake.add_client())
    for name in ("access_token", "refresh_token", "id_token"):
        response = stranger.revoke(tokens[name])
        assert (response.status_code, response.content) == (200, b"")
        assert wire.is_active(tokens[name])
    for token in ("unknown", tokens["id_token"]):
        response = wire.revoke(token)
        assert (response.status_code, response.content) == (200, b"")
    assert wire.is_active(tokens["id_token"])
    for _ in range(2):
        assert wire.revoke(tokens["refresh_token"]).status_code == 200
