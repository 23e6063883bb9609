"""FakeOkta: rate limits counted on the clock, and the headers of every answer."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
from okta_oidc.testing import FakeClock, FakeOkta

from .fake_wire import Wire, assert_oauth_error, assert_okta_error

SERVICE = {"grant_type": "client_credentials", "scope": "api:read"}


def test_every_answer_has_oktas_headers() -> None:
    fake = FakeOkta(clock=FakeClock(1_700_000_000.5), rate_limit=50)
    wire = Wire(fake)
    for response in (
        wire.post("token", SERVICE),
        wire.post("token"),
        wire.form("token", {}),
        wire.revoke("unknown"),
        wire.post("introspect", {"token": "t"}),
        wire.raw("GET", wire.url("token")),
        wire.raw("POST", fake.url + "/nowhere"),
        wire.post("token", server="ausNobody"),
    ):
        headers = response.headers
        assert headers["cache-control"] == "no-cache, no-store"
        assert (headers["pragma"], headers["expires"]) == ("no-cache", "0")
        assert len(headers["x-okta-request-id"]) == 32
        assert parsedate_to_datetime(headers["date"]).timestamp() == 1_700_000_000
        assert headers["x-rate-limit-limit"] == "50"
        assert 40 < int(headers["x-rate-limit-remaining"]) < 50
        assert headers["x-rate-limit-reset"] == "1700000060"
        cookies = headers.get_list("set-cookie")
        assert any(cookie.startswith("JSESSIONID=") for cookie in cookies)
        assert any(cookie.startswith('sid=""; Expires=Thu, 01 Jan 1970') for cookie in cookies)
        assert headers["content-length"] == str(len(response.content))
    ids = [request.request_id for request in fake.requests]
    assert len(set(ids)) == len(ids)
    assert ids[-1] == headers["x-okta-request-id"]


def test_the_bucket_empties_and_the_window_ends_at_its_reset() -> None:
    fake = FakeOkta(clock=FakeClock(1_700_000_000.9), rate_limit=3)
    wire = Wire(fake)
    for remaining in (2, 1, 0):
        response = wire.post("token", SERVICE)
        assert response.status_code == 200
        assert response.headers["x-rate-limit-remaining"] == str(remaining)
        fake.clock.advance(1)
    refused = wire.post("token", SERVICE)
    assert_okta_error(refused, 429, "E0000047")
    assert refused.headers["x-rate-limit-remaining"] == "0"
    assert refused.headers["x-rate-limit-limit"] == "3"
    reset = int(refused.headers["x-rate-limit-reset"])
    date = parsedate_to_datetime(refused.headers["date"]).timestamp()
    assert (reset, date) == (1_700_000_060, 1_700_000_003)
    fake.clock.advance(reset - fake.clock.now() - 0.5)
    assert wire.post("token", SERVICE).status_code == 429
    fake.clock.advance(0.5)
    fresh = wire.post("token", SERVICE)
    assert fresh.status_code == 200
    assert fresh.headers["x-rate-limit-remaining"] == "2"
    assert int(fresh.headers["x-rate-limit-reset"]) == reset + 60


def test_what_shares_a_bucket() -> None:
    fake = FakeOkta(rate_limit=1)
    fake.add_authorization_server("ausOther")
    wire = Wire(fake)
    assert wire.post("token", SERVICE).status_code == 200
    assert wire.post("token", SERVICE, server="ausOther").status_code == 429
    assert wire.post("introspect", {"token": "t"}, server="ausOther").status_code == 200
    assert wire.revoke("t").status_code == 429
    assert wire.revoke("t", server=None).status_code == 200
    assert wire.post("introspect", {"token": "t"}, server=None).status_code == 429
    assert wire.post("token", SERVICE, server=None).status_code == 401
    assert wire.post("token", SERVICE, server=None).status_code == 429


def test_refused_requests_count_and_do_nothing() -> None:
    fake = FakeOkta(rate_limit=2)
    wire = Wire(fake)
    code = fake.authorize("https://app.example/callback")
    assert wire.form("token", {}).status_code == 401
    assert wire.redeem("never-issued").status_code == 400
    assert wire.redeem(code).status_code == 429
    fake.clock.advance(60)
    assert wire.redeem(code).status_code == 200


def test_without_a_limit_nothing_is_counted_or_reported() -> None:
    wire = Wire(FakeOkta(rate_limit=None))
    for _ in range(50):
        response = wire.revoke("t")
        assert response.status_code == 200
        assert not [name for name in response.headers if name.startswith("x-rate-limit")]


def test_the_limit_for_one_username_has_the_oauth_shape() -> None:
    fake = FakeOkta(user_rate_limit=4)
    wire = Wire(fake)
    grace = fake.add_user("grace@example.com", password="p")
    token = wire.sign_in(username=grace.username)["refresh_token"]
    grant = {
        "grant_type": "password",
        "username": grace.username,
        "password": "p",
        "scope": "openid",
    }
    for _ in range(2):
        assert wire.post("token", grant).status_code == 200
        assert wire.refresh(token).status_code == 200
    assert_oauth_error(wire.post("token", grant), 429, "invalid_grant")
    assert_oauth_error(wire.refresh(token), 429, "invalid_grant")
    assert wire.refresh(wire.sign_in()["refresh_token"]).status_code == 200
    fake.clock.advance(0.9)
    assert wire.post("token", grant).status_code == 429
    fake.clock.advance(0.1)
    assert wire.post("token", grant).status_code == 200


def test_the_clock_stands_still_moves_on_and_never_back() -> None:
    clock = FakeClock(100)
    assert (clock.now(), clock.now()) == (100, 100)
    clock.advance(0.25)
    assert clock.now() == 100.25
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    assert clock.now() == 100.25


def test_a_ticking_clock_follows_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([50.0, 50.0, 53.5, 53.5])
    monkeypatch.setattr("okta_oidc.testing._clock.time.monotonic", lambda: next(readings))
    clock = FakeClock(100, ticking=True)
    assert clock.now() == 100
    assert clock.now() == 103.5
    clock.advance(10)
    assert clock.now() == 113.5


def test_a_fake_can_be_told_to_tick() -> None:
    fake = FakeOkta(ticking=True)
    before = fake.clock.now()
    while fake.clock.now() == before:
        pass
    assert FakeOkta().clock.now() <= time.time()
    with pytest.raises(ValueError, match="tick"):
        FakeOkta(clock=FakeClock(), ticking=True)


def test_the_default_clock_agrees_with_the_machines() -> None:
    before = time.time()
    assert before <= FakeOkta().clock.now() <= time.time()
