"""Grants without a user at hand: the client's own, exchanges and assertions."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx
import pytest
from okta_oidc import (
    ORG,
    APIError,
    ConfigurationError,
    ExchangedToken,
    InvalidGrantError,
    MalformedResponseError,
    TokenType,
)

from tests.support.faces import Face, Kind

NOW: Final = 1_800_000_000.0
ID_TOKEN: Final = "planted.id.token"
SECRET: Final = "planted-exchanged-token-3"
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"


class Desk:
    """A client of either face, and what it sent."""

    def __init__(self, kind: Kind) -> None:
        self.requests: Final[list[httpx.Request]] = []
        self.answer: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": 3600,
            "access_token": SECRET,
            "scope": "orders:read orders:write",
        }
        self.status = 200
        self.face: Final = Face(kind, handler=self._answer)
        self.face.runtime.now = lambda: NOW

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self.status, json=self.answer)

    def run(self, method: str, *args: Any, **options: Any) -> Any:
        return self.face.run(getattr(self.face.client, method), *args, **options)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.requests[-1].content.decode()))


@pytest.fixture
def desk(kind: Kind) -> Iterator[Desk]:
    with ExitStack() as stack:
        desk = Desk(kind)
        stack.enter_context(desk.face)
        yield desk


def test_a_client_gets_a_token_of_its_own(desk: Desk) -> None:
    tokens = desk.run("token_for_client_credentials", "orders:read", resource="https://orders")

    assert tokens.access_token == SECRET
    assert desk.form == {
        "grant_type": "client_credentials",
        "scope": "orders:read",
        "resource": "https://orders",
    }
    desk.run("token_for_client_credentials", auth_server_id=ORG)
    assert desk.form == {"grant_type": "client_credentials"}
    assert desk.requests[-1].url.path == "/oauth2/v1/token"


def test_an_assertion_is_redeemed(desk: Desk) -> None:
    tokens = desk.run("token_for_assertion", "planted.id.jag")

    assert tokens.scopes == ("orders:read", "orders:write")
    assert desk.form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": "planted.id.jag",
    }
    desk.status, desk.answer = 400, {"error": "invalid_grant"}
    with pytest.raises(InvalidGrantError) as refused:
        desk.run("token_for_assertion", "planted.id.jag", scope="orders:read")
    assert "planted" not in str(refused.value)


# Okta's flavours: what is asked, and what is answered.
RECIPES: Final[Mapping[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "on behalf of": (
        {
            "subject_token_type": TokenType.ACCESS_TOKEN,
            "audience": "api://orders",
            "scope": "orders:read",
        },
        {
            "token_type": "Bearer",
            "expires_in": 3600,
            "access_token": SECRET,
            "scope": "orders:read",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        },
    ),
    "Native SSO": (
        {
            "subject_token_type": TokenType.ID_TOKEN,
            "actor_token": "planted-device-secret+/=",
            "actor_token_type": TokenType.DEVICE_SECRET,
            "audience": "api://default",
            "scope": "openid offline_access",
        },
        {
            "token_type": "Bearer",
            "expires_in": 3600,
            "access_token": SECRET,
            "scope": "offline_access openid",
            "refresh_token": "planted-refresh",
            "id_token": "planted.new.id",
        },
    ),
    "native to web": (
        {
            "subject_token_type": TokenType.ID_TOKEN,
            "actor_token": "planted-access",
            "actor_token_type": TokenType.ACCESS_TOKEN,
            "requested_token_type": TokenType.INTERCLIENT_TOKEN,
            "audience": "urn:okta:apps:0oa2",
        },
        {
            "token_type": "N_A",
            "expires_in": 300,
            "access_token": SECRET,
            "issued_token_type": "urn:okta:params:oauth:token-type:interclient_token",
        },
    ),
    "ID-JAG": (
        {
            "subject_token_type": TokenType.ID_TOKEN,
            "requested_token_type": TokenType.ID_JAG,
            "audience": "https://org.okta.com/oauth2/aus1",
            "scope": "orders:read",
        },
        {
            "token_type": "N_A",
            "expires_in": 300,
            "access_token": SECRET,
            "scope": "orders:read",
            "issued_token_type": "urn:ietf:params:oauth:token-type:id-jag",
        },
    ),
    "a third party's token": (
        {
            "subject_token_type": TokenType.ID_TOKEN,
            "requested_token_type": TokenType.OAUTH_STS,
            "resource": "orn:okta:idp:00o1:apps:github:0oa3",
        },
        {
            "token_type": "Bearer",
            "expires_in": 3600,
            "access_token": SECRET,
            "scope": "repo",
            "issued_token_type": "urn:okta:params:oauth:token-type:oauth-sts",
        },
    ),
}


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_token_is_exchanged(desk: Desk, name: str) -> None:
    asked, desk.answer = RECIPES[name]
    exchanged: ExchangedToken = desk.run("token_for_exchange", ID_TOKEN, **asked)

    assert desk.form == {"grant_type": EXCHANGE, "subject_token": ID_TOKEN, **asked}
    assert exchanged.token == SECRET
    assert exchanged.token_type == desk.answer["token_type"]
    assert exchanged.issued_token_type == desk.answer.get("issued_token_type")
    assert exchanged.scopes == tuple(desk.answer.get("scope", "").split())
    assert exchanged.refresh_token == desk.answer.get("refresh_token")
    assert exchanged.id_token == desk.answer.get("id_token")
    assert exchanged.expires_at == datetime.fromtimestamp(NOW + desk.answer["expires_in"], UTC)
    assert exchanged.raw == desk.answer
    assert exchanged.http.status == 200
    assert exchanged.model.access_token == SECRET


@pytest.mark.parametrize(
    ("kind_of", "member"),
    [
        (TokenType.VAULTED_SECRET, {"vaulted_secret": {"apiKey": "planted-secret"}}),
        (
            TokenType.SERVICE_ACCOUNT,
            {"service_account": {"username": "u", "password": "planted-secret"}},
        ),
    ],
)
def test_a_secret_comes_without_a_token(desk: Desk, kind_of: str, member: dict[str, Any]) -> None:
    desk.answer = {
        "token_type": "N_A",
        "expires_in": 300,
        "issued_token_type": kind_of,
        **member,
    }
    exchanged = desk.run(
        "token_for_exchange",
        ID_TOKEN,
        TokenType.ID_TOKEN,
        requested_token_type=kind_of,
        resource="orn:okta:pam:00o1:secrets:1",
        auth_server_id=ORG,
    )

    assert exchanged.token is None
    [(name, value)] = member.items()
    assert getattr(exchanged.model, name).to_dict() == value
    assert exchanged.raw[name] == value
    assert "planted" not in repr(exchanged) + repr(exchanged.raw)


def test_consent_that_is_missing_says_where_to_give_it(desk: Desk) -> None:
    desk.status = 400
    desk.answer = {
        "error": "interaction_required",
        "error_description": "consent first",
        "interaction_uri": "https://org.okta.com/consent/1",
    }
    with pytest.raises(APIError) as refused:
        desk.run("token_for_exchange", ID_TOKEN, TokenType.ID_TOKEN)
    assert refused.value.code == "interaction_required"
    assert refused.value.extra["interaction_uri"] == "https://org.okta.com/consent/1"


def test_an_exchange_is_sent_once(desk: Desk) -> None:
    desk.status, desk.answer = 503, {}
    with pytest.raises(APIError):
        desk.run("token_for_exchange", ID_TOKEN, TokenType.ID_TOKEN)
    assert len(desk.requests) == 1


@pytest.mark.parametrize(
    ("args", "options"),
    [
        (("", TokenType.ID_TOKEN), {}),
        ((None, TokenType.ID_TOKEN), {}),
        ((ID_TOKEN, ""), {}),
        ((ID_TOKEN, None), {}),
        ((ID_TOKEN, TokenType.ID_TOKEN), {"audience": 5}),
    ],
)
def test_an_exchange_that_cannot_be_right_is_not_sent(
    desk: Desk, args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        desk.run("token_for_exchange", *args, **options)
    with pytest.raises(ConfigurationError):
        desk.run("token_for_assertion", "")
    assert desk.requests == []


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": "x"}, {"token_type": 5}, {"token_type": "N_A", "scope": 5}]
)
def test_an_answer_of_another_form_is_malformed(desk: Desk, answer: dict[str, Any]) -> None:
    desk.answer = answer
    with pytest.raises(MalformedResponseError):
        desk.run("token_for_exchange", ID_TOKEN, TokenType.ID_TOKEN)


def test_an_exchanged_token_shows_nothing_and_survives_pickling(desk: Desk) -> None:
    desk.answer = {**RECIPES["Native SSO"][1]}
    exchanged = desk.run("token_for_exchange", ID_TOKEN, TokenType.ID_TOKEN)

    assert "planted" not in repr(exchanged)
    assert pickle.loads(pickle.dumps(exchanged)) == exchanged
    assert json.loads(json.dumps(exchanged.to_dict()))["token"] == SECRET
