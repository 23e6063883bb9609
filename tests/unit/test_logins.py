"""Logins that are approved elsewhere: how often they are asked about, and how they end."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx
import pytest
from okta_oidc import (
    ORG,
    APIError,
    ApprovalExpiredError,
    BackchannelLogin,
    ClientSecretPost,
    ConfigurationError,
    DeviceLogin,
    InvalidGrantError,
    MalformedResponseError,
    RateLimitError,
    ServerError,
    Tokens,
    TransportError,
    TransportTimeoutError,
)
from okta_oidc._ratelimit import RateLimits

from tests.support.faces import Face, Kind
from tests.support.samples import BASIC, CLIENT_ID, CLIENT_SECRET, ORG_URL, TOKENS

NOW: Final = 1_800_000_000.0
DEVICE_CODE: Final = "planted-device-code-77"
AUTH_REQ_ID: Final = "planted-auth-req-id-88"

DEVICE: Final[Mapping[str, Any]] = {
    "device_code": DEVICE_CODE,
    "user_code": "WDJBMJHT",
    "verification_uri": "https://dev-000000.okta.com/activate",
    "verification_uri_complete": "https://dev-000000.okta.com/activate?user_code=WDJBMJHT",
    "expires_in": 600,
    "interval": 5,
}
BACKCHANNEL: Final[Mapping[str, Any]] = {
    "auth_req_id": AUTH_REQ_ID,
    "expires_in": 300,
    "interval": 5,
}

Answer = httpx.Response | Exception


def oauth(code: str, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": code, "error_description": "so it is"})


def granted() -> httpx.Response:
    return httpx.Response(200, json=dict(TOKENS))


class Desk:
    """A client of either face, a server that answers polls in turn, and a clock that waits move."""

    def __init__(self, kind: Kind, auth: Any = BASIC) -> None:
        self.start: dict[str, Any] = {**DEVICE}
        self.polls: Final[list[Answer]] = []
        self.requests: Final[list[httpx.Request]] = []
        self.at = NOW
        self.polled_at: Final[list[float]] = []
        # Each poll takes a while of its own.
        self.takes = 0.0
        self.face: Final = Face(kind, ORG_URL, auth, handler=self.answer)
        runtime = self.face.runtime
        runtime.now = lambda: self.at
        runtime.monotonic = lambda: self.at - NOW
        runtime.limits = RateLimits(lambda: self.at)
        runtime.sleep = self.wait

        async def wait(seconds: float) -> None:
            self.wait(seconds)

        runtime.sleep_async = wait

    def wait(self, seconds: float) -> None:
        self.face.waits.append(seconds)
        self.at += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not request.url.path.endswith("/token"):
            return httpx.Response(200, json=self.start)
        self.polled_at.append(self.at - NOW)
        self.at += self.takes
        answer = self.polls.pop(0) if self.polls else oauth("authorization_pending")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def device(self, *args: Any, **options: Any) -> DeviceLogin:
        login: DeviceLogin = self.run("start_device_login", *args, **options)
        return login

    def push(self, **options: Any) -> BackchannelLogin:
        self.start = {**BACKCHANNEL}
        options = {"login_hint": "john.doe@example.com", **options}
        login: BackchannelLogin = self.run("start_backchannel_login", **options)
        return login

    def wait_for(self, login: Any) -> Tokens:
        tokens: Tokens = self.run("wait_for", login)
        return tokens

    def poll(self, login: Any) -> Tokens | None:
        tokens: Tokens | None = self.run("poll", login)
        return tokens

    def run(self, method: str, *args: Any, **options: Any) -> Any:
        return self.face.run(getattr(self.face.client, method), *args, **options)

    def form(self, index: int = -1) -> dict[str, str]:
        return dict(parse_qsl(self.requests[index].content.decode()))


@pytest.fixture
def desk(kind: Kind) -> Iterator[Desk]:
    with ExitStack() as stack:
        desk = Desk(kind)
        stack.enter_context(desk.face)
        yield desk


# How they begin


def test_a_device_login_says_what_the_user_needs(desk: Desk) -> None:
    login = desk.device("openid offline_access")

    assert login.user_code == "WDJBMJHT"
    assert login.verification_uri == DEVICE["verification_uri"]
    assert login.verification_uri_complete == DEVICE["verification_uri_complete"]
    assert login.expires_at == datetime.fromtimestamp(NOW + 600, UTC)
    assert login.interval == 5
    [request] = desk.requests
    assert request.url.path == "/oauth2/default/v1/device/authorize"
    assert desk.form() == {"scope": "openid offline_access"}
    assert request.headers["authorization"].startswith("Basic ")


def test_a_login_at_the_org_server_is_polled_there(desk: Desk) -> None:
    desk.polls.append(granted())
    desk.wait_for(desk.device(auth_server_id=ORG))
    assert [r.url.path for r in desk.requests] == [
        "/oauth2/v1/device/authorize",
        "/oauth2/v1/token",
    ]


def test_a_client_that_authenticates_in_the_form_does_so_once(kind: Kind) -> None:
    desk = Desk(kind, ClientSecretPost(CLIENT_ID, CLIENT_SECRET))
    with desk.face:
        desk.device()
        assert desk.form() == {
            "scope": "openid",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }


def test_a_backchannel_login_asks_one_user(desk: Desk) -> None:
    login = desk.push(binding_message="Pay 5 €", expires_in=120)

    assert login.expires_at == datetime.fromtimestamp(NOW + 300, UTC)
    assert desk.requests[0].url.path == "/oauth2/default/v1/bc/authorize"
    assert desk.form() == {
        "scope": "openid",
        "login_hint": "john.doe@example.com",
        "binding_message": "Pay 5 €",
        "request_expiry": "120",
    }
    desk.push(login_hint=None, id_token_hint="the.id.token")
    assert desk.form() == {"scope": "openid", "id_token_hint": "the.id.token"}


@pytest.mark.parametrize(
    "options",
    [
        {"login_hint": None},
        {"id_token_hint": "t"},
        {"login_hint": ""},
        {"expires_in": 0},
        {"expires_in": -1},
        {"expires_in": 1.5},
        {"expires_in": True},
        {"expires_in": "60"},
        {"scope": ""},
        {"login_hint": 5},
    ],
    ids=str,
)
def test_a_backchannel_login_that_cannot_be_right_is_not_sent(
    desk: Desk, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        desk.push(**options)
    assert desk.requests == []


@pytest.mark.parametrize("name", ["device_code", "user_code", "verification_uri", "expires_in"])
@pytest.mark.parametrize("value", [..., None, [], ""])
def test_a_login_without_what_it_needs_is_malformed(desk: Desk, name: str, value: object) -> None:
    desk.start[name] = value
    if value is ...:
        del desk.start[name]
    with pytest.raises(MalformedResponseError, match=name) as refused:
        desk.device()
    assert DEVICE_CODE not in str(refused.value)


def test_logins_show_no_code_and_go_through_any_session(desk: Desk) -> None:
    for login in (desk.device(), desk.device(auth_server_id=ORG), desk.push()):
        login.interval = 10
        assert DEVICE_CODE not in repr(login) + str(login)
        assert AUTH_REQ_ID not in repr(login) + str(login)
        assert pickle.loads(pickle.dumps(login)) == login
        data = json.loads(json.dumps(login.to_dict()))
        again = type(login).from_dict(data)
        assert again == login
        assert again.expires_at.tzinfo is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device_code", 5),
        ("device_code", ""),
        ("expires_at", "soon"),
        ("expires_at", "2027-01-15T08:00:00"),
        ("expires_at", 5),
        ("interval", -1),
        ("interval", "5"),
        ("interval", None),
        ("auth_server_id", "../x"),
        ("auth_server_id", 5),
        ("verification_uri_complete", 5),
        ("user_code", ...),
    ],
)
def test_data_of_another_form_are_no_login(desk: Desk, name: str, value: object) -> None:
    data = desk.device().to_dict()
    data[name] = value
    if value is ...:
        del data[name]
    with pytest.raises(ConfigurationError, match="to_dict"):
        DeviceLogin.from_dict(data)


@pytest.mark.parametrize("method", ["poll", "wait_for"])
def test_a_login_is_asked_about_at_its_own_server_or_at_the_one_that_is_named(
    desk: Desk, method: str
) -> None:
    for login in (desk.device(auth_server_id="aus1"), desk.push(auth_server_id="aus1")):
        for named, path in (
            ({}, "/oauth2/aus1/v1/token"),
            ({"auth_server_id": None}, "/oauth2/aus1/v1/token"),
            ({"auth_server_id": "aus2"}, "/oauth2/aus2/v1/token"),
            ({"auth_server_id": ORG}, "/oauth2/v1/token"),
        ):
            desk.polls.append(granted())
            assert desk.run(method, login, **named).access_token == TOKENS["access_token"]
            assert desk.requests[-1].url.path == path
        waits, sent = len(desk.face.waits), len(desk.requests)
        with pytest.raises(ConfigurationError, match="authorization server id"):
            desk.run(method, login, auth_server_id="../x")
        assert (len(desk.face.waits), len(desk.requests)) == (waits, sent)


# How often they are asked about


def test_the_first_question_waits_too(desk: Desk) -> None:
    login = desk.device()
    desk.polls[:] = [oauth("authorization_pending"), oauth("authorization_pending"), granted()]

    tokens = desk.wait_for(login)

    assert tokens.access_token == TOKENS["access_token"]
    assert desk.polled_at == [5, 10, 15]
    assert desk.form() == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": DEVICE_CODE,
    }


def test_a_backchannel_login_is_polled_by_its_id(desk: Desk) -> None:
    login = desk.push()
    desk.polls.append(granted())
    assert desk.wait_for(login).access_token
    assert desk.form() == {
        "grant_type": "urn:openid:params:grant-type:ciba",
        "auth_req_id": AUTH_REQ_ID,
    }


def test_slow_down_is_for_good(desk: Desk) -> None:
    login = desk.device()
    desk.polls[:] = [
        oauth("slow_down"),
        oauth("authorization_pending"),
        oauth("slow_down"),
        oauth("authorization_pending"),
        granted(),
    ]
    desk.wait_for(login)

    assert desk.face.waits == [5, 10, 10, 15, 15]
    assert login.interval == 15


def test_slow_down_is_for_good_across_processes(desk: Desk) -> None:
    login = desk.device()
    desk.polls[:] = [oauth("slow_down"), granted()]
    assert desk.poll(login) is None

    later = DeviceLogin.from_dict(login.to_dict())
    desk.wait_for(later)
    assert desk.face.waits == [10]


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        (5, 5),
        (2, 2),
        (0.5, 0.5),
        ("7", 7),
        (..., 5),
        (None, 5),
        (0, 5),
        ("0", 5),
        (-3, 5),
        ("soon", 5),
        ("", 5),
        (True, 5),
        ([], 5),
        ("9" * 5000, 5),
        (10**400, 5),
    ],
)
def test_an_interval_that_is_none_is_five_seconds(
    desk: Desk, interval: object, seconds: float
) -> None:
    desk.start["interval"] = interval
    if interval is ...:
        del desk.start["interval"]
    assert desk.device().interval == seconds


PASSING: Final[Mapping[str, Callable[[], Answer]]] = {
    "a time-out": lambda: httpx.ReadTimeout("late"),
    "a time-out while connecting": lambda: httpx.ConnectTimeout("late"),
    "a broken connection": lambda: httpx.ReadError("gone"),
    "429": lambda: httpx.Response(429, json={"errorCode": "E0000047"}),
    "502": lambda: httpx.Response(502, text="<html>"),
    "503": lambda: httpx.Response(503),
    "504": lambda: httpx.Response(504),
}


@pytest.mark.parametrize("name", list(PASSING))
def test_what_passes_is_waited_out(desk: Desk, name: str) -> None:
    login = desk.device()
    desk.polls[:] = [PASSING[name](), PASSING[name](), granted()]

    assert desk.wait_for(login).access_token
    assert desk.polled_at == [5, 10, 15]


def test_a_rate_limit_is_waited_out_to_its_end(desk: Desk) -> None:
    headers = {
        "x-rate-limit-limit": "100",
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(int(NOW) + 35),
        "date": "Fri, 15 Jan 2027 08:00:05 GMT",
    }
    login = desk.device()
    desk.polls[:] = [httpx.Response(429, headers=headers), granted()]

    assert desk.wait_for(login).access_token
    # Not at 35: the limit is known to be used up for a second longer, so nothing was sent then.
    assert desk.polled_at == [5, 40]


STAYING: Final[Mapping[str, tuple[Callable[[], Answer], type[Exception]]]] = {
    "access_denied": (lambda: oauth("access_denied"), APIError),
    "access_denied, 403": (lambda: oauth("access_denied", 403), APIError),
    "invalid_grant": (lambda: oauth("invalid_grant"), InvalidGrantError),
    "invalid_client": (lambda: oauth("invalid_client", 401), APIError),
    "server_error": (lambda: oauth("server_error", 500), ServerError),
    "nothing": (lambda: httpx.Response(400), APIError),
    "no tokens": (lambda: httpx.Response(200, json={}), MalformedResponseError),
    "nowhere": (lambda: httpx.ConnectError("no such host"), TransportError),
}


@pytest.mark.parametrize("name", list(STAYING))
def test_what_stays_ends_the_wait(desk: Desk, name: str) -> None:
    answer, kind = STAYING[name]
    login = desk.device()
    desk.polls[:] = [oauth("authorization_pending"), answer()]

    with pytest.raises(kind) as refused:
        desk.wait_for(login)
    assert not isinstance(refused.value, ApprovalExpiredError)
    assert DEVICE_CODE not in str(refused.value)
    assert desk.polled_at == [5, 10]


# How they end


def test_a_login_is_not_asked_about_past_its_end(desk: Desk) -> None:
    login = desk.device()
    with pytest.raises(ApprovalExpiredError):
        desk.wait_for(login)

    assert desk.polled_at[0] == 5
    assert 590 <= desk.polled_at[-1] < 600
    assert desk.at <= NOW + 600


def test_the_time_that_polls_take_counts(desk: Desk) -> None:
    login = desk.device()
    desk.takes = 9.0
    with pytest.raises(ApprovalExpiredError):
        desk.wait_for(login)
    assert max(desk.polled_at) < 600


def test_passing_failures_do_not_outlive_a_login(desk: Desk) -> None:
    login = desk.device()
    desk.polls[:] = [httpx.ReadTimeout("late") for _ in range(500)]
    with pytest.raises(ApprovalExpiredError):
        desk.wait_for(login)
    assert max(desk.polled_at) < 600


def test_okta_may_say_that_it_is_over(desk: Desk) -> None:
    login = desk.device()
    desk.polls[:] = [oauth("expired_token")]
    with pytest.raises(ApprovalExpiredError) as over:
        desk.wait_for(login)
    assert over.value.__cause__ is None
    assert pickle.loads(pickle.dumps(over.value)).args == over.value.args

    desk.polls[:] = [oauth("expired_token")]
    with pytest.raises(ApprovalExpiredError):
        desk.poll(login)


def test_one_question_is_one_request(desk: Desk) -> None:
    login = desk.device()
    assert desk.poll(login) is None
    desk.polls.append(granted())
    tokens = desk.poll(login)
    assert tokens is not None
    assert desk.face.waits == []

    asked: tuple[tuple[Answer, type[Exception]], ...] = (
        (httpx.ReadTimeout("late"), TransportTimeoutError),
        (httpx.Response(503), ServerError),
        (httpx.Response(429), RateLimitError),
    )
    for answer, kind in asked:
        before = len(desk.polled_at)
        desk.polls[:] = [answer, granted()]
        with pytest.raises(kind):
            desk.poll(login)
        assert len(desk.polled_at) == before + 1


def test_a_login_that_is_over_is_not_asked_about(desk: Desk) -> None:
    login = desk.device()
    desk.at = NOW + 600
    for method in ("poll", "wait_for"):
        with pytest.raises(ApprovalExpiredError):
            desk.run(method, login)
    assert desk.polled_at == []


@pytest.mark.parametrize("login", [None, {}, "code", DEVICE])
def test_what_is_no_login_is_refused(desk: Desk, login: object) -> None:
    for method in ("poll", "wait_for"):
        with pytest.raises(ConfigurationError):
            desk.run(method, login)
