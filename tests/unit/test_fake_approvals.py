"""FakeOkta: logins that somebody approves elsewhere, and direct authentication."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from okta_oidc.testing import FakeOkta

from .fake_wire import CALLBACK, Wire, assert_oauth_error, members

SERVERS = pytest.mark.parametrize("server", ["default", None], ids=["custom", "org"])

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"
OTP = "urn:okta:params:oauth:grant-type:otp"
OOB = "urn:okta:params:oauth:grant-type:oob"
MFA_OTP = "http://auth0.com/oauth/grant-type/mfa-otp"
MFA_OOB = "http://auth0.com/oauth/grant-type/mfa-oob"


def _claims(jwt: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(urlsafe_b64decode(jwt.split(".")[1] + "=="))
    return decoded


@dataclass
class Elsewhere:
    """A login of one of the two kinds, and its polls."""

    wire: Wire
    kind: str
    server: str | None = "default"
    scope: str = "openid offline_access"
    hints: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        parameters = {"scope": self.scope, **self.hints}
        if self.kind == "ciba" and not self.hints:
            parameters["login_hint"] = self.wire.fake.user.username
        endpoint = "device/authorize" if self.kind == "device" else "bc/authorize"
        response = self.wire.post(endpoint, parameters, server=self.server)
        assert response.status_code == 200
        self.answer = members(response)
        self.code: str = self.answer["device_code" if self.kind == "device" else "auth_req_id"]

    def poll(self, wire: Wire | None = None, server: str | None = None) -> httpx.Response:
        grant = {"grant_type": CIBA, "auth_req_id": self.code}
        if self.kind == "device":
            grant = {"grant_type": DEVICE, "device_code": self.code}
        return (wire or self.wire).post("token", grant, server=server or self.server)

    def wait(self, seconds: float) -> None:
        self.wire.fake.clock.advance(seconds)


KINDS = pytest.mark.parametrize("kind", ["device", "ciba"])


def test_a_device_login_tells_the_person_where_to_go() -> None:
    fake = FakeOkta()
    answer = Elsewhere(Wire(fake), "device").answer
    assert (answer["expires_in"], answer["interval"]) == (600, 5)
    assert len(answer["user_code"]) == 8
    assert answer["verification_uri"] == f"{fake.url}/activate"
    assert answer["verification_uri_complete"].endswith(f"?user_code={answer['user_code']}")
    ciba = Elsewhere(Wire(fake), "ciba").answer
    assert set(ciba) == {"auth_req_id", "expires_in", "interval"}
    assert (ciba["expires_in"], ciba["interval"]) == (300, 5)


@KINDS
@SERVERS
def test_approval_brings_tokens_once(kind: str, server: str | None) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    login = Elsewhere(wire, kind, server)
    assert_oauth_error(login.poll(), 400, "authorization_pending")
    fake.approve(login.code)
    answer = members(login.poll())
    assert {"access_token", "id_token", "refresh_token"} <= set(answer)
    assert _claims(answer["id_token"])["sub"] == fake.user.user_id
    assert wire.is_active(answer["access_token"], server=server)
    login.wait(5)
    assert_oauth_error(login.poll(), 400, "invalid_grant")


@KINDS
def test_denial_is_access_denied(kind: str) -> None:
    login = Elsewhere(Wire(FakeOkta()), kind)
    login.wire.fake.deny(login.code)
    for _ in range(2):
        assert_oauth_error(login.poll(), 400, "access_denied")


@pytest.mark.parametrize(("kind", "seconds"), [("device", 600), ("ciba", 300)])
def test_a_login_that_nobody_approves_expires(kind: str, seconds: int) -> None:
    login = Elsewhere(Wire(FakeOkta()), kind)
    login.wait(seconds - 1)
    assert_oauth_error(login.poll(), 400, "authorization_pending")
    login.wait(1)
    assert_oauth_error(login.poll(), 400, "expired_token")
    with pytest.raises(LookupError, match="no login waits"):
        login.wire.fake.approve(login.code)
    late = Elsewhere(login.wire, kind)
    late.wire.fake.approve(late.code)
    late.wait(seconds)
    assert_oauth_error(late.poll(), 400, "expired_token")


def test_lifetime_and_interval_are_settings() -> None:
    wire = Wire(FakeOkta(device_code_lifetime=60, poll_interval=2))
    login = Elsewhere(wire, "device")
    assert (login.answer["expires_in"], login.answer["interval"]) == (60, 2)
    login.poll()
    login.wait(2)
    assert_oauth_error(login.poll(), 400, "authorization_pending")
    login.wait(58)
    assert_oauth_error(login.poll(), 400, "expired_token")


@KINDS
def test_polls_that_come_too_fast_have_to_slow_down_for_good(kind: str) -> None:
    login = Elsewhere(Wire(FakeOkta()), kind)
    assert_oauth_error(login.poll(), 400, "authorization_pending")
    login.wait(4.9)
    assert_oauth_error(login.poll(), 400, "slow_down")
    # From 5 to 10 seconds, and what came too fast counts as a poll.
    login.wait(9.9)
    assert_oauth_error(login.poll(), 400, "slow_down")
    login.wait(15)
    assert_oauth_error(login.poll(), 400, "authorization_pending")
    login.wait(14.9)
    assert_oauth_error(login.poll(), 400, "slow_down")
    # Nobody waits for what has been decided.
    login.wire.fake.approve(login.code)
    assert login.poll().status_code == 200


@KINDS
def test_a_code_belongs_to_its_client_and_its_server(kind: str) -> None:
    fake = FakeOkta()
    login = Elsewhere(Wire(fake), kind)
    fake.add_authorization_server("ausOther")
    fake.approve(login.code)
    assert_oauth_error(login.poll(Wire(fake, fake.add_client())), 400, "invalid_grant")
    assert_oauth_error(login.poll(server="ausOther"), 400, "invalid_request")
    assert login.poll().status_code == 200


@pytest.mark.parametrize("grant", [{"grant_type": DEVICE}, {"grant_type": CIBA}], ids=str)
def test_unknown_and_missing_codes(grant: dict[str, str]) -> None:
    wire = Wire(FakeOkta())
    assert_oauth_error(wire.post("token", grant), 400, "invalid_request")
    code = {"device_code": "unknown", "auth_req_id": "unknown"}
    assert_oauth_error(wire.post("token", {**grant, **code}), 400, "invalid_grant")
    # A code of the one kind is none of the other.
    login = Elsewhere(wire, "ciba" if grant["grant_type"] == DEVICE else "device")
    wire.fake.approve(login.code)
    code = {"device_code": login.code, "auth_req_id": login.code}
    assert_oauth_error(wire.post("token", {**grant, **code}), 400, "invalid_grant")


def test_a_public_client_signs_its_device_in() -> None:
    fake = FakeOkta()
    login = Elsewhere(Wire(fake, fake.add_client(auth_method="none")), "device")
    fake.approve()
    assert login.poll().status_code == 200


@pytest.mark.parametrize("kind", ["device", "ciba"])
def test_an_app_without_the_grant_starts_no_login(kind: str) -> None:
    fake = FakeOkta()
    wire = Wire(fake, fake.add_client(grant_types=["authorization_code"]))
    endpoint = "device/authorize" if kind == "device" else "bc/authorize"
    parameters = {"scope": "openid"}
    if kind == "ciba":
        parameters["login_hint"] = fake.user.username
    assert_oauth_error(wire.post(endpoint, parameters), 400, "unauthorized_client")


def test_scopes_are_checked_when_the_login_starts() -> None:
    wire = Wire(FakeOkta())
    response = wire.post("device/authorize", {"scope": "nothing"})
    assert_oauth_error(response, 400, "invalid_scope")
    hint = {"login_hint": wire.fake.user.username}
    for scope, error in (("nothing", "invalid_scope"), ("api:read", "invalid_scope")):
        response = wire.post("bc/authorize", {**hint, "scope": scope})
        assert_oauth_error(response, 400, error)
    assert_oauth_error(wire.post("bc/authorize", hint), 400, "invalid_request")


@pytest.mark.parametrize(
    "hints",
    [
        {},
        {"login_hint": "nobody@example.com"},
        {"id_token_hint": "unknown"},
        {"login_hint": "ada@example.com", "id_token_hint": "unknown"},
        {"login_hint": "ada@example.com", "request_expiry": "0"},
        {"login_hint": "ada@example.com", "request_expiry": "301"},
        {"login_hint": "ada@example.com", "request_expiry": "-1"},
        {"login_hint": "ada@example.com", "request_expiry": "²"},
        {"login_hint": "ada@example.com", "request": "a.b.c"},
    ],
    ids=str,
)
def test_a_backchannel_request_that_is_not_sound(hints: dict[str, str]) -> None:
    response = Wire(FakeOkta()).post("bc/authorize", {"scope": "openid", **hints})
    assert_oauth_error(response, 400, "invalid_request")


def test_a_backchannel_login_is_the_hinted_users() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    grace = fake.add_user("grace@example.com")
    by_name = Elsewhere(wire, "ciba", hints={"login_hint": grace.username, "request_expiry": "60"})
    assert by_name.answer["expires_in"] == 60
    with pytest.raises(LookupError, match="another user's"):
        fake.approve(by_name.code, username=fake.user.username)
    fake.approve(by_name.code)
    token = members(by_name.poll())["id_token"]
    assert _claims(token)["sub"] == grace.user_id
    by_token = Elsewhere(wire, "ciba", hints={"id_token_hint": token})
    fake.approve(by_token.code, username=grace.username)
    assert _claims(members(by_token.poll())["id_token"])["sub"] == grace.user_id


def test_who_approves_a_device_login_signs_in() -> None:
    fake = FakeOkta()
    grace = fake.add_user("grace@example.com")
    login = Elsewhere(Wire(fake), "device")
    with pytest.raises(LookupError, match="no such user"):
        fake.approve(login.code, username="nobody@example.com")
    fake.approve(login.code, username=grace.username)
    assert _claims(members(login.poll())["id_token"])["sub"] == grace.user_id


class _Started:
    """What a client returns for a login: its own code shows in the plain form alone."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    def to_dict(self) -> dict[str, Any]:
        return self._members


SHOWN: dict[str, Callable[[Elsewhere], object]] = {
    "user code": lambda login: login.answer["user_code"],
    "device code": lambda login: login.code,
    "answer": lambda login: login.answer,
    "login": lambda login: _Started(login.answer),
    "plain form": lambda login: _Started({"device_code": login.code, "expires_at": 7}),
}


@pytest.mark.parametrize("how", SHOWN)
def test_a_login_is_known_by_any_of_its_codes(how: str) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    bystander, login = Elsewhere(wire, "device"), Elsewhere(wire, "device")
    fake.approve(SHOWN[how](login))
    assert login.poll().status_code == 200
    assert_oauth_error(bystander.poll(), 400, "authorization_pending")


def test_nobody_approves_what_is_not_clear() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    with pytest.raises(LookupError, match="no login waits"):
        fake.approve()
    login = Elsewhere(wire, "device")
    with pytest.raises(LookupError, match="by this code"):
        fake.approve("unknown")
    with pytest.raises(TypeError):
        fake.approve(7)
    Elsewhere(wire, "ciba")
    with pytest.raises(LookupError, match="several"):
        fake.deny()
    fake.deny(login.code)
    with pytest.raises(LookupError):
        fake.approve(login.code)


@KINDS
def test_a_suspended_user_is_denied(kind: str) -> None:
    login = Elsewhere(Wire(FakeOkta()), kind)
    fake = login.wire.fake
    fake.approve(login.code)
    fake.suspend_user(fake.user.username)
    assert_oauth_error(login.poll(), 400, "access_denied")


def test_planned_failures_strike_logins() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.faults.oauth_error(429, "too_many_user_codes", endpoint="device/authorize")
    response = wire.post("device/authorize", {"scope": "openid"})
    assert_oauth_error(response, 429, "too_many_user_codes")
    login = Elsewhere(wire, "device")
    fake.approve()
    fake.faults.disconnect(processed=True, endpoint="token")
    with pytest.raises(httpx.RemoteProtocolError):
        login.poll()
    assert_oauth_error(login.poll(), 400, "invalid_grant")


# Direct authentication


def _first(wire: Wire, channel: str, **change: str) -> httpx.Response:
    parameters = {
        "login_hint": wire.fake.user.username,
        "channel_hint": channel,
        "challenge_hint": OOB,
    }
    return wire.post("primary-authenticate", {**parameters, **change})


def test_a_push_is_approved_on_the_phone() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = members(_first(wire, "push"))
    assert (answer["binding_method"], answer["interval"]) == ("none", 5)
    grant = {"grant_type": OOB, "oob_code": answer["oob_code"], "scope": "openid"}
    assert_oauth_error(wire.post("token", grant), 400, "authorization_pending")
    fake.approve(answer)
    tokens = members(wire.post("token", grant))
    assert _claims(tokens["id_token"])["amr"] == ["swk"]
    assert_oauth_error(wire.post("token", grant), 400, "invalid_grant")


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_a_message_holds_a_code_to_type_in(channel: str) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    answer = members(_first(wire, channel))
    assert (answer["channel"], answer["binding_method"]) == (channel, "prompt")
    assert "interval" not in answer
    grant = {"grant_type": OOB, "oob_code": answer["oob_code"], "scope": "openid"}
    assert_oauth_error(wire.post("token", grant), 400, "invalid_request")
    wrong = {**grant, "binding_code": "no"}
    assert_oauth_error(wire.post("token", wrong), 400, "invalid_grant")
    right = {**grant, "binding_code": fake.user.otp}
    assert wire.post("token", right).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"channel_hint": "carrier-pigeon"}, 400, "invalid_request"),
        ({"challenge_hint": OTP}, 400, "invalid_request"),
        ({"login_hint": "nobody@example.com"}, 403, "access_denied"),
    ],
)
def test_a_factor_that_cannot_be(change: dict[str, str], status: int, error: str) -> None:
    assert_oauth_error(_first(Wire(FakeOkta()), "push", **change), status, error)


def test_a_one_time_password_signs_in() -> None:
    fake = FakeOkta()
    fake.add_user("grace@example.com", otp="007007")
    wire = Wire(fake)
    grant = {"grant_type": OTP, "login_hint": "grace@example.com", "scope": "openid"}
    assert wire.post("token", {**grant, "otp": "007007"}).status_code == 200
    for wrong in ({"otp": "7007"}, {"otp": "007007", "login_hint": "nobody@example.com"}):
        assert_oauth_error(wire.post("token", {**grant, **wrong}), 400, "invalid_grant")
    assert_oauth_error(wire.post("token", grant), 400, "invalid_request")


def _mfa_token(wire: Wire, scope: str = "openid offline_access") -> str:
    wire.fake.add_user("mfa@example.com", password="p", mfa_required=True, otp="123123")
    grant = {"grant_type": "password", "username": "mfa@example.com", "password": "p"}
    response = wire.post("token", {**grant, "scope": scope})
    assert_oauth_error(response, 403, "mfa_required")
    token: str = members(response)["mfa_token"]
    return token


def test_a_second_factor_is_a_one_time_password() -> None:
    wire = Wire(FakeOkta())
    token = _mfa_token(wire)
    assert members(
        wire.post("challenge", {"mfa_token": token, "challenge_types_supported": MFA_OTP})
    ) == {"challenge_type": MFA_OTP}
    grant = {"grant_type": MFA_OTP, "mfa_token": token}
    assert_oauth_error(wire.post("token", {**grant, "otp": "no"}), 400, "invalid_grant")
    other = {**grant, "otp": "123123", "scope": "openid"}
    assert_oauth_error(wire.post("token", other), 400, "invalid_scope")
    answer = members(wire.post("token", {**grant, "otp": "123123"}))
    assert answer["scope"] == "offline_access openid"
    assert _claims(answer["id_token"])["amr"] == ["pwd", "mfa", "otp"]
    assert_oauth_error(wire.post("token", {**grant, "otp": "123123"}), 400, "invalid_grant")


def test_a_second_factor_is_a_push() -> None:
    wire = Wire(FakeOkta())
    token = _mfa_token(wire)
    types = f"{MFA_OTP} {MFA_OOB}"
    challenge = members(
        wire.post("challenge", {"mfa_token": token, "challenge_types_supported": types})
    )
    assert (challenge["challenge_type"], challenge["channel"]) == (MFA_OOB, "push")
    grant = {"grant_type": MFA_OOB, "mfa_token": token, "oob_code": challenge["oob_code"]}
    assert_oauth_error(wire.post("token", grant), 400, "authorization_pending")
    wire.fake.approve(challenge)
    assert _claims(members(wire.post("token", grant))["id_token"])["amr"] == ["pwd", "mfa", "swk"]


def test_an_mfa_token_ends_and_is_its_clients() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    token = _mfa_token(wire)
    stranger = Wire(fake, fake.add_client())
    for caller in (stranger, wire):
        if caller is wire:
            fake.clock.advance(300)
        response = caller.post("challenge", {"mfa_token": token})
        assert_oauth_error(response, 400, "invalid_grant")
    response = wire.post(
        "challenge", {"mfa_token": _mfa_token(wire), "challenge_types_supported": "x"}
    )
    assert_oauth_error(response, 400, "invalid_request")


def test_a_push_of_somebody_else_is_no_second_factor() -> None:
    wire = Wire(FakeOkta())
    token = _mfa_token(wire)
    other = members(_first(wire, "push"))
    wire.fake.approve(other)
    grant = {"grant_type": MFA_OOB, "mfa_token": token, "oob_code": other["oob_code"]}
    assert_oauth_error(wire.post("token", grant), 400, "invalid_grant")


def test_nothing_secret_of_a_waiting_login_shows() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    login = Elsewhere(wire, "device")
    token, push = _mfa_token(wire), members(_first(wire, "sms"))
    fake.authorize(CALLBACK)
    state: Any = vars(fake)["_state"]
    held: list[Any] = list(state.second_factors.values())
    shown = f"{state!r} {vars(state.approvals)!r} {held!r} {fake.user!r}"
    for secret in (login.code, push["oob_code"], fake.user.otp, token):
        assert secret not in shown
