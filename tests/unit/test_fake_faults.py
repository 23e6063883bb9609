"""FakeOkta: failures on request, in memory."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from okta_oidc.testing import FakeClock, FakeOkta

from .fake_wire import CALLBACK, Wire, assert_oauth_error, assert_okta_error, basic, members

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = {"grant_type": "client_credentials", "scope": "api:read"}


def test_rate_limited() -> None:
    fake = FakeOkta(clock=FakeClock(1_700_000_000))
    wire = Wire(fake)
    fake.faults.rate_limited(reset_in=17, times=2)
    for _ in range(2):
        response = wire.post("token", SERVICE)
        assert_okta_error(response, 429, "E0000047")
        assert response.headers["x-rate-limit-reset"] == "1700000017"
        assert response.headers["x-rate-limit-limit"] == "1200"
        assert response.headers["x-rate-limit-remaining"] == "0"
        assert fake.requests[-1].fault == "rate_limited"
    response = wire.post("token", SERVICE)
    assert response.status_code == 200
    # The forced answers cost nothing.
    assert response.headers["x-rate-limit-remaining"] == "1199"
    assert fake.requests[-1].fault is None


def test_concurrency_limited() -> None:
    fake = FakeOkta()
    fake.faults.concurrency_limited()
    response = Wire(fake).post("token", SERVICE)
    assert_okta_error(response, 429, "E0000047")
    assert response.headers["x-rate-limit-limit"] == response.headers["x-rate-limit-remaining"]
    assert response.headers["x-rate-limit-limit"] == "0"
    assert int(response.headers["x-rate-limit-reset"]) > fake.clock.now()


def test_user_rate_limited_strikes_the_token_endpoint_only() -> None:
    fake = FakeOkta()
    fake.faults.user_rate_limited()
    assert Wire(fake).revoke("t").status_code == 200
    assert_oauth_error(Wire(fake).post("token", SERVICE), 429, "invalid_grant")


def test_a_failure_of_an_endpoint_that_is_none_would_never_strike() -> None:
    faults = FakeOkta().faults
    with pytest.raises(ValueError, match="endpoint is one of token, introspect, "):
        faults.html(502, endpoint=cast("Any", "device_authorize"))
    assert faults.waiting == ()


def test_both_error_shapes_with_any_status_and_members() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.faults.oauth_error(403, "mfa_required", "More, please.", extra={"mfa_token": "m"})
    response = wire.post("token", SERVICE)
    assert_oauth_error(response, 403, "mfa_required")
    assert members(response)["mfa_token"] == "m"
    fake.faults.okta_error(401, "E0000015", causes=["one", "two"])
    response = wire.post("token", SERVICE)
    assert_okta_error(response, 401, "E0000015")
    assert members(response)["errorCauses"] == [{"errorSummary": "one"}, {"errorSummary": "two"}]
    assert "x-okta-request-id" in response.headers


def test_a_gateway_page_has_none_of_oktas_headers() -> None:
    fake = FakeOkta()
    fake.faults.html(503)
    response = Wire(fake).post("token", SERVICE, documented=False)
    assert (response.status_code, response.headers["content-type"]) == (503, "text/html")
    assert response.text.startswith("<html>")
    assert "x-okta-request-id" not in response.headers


def test_an_empty_body() -> None:
    fake = FakeOkta()
    fake.faults.empty()
    response = Wire(fake).post("token", SERVICE, documented=False)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
def test_truncated_json_is_never_json(endpoint: str) -> None:
    fake = FakeOkta()
    fake.faults.truncated_json()
    response = Wire(fake).post(endpoint, {**SERVICE, "token": "t"}, documented=False)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers.get_list("content-length") == [str(len(response.content))]
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_any_answer_at_all() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.faults.answer(520, headers=[("X-A", "1"), ("X-A", "2")], body="été")
    response = wire.post("token", SERVICE, documented=False)
    assert response.status_code == 520
    assert response.headers.get_list("x-a") == ["1", "2"]
    assert response.content == "été".encode()
    assert set(response.headers) == {"x-a", "content-length"}
    fake.faults.answer(204)
    assert "content-length" not in wire.post("revoke", {"token": "t"}, documented=False).headers
    fake.faults.answer(
        200, headers=[("Content-Encoding", "gzip")], body=gzip.compress(b'{"active":false}')
    )
    assert members(wire.post("introspect", {"token": "t"}, documented=False)) == {"active": False}


@pytest.mark.parametrize(
    "exception", [httpx.ConnectError, httpx.ReadTimeout, httpx.PoolTimeout, httpx.WriteError]
)
def test_any_transport_error(exception: type[httpx.TransportError]) -> None:
    fake = FakeOkta()
    fake.faults.exception(exception, "planned")
    with pytest.raises(exception, match="planned") as caught:
        Wire(fake).post("token", SERVICE)
    assert caught.value.request.method == "POST"
    assert fake.requests[-1].status is None
    assert Wire(fake).post("token", SERVICE).status_code == 200


def test_lost_connections() -> None:
    fake = FakeOkta()
    fake.faults.disconnect()
    fake.faults.disconnect(reset=True)
    with pytest.raises(httpx.RemoteProtocolError):
        Wire(fake).post("token", SERVICE)
    with pytest.raises(httpx.ReadError):
        Wire(fake).post("token", SERVICE)


@pytest.mark.parametrize("processed", [True, False])
def test_a_failure_before_or_after_the_work_is_done(processed: bool) -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    faults = fake.faults
    plans: list[Callable[[], None]] = [
        lambda: faults.disconnect(processed=processed),
        lambda: faults.exception(httpx.ReadTimeout, processed=processed),
        lambda: faults.html(504, processed=processed),
        lambda: faults.okta_error(500, "E0000009", processed=processed),
        lambda: faults.oauth_error(500, "server_error", processed=processed),
        lambda: faults.empty(200, processed=processed),
        lambda: faults.answer(503, processed=processed),
    ]
    for plan in plans:
        code = fake.authorize(CALLBACK)
        plan()
        with contextlib.suppress(httpx.TransportError):
            wire.post(
                "token",
                {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK},
                documented=False,
            )
        assert wire.redeem(code).status_code == (400 if processed else 200)


def test_failures_leave_the_work_undone_unless_told_otherwise() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    code = fake.authorize(CALLBACK)
    faults = fake.faults
    plans: list[Callable[[], None]] = [
        faults.rate_limited,
        faults.concurrency_limited,
        faults.user_rate_limited,
        lambda: faults.oauth_error(500, "server_error"),
        lambda: faults.okta_error(500, "E0000009"),
        faults.html,
        faults.empty,
        lambda: faults.answer(503),
        lambda: faults.exception(httpx.ReadTimeout),
        faults.disconnect,
    ]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    for plan in plans:
        plan()
        with contextlib.suppress(httpx.TransportError):
            wire.post("token", grant, documented=False)
    assert wire.redeem(code).status_code == 200


def test_truncated_json_and_drips_come_after_the_work() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    code = fake.authorize(CALLBACK)
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    fake.faults.truncated_json()
    response = wire.post("token", grant, documented=False)
    assert response.content.startswith(b'{"token_type":"Bearer","expires_in":3600,"access_token":')
    assert_oauth_error(wire.redeem(code), 400, "invalid_grant")
    code = fake.authorize(CALLBACK)
    fake.faults.drip()
    assert wire.redeem(code).status_code == 200
    assert_oauth_error(wire.redeem(code), 400, "invalid_grant")


def test_failures_do_not_need_a_limit() -> None:
    fake = FakeOkta(rate_limit=None)
    wire = Wire(fake)
    fake.faults.rate_limited()
    response = wire.post("token", SERVICE)
    assert_okta_error(response, 429, "E0000047")
    assert int(response.headers["x-rate-limit-limit"]) > 0
    fake.faults.okta_error(500, "E0000009")
    response = wire.post("token", SERVICE)
    assert_okta_error(response, 500, "E0000009")
    assert "x-rate-limit-limit" not in response.headers


def test_failures_wait_for_their_endpoint_and_keep_their_order() -> None:
    fake = FakeOkta()
    wire = Wire(fake)
    fake.faults.html(502, endpoint="revoke")
    fake.faults.oauth_error(400, "first")
    fake.faults.oauth_error(400, "second", times=2)
    assert list(fake.faults.waiting) == ["html", "oauth_error", "oauth_error", "oauth_error"]
    assert members(wire.post("token", SERVICE))["error"] == "first"
    assert wire.post("revoke", {"token": "t"}, documented=False).status_code == 502
    assert members(wire.post("introspect", {"token": "t"}))["error"] == "second"
    assert list(fake.faults.waiting) == ["oauth_error"]
    fake.faults.clear()
    assert wire.post("token", SERVICE).status_code == 200
    with pytest.raises(ValueError, match="times"):
        fake.faults.html(times=0)


def test_dripping_in_memory_yields_single_bytes_on_both_faces() -> None:
    fake = FakeOkta()
    url = Wire(fake).url("introspect")
    headers = {"Authorization": basic(fake.client_id, fake.client_secret)}
    fake.faults.drip(times=2)
    with (
        httpx.Client(transport=fake.transport) as client,
        client.stream("POST", url, data={"token": "t"}, headers=headers) as r,
    ):
        pieces = list(r.iter_raw())
    assert b"".join(pieces) == b'{"active":false}'
    assert {len(piece) for piece in pieces} == {1}

    async def drip() -> list[bytes]:
        async with (
            httpx.AsyncClient(transport=fake.transport) as client,
            client.stream("POST", url, data={"token": "t"}, headers=headers) as response,
        ):
            return [piece async for piece in response.aiter_raw()]

    assert asyncio.run(drip()) == pieces
